from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inference_kpis", "0012_mappings_of_series"),
    ]

    operations = [
        migrations.AddField(
            model_name="pullstate",
            name="fingerprints",
            field=models.JSONField(default=dict),
        ),
    ]
