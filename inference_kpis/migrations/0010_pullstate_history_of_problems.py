from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inference_kpis", "0009_node_limits_of_its_pulls"),
    ]

    operations = [
        migrations.AddField(
            model_name="pullstate",
            name="succeeded_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="pullstate",
            name="history",
            field=models.JSONField(default=dict),
        ),
    ]
