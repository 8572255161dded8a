import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inference_kpis", "0008_discovery_sources"),
    ]

    operations = [
        migrations.AddField(
            model_name="node",
            name="pull_body_mib",
            field=models.PositiveIntegerField(
                default=8,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="largest answer (MiB)",
            ),
        ),
        migrations.AddField(
            model_name="node",
            name="pull_samples",
            field=models.PositiveIntegerField(
                default=50_000,
                validators=[django.core.validators.MinValueValidator(100)],
                verbose_name="most samples",
            ),
        ),
    ]
