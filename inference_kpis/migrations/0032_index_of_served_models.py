"""Which nodes serve a model is asked by pages; the rows of `latest` move often, but never to another model."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = (("inference_kpis", "0031_figures_of_nodes"),)
    operations = (
        migrations.RunSQL(
            "CREATE INDEX inference_kpis_latest_model ON inference_kpis_latest (model_id);",
            "DROP INDEX inference_kpis_latest_model;",
        ),
    )
