"""Counting the fleet's health in the background, and noticing nodes that fell silent."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction

# A node is silent when nothing was heard for three of its intervals, and at least this long.
SILENT_AFTER_SECONDS = 30

HEARD = """
SELECT n.id, greatest(p.pulled_at, max(l.ended_at)) AS heard_at
FROM inference_kpis_node n
LEFT JOIN inference_kpis_pullstate p ON p.node_id = n.id
LEFT JOIN inference_kpis_latest l ON l.node_id = n.id
WHERE n.retired_at IS NULL AND n.state IN ('up', 'down')
GROUP BY n.id, p.pulled_at
"""

MARK_SILENT = f"""
UPDATE inference_kpis_node n SET state = 'silent', severity = 1, state_since = %(now)s, problem = ''
FROM ({HEARD}) heard
WHERE heard.id = n.id
AND heard.heard_at < %(now)s - greatest(3 * n.pull_interval_seconds, %(silent_after)s) * interval '1 second'
"""

COUNT = """
INSERT INTO inference_kpis_sitehealth (site_id, up, down, silent, waiting, paused, counted_at)
SELECT s.id, count(*) FILTER (WHERE n.state = 'up'), count(*) FILTER (WHERE n.state = 'down'),
    count(*) FILTER (WHERE n.state = 'silent'), count(*) FILTER (WHERE n.state = 'waiting'),
    count(*) FILTER (WHERE n.state = 'paused'), %(now)s
FROM inference_kpis_site s LEFT JOIN inference_kpis_node n ON n.site_id = s.id AND n.retired_at IS NULL
WHERE s.retired_at IS NULL AND (%(sites)s::bigint[] IS NULL OR s.id = ANY(%(sites)s))
GROUP BY s.id ORDER BY s.id
ON CONFLICT (site_id) DO UPDATE SET up = excluded.up, down = excluded.down, silent = excluded.silent,
    waiting = excluded.waiting, paused = excluded.paused, counted_at = excluded.counted_at
"""

# However a node came to a retired site, by form, file, discovery or its own return: the site is in service again.
BRING_BACK = """
UPDATE inference_kpis_site s SET retired_at = NULL WHERE s.id = ANY(%(sites)s) AND s.retired_at IS NOT NULL
AND EXISTS (SELECT FROM inference_kpis_node n WHERE n.site_id = s.id AND n.retired_at IS NULL)
"""


def count_health(now: datetime) -> None:
    """Mark silent nodes and count every site's nodes by state: three statements whatever the size of the fleet."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(MARK_SILENT, {"now": now, "silent_after": SILENT_AFTER_SECONDS})
        fell_silent = cursor.rowcount
        cursor.execute(COUNT, {"now": now, "sites": None})
        if fell_silent:
            # Live pages wait for a new version, and a node that fell silent brings no reading.
            cursor.execute("UPDATE inference_kpis_rollup_version SET version = version + 1")


def count_sites(site_ids: Collection[int], now: datetime) -> None:
    """Count these sites at once, in the transaction that changed the state of their nodes: pages never disagree."""
    with connection.cursor() as cursor:
        cursor.execute(BRING_BACK, {"sites": sorted(site_ids)})
        cursor.execute(COUNT, {"now": now, "sites": sorted(site_ids)})
