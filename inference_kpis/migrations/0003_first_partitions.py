"""Partitions for the days around the installation; the schedule makes the next ones."""

from datetime import UTC, datetime

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from inference_kpis.readings import partitions


def make_first(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    partitions.make_ahead((partitions.READING, partitions.MINUTE), datetime.now(UTC).date())


class Migration(migrations.Migration):
    dependencies = (("inference_kpis", "0002_tables_of_readings"),)
    operations = (migrations.RunPython(make_first, migrations.RunPython.noop),)
