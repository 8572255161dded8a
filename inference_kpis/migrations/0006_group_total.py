"""Running totals of each group: what the counters of the OpenMetrics endpoint say."""

from django.db import migrations

# numeric, as a total has no end at which it would still have to fit into 64 bits.
FORWARD = """
CREATE TABLE inference_kpis_group_total (
    group_id integer PRIMARY KEY,
    counted_since timestamptz NOT NULL,
    measures smallint[] NOT NULL,
    numbers numeric[] NOT NULL
);
"""


class Migration(migrations.Migration):
    dependencies = (("inference_kpis", "0005_tables_of_alerts"),)
    operations = (migrations.RunSQL(FORWARD, "DROP TABLE inference_kpis_group_total;"),)
