import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inference_kpis", "0010_pullstate_history_of_problems"),
    ]

    operations = [
        migrations.CreateModel(
            name="PullTls",
            fields=[
                (
                    "node",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="pull_tls",
                        serialize=False,
                        to="inference_kpis.node",
                    ),
                ),
                ("authorities", models.TextField(blank=True)),
                ("client_sealed", models.BinaryField(null=True)),
                ("client_name", models.CharField(blank=True, max_length=200)),
                ("client_expires_at", models.DateTimeField(null=True)),
            ],
            options={"ordering": ("node",)},
        ),
    ]
