"""Working out in the background what lists of nodes are sorted by: a handful of figures a node, by the thousand.

Rows of roll-ups are added up as they are stored and decoded once a node; what that costs stands in
docs/decisions/0010-figures-of-nodes-are-kept.md.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from inference_kpis.catalogue import Kpi
from inference_kpis.dashboards.node_rows import COLUMNS, RECENT
from inference_kpis.fleet.models import Node
from inference_kpis.readings import codec
from inference_kpis.readings.algebra import EMPTY, Reading
from inference_kpis.readings.queries import Window, exposed_by
from inference_kpis.readings.rollups import Scope
from inference_kpis.readings.statistics import kpi_quantity
from inference_kpis.readings.store import as_ms, layouts_by_id

NODES_AT_ONCE = 500
ONE_AT_A_TIME = 0x56494746

ROWS = """
SELECT scope_id, started_at, ended_at, measures, numbers FROM inference_kpis_rollup_minute
WHERE scope = %s AND bucket_at >= %s AND bucket_at < %s AND scope_id = ANY(%s)
"""
NAMES = [kpi.key for kpi in COLUMNS]
WRITE = f"""
INSERT INTO inference_kpis_nodefigures AS f (node_id, heard_at, {", ".join(NAMES)}, worked_out_at)
SELECT n.id, (SELECT max(ended_at) FROM inference_kpis_latest l WHERE l.node_id = n.id),
    {", ".join(f"n.{name}" for name in NAMES)}, %s
FROM unnest(%s::bigint[], {", ".join("%s::float8[]" for _ in NAMES)}) AS n (id, {", ".join(NAMES)})
ON CONFLICT (node_id) DO UPDATE SET heard_at = excluded.heard_at,
    {", ".join(f"{name} = excluded.{name}" for name in NAMES)}, worked_out_at = excluded.worked_out_at
"""


def work_out_figures(now: datetime) -> int:
    """Work out the figures of every node in service; how many those are. Returns 0 while another one is at it."""
    window = Window.ending(now, RECENT)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        if not cursor.fetchone()[0]:
            return 0
        nodes = list(Node.objects.in_service().order_by("pk").values_list("pk", "engine"))
        for first in range(0, len(nodes), NODES_AT_ONCE):
            some = nodes[first : first + NODES_AT_ONCE]
            readings = merged_readings([pk for pk, _ in some], window)
            values = [_values(COLUMNS, readings.get(pk, EMPTY), engine) for pk, engine in some]
            columns = [list(column) for column in zip(*values, strict=True)]
            cursor.execute(WRITE, [now, [pk for pk, _ in some], *columns])
    return len(nodes)


def merged_readings(node_ids: Sequence[int], window: Window) -> dict[int, Reading]:
    """What each of these nodes did in a window of minutes, all models together; one query and that for layouts."""
    known = layouts_by_id()
    rows: dict[int, list[codec.Row]] = defaultdict(list)
    spans: dict[int, tuple[datetime, datetime]] = {}
    with connection.cursor() as cursor:
        cursor.execute(ROWS, [int(Scope.NODE), window.start, window.end, list(node_ids)])
        for node_id, started_at, ended_at, measures, numbers in cursor.fetchall():
            rows[node_id].append((measures, numbers))
            first, last = spans.get(node_id, (started_at, ended_at))
            spans[node_id] = min(first, started_at), max(last, ended_at)
    return {
        node_id: Reading(
            as_ms(spans[node_id][0]), as_ms(spans[node_id][1]), codec.decode(*codec.merge_rows(of_node, known), known)
        )
        for node_id, of_node in rows.items()
    }


def _values(kpis: Sequence[Kpi], reading: Reading, engine: str) -> list[float | None]:
    exposed = exposed_by([engine])
    return [kpi_quantity(kpi, reading, exposed=exposed).value for kpi in kpis]
