"""What has to be rolled up names its reading: minutes grow by new readings instead of being made anew each time.

Rows from before name none; their minutes are made anew, which is what they asked for.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = (("inference_kpis", "0014_query_sources"),)
    operations = (
        migrations.RunSQL(
            "ALTER TABLE inference_kpis_touched ADD COLUMN ended_at timestamptz;",
            "ALTER TABLE inference_kpis_touched DROP COLUMN ended_at;",
        ),
    )
