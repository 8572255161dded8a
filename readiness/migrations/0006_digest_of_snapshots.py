"""Snapshots carry the digest of their scores, and the database refuses to change those."""

import hashlib
import json
from typing import Any

from django.db import migrations, models

FORWARD = """
CREATE FUNCTION readiness_refuse_change_of_snapshot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The scores of a snapshot are never changed.' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER snapshot_is_never_updated
    BEFORE UPDATE OF scores, digest ON readiness_snapshot FOR EACH ROW EXECUTE FUNCTION readiness_refuse_change_of_snapshot();
"""
BACKWARD = """
DROP TRIGGER snapshot_is_never_updated ON readiness_snapshot;
DROP FUNCTION readiness_refuse_change_of_snapshot();
"""


def fill(apps: Any, schema_editor: Any) -> None:
    snapshots = apps.get_model("readiness", "Snapshot")
    for snapshot in snapshots.objects.iterator():
        text = json.dumps(snapshot.scores, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        snapshots.objects.filter(pk=snapshot.pk).update(digest=hashlib.sha256(text.encode()).hexdigest())


class Migration(migrations.Migration):
    dependencies = (("readiness", "0005_preference_of_answering"),)
    operations = (
        migrations.AddField("snapshot", "digest", models.CharField(default="", max_length=64), preserve_default=False),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(FORWARD, BACKWARD),
    )
