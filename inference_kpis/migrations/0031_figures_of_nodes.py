import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("inference_kpis", "0030_site_retired_at"),)
    operations = (
        migrations.CreateModel(
            name="NodeFigures",
            fields=[
                (
                    "node",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="figures",
                        serialize=False,
                        to="inference_kpis.node",
                    ),
                ),
                ("heard_at", models.DateTimeField(null=True)),
                ("request_rate", models.FloatField(null=True)),
                ("success_ratio", models.FloatField(null=True)),
                ("e2e_latency_p95", models.FloatField(null=True)),
                ("queue_depth", models.FloatField(null=True)),
                ("worked_out_at", models.DateTimeField()),
            ],
            options={"ordering": ("node",)},
        ),
    )
