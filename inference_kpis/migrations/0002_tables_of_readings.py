"""The tables of readings. Plain SQL: partitioned, keyed by slot, written by COPY and never through the ORM."""

from django.db import migrations

PAYLOAD = """
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    group_id integer NOT NULL,
    measures smallint[] NOT NULL,
    numbers bigint[] NOT NULL
"""

# scope: 0 the fleet, 1 a group, 2 a node; scope_id is 0, the group's or the node's id; model_id is 0 but for nodes.
ROLLUP = f"""
    scope smallint NOT NULL,
    scope_id integer NOT NULL,
    model_id integer NOT NULL,
    bucket_at timestamptz NOT NULL,
    {PAYLOAD},
    PRIMARY KEY (scope, scope_id, bucket_at, model_id)
"""

FORWARD = f"""
CREATE TABLE inference_kpis_layout (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bounds double precision[] NOT NULL UNIQUE
);
CREATE TABLE inference_kpis_group (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id bigint NOT NULL,
    engine varchar(30) NOT NULL,
    model_id bigint NOT NULL,
    UNIQUE (site_id, engine, model_id)
);
CREATE TABLE inference_kpis_reading (
    node_id integer NOT NULL,
    model_id integer NOT NULL,
    {PAYLOAD},
    PRIMARY KEY (node_id, model_id, ended_at),
    CHECK (started_at < ended_at)
) PARTITION BY RANGE (ended_at);
CREATE TABLE inference_kpis_latest (
    node_id integer NOT NULL,
    model_id integer NOT NULL,
    {PAYLOAD},
    PRIMARY KEY (node_id, model_id)
);
CREATE TABLE inference_kpis_rollup_minute ({ROLLUP}) PARTITION BY RANGE (bucket_at);
CREATE INDEX inference_kpis_rollup_minute_group ON inference_kpis_rollup_minute (group_id, bucket_at) WHERE scope = 2;
CREATE INDEX inference_kpis_rollup_minute_groups ON inference_kpis_rollup_minute (bucket_at) WHERE scope = 1;
CREATE TABLE inference_kpis_rollup_hour ({ROLLUP});
CREATE INDEX inference_kpis_rollup_hour_groups ON inference_kpis_rollup_hour (bucket_at) WHERE scope = 1;
CREATE TABLE inference_kpis_rollup_day ({ROLLUP});
CREATE INDEX inference_kpis_rollup_day_groups ON inference_kpis_rollup_day (bucket_at) WHERE scope = 1;
CREATE TABLE inference_kpis_touched (
    minute_at timestamptz NOT NULL,
    node_id integer NOT NULL,
    model_id integer NOT NULL
);
CREATE TABLE inference_kpis_hour_due (
    hour_at timestamptz NOT NULL,
    scope smallint NOT NULL,
    scope_id integer NOT NULL,
    model_id integer NOT NULL,
    PRIMARY KEY (hour_at, scope, scope_id, model_id)
);
CREATE TABLE inference_kpis_day_due (
    day_on date NOT NULL,
    scope smallint NOT NULL,
    scope_id integer NOT NULL,
    model_id integer NOT NULL,
    PRIMARY KEY (day_on, scope, scope_id, model_id)
);
CREATE TABLE inference_kpis_ingest_count (
    name varchar(60) PRIMARY KEY,
    amount bigint NOT NULL
);
CREATE TABLE inference_kpis_rollup_version (
    id smallint PRIMARY KEY CHECK (id = 1),
    version bigint NOT NULL,
    rolled_at timestamptz
);
INSERT INTO inference_kpis_rollup_version VALUES (1, 0, NULL);
"""
BACKWARD = "".join(
    f"DROP TABLE inference_kpis_{name};"
    for name in [
        "rollup_version",
        "ingest_count",
        "day_due",
        "hour_due",
        "touched",
        "rollup_day",
        "rollup_hour",
        "rollup_minute",
        "latest",
        "reading",
        "group",
        "layout",
    ]
)


class Migration(migrations.Migration):
    dependencies = (("inference_kpis", "0001_initial"),)
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
