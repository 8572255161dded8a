"""Hours lie in a table a month and days in one a year, so that they too are dropped when they age out and not deleted."""

from datetime import UTC, datetime

from django.apps.registry import Apps
from django.db import connection, migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from inference_kpis.readings import partitions


def split(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for of in (partitions.HOUR, partitions.DAY):
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {of.table} RENAME TO {of.table}_whole")
            cursor.execute(
                f"CREATE TABLE {of.table} (LIKE {of.table}_whole INCLUDING ALL) PARTITION BY RANGE (bucket_at)"
            )
            cursor.execute(f"SELECT DISTINCT (bucket_at AT TIME ZONE 'UTC')::date FROM {of.table}_whole ORDER BY 1")
            for (day,) in cursor.fetchall():
                partitions.make(of, day)
            cursor.execute(f"INSERT INTO {of.table} SELECT * FROM {of.table}_whole")
            cursor.execute(f"DROP TABLE {of.table}_whole")
    partitions.make_ahead((partitions.HOUR, partitions.DAY), datetime.now(UTC).date())


def join(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for of in (partitions.HOUR, partitions.DAY):
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {of.table} RENAME TO {of.table}_parts")
            cursor.execute(f"CREATE TABLE {of.table} (LIKE {of.table}_parts INCLUDING ALL)")
            cursor.execute(f"INSERT INTO {of.table} SELECT * FROM {of.table}_parts")
            cursor.execute(f"DROP TABLE {of.table}_parts")


class Migration(migrations.Migration):
    dependencies = (("inference_kpis", "0021_touched_readings_to_add"),)
    operations = (migrations.RunPython(split, join),)
