"""The product's own metrics. Every figure is read from PostgreSQL, so it does not matter which process answers."""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import connection
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from inference_kpis.readings.storage import stored


class StoreCollector:
    def collect(self) -> Iterator[Metric]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(sum(up), 0), coalesce(sum(down), 0), coalesce(sum(silent), 0),"
                " coalesce(sum(waiting), 0), coalesce(sum(paused), 0) FROM inference_kpis_sitehealth"
            )
            states = cursor.fetchone()
            cursor.execute("SELECT version, rolled_at FROM inference_kpis_rollup_version")
            version, rolled_at = cursor.fetchone()
            cursor.execute("SELECT name, amount FROM inference_kpis_ingest_count ORDER BY name")
            counts = cursor.fetchall()
            cursor.execute(
                "SELECT coalesce(extract(epoch FROM now() - min(next_pull_at)), 0) FROM inference_kpis_pullstate p"
                " JOIN inference_kpis_node n ON n.id = p.node_id"
                " WHERE n.retired_at IS NULL AND n.source = 'pull' AND n.state <> 'paused'"
            )
            overdue_seconds = max(0.0, float(cursor.fetchone()[0]))
        nodes = GaugeMetricFamily("vigie_nodes", "Nodes in service by state.", labels=["state"])
        for name, number in zip(("up", "down", "silent", "waiting", "paused"), states, strict=True):
            nodes.add_metric([name], number)
        yield nodes
        yield CounterMetricFamily("vigie_rollups", "Roll-ups that changed something.", value=version)
        if rolled_at:
            age = (datetime.now(UTC) - rolled_at).total_seconds()
            yield GaugeMetricFamily("vigie_rollup_age_seconds", "Time since the last roll-up.", value=age)
        yield GaugeMetricFamily("vigie_pull_overdue_seconds", "How late the latest pull is.", value=overdue_seconds)
        refused = CounterMetricFamily("vigie_ingest_items", "Pushed readings by outcome.", labels=["outcome"])
        for name, amount in counts:
            refused.add_metric([name], amount)
        yield refused
        yield from _storage()


def _storage() -> Iterator[Metric]:
    size = GaugeMetricFamily("vigie_stored_bytes", "Size on disk by width, indexes included.", labels=["width"])
    rows = GaugeMetricFamily("vigie_stored_rows", "Rows by width, as PostgreSQL estimates them.", labels=["width"])
    oldest = GaugeMetricFamily("vigie_stored_oldest_timestamp_seconds", "Where a width begins.", labels=["width"])
    per_sample = GaugeMetricFamily(
        "vigie_stored_bytes_per_sample", "Bytes on disk for a scalar or the count of a bucket.", labels=["width"]
    )
    for each in stored():
        size.add_metric([each.width], each.bytes)
        if each.rows is not None:
            rows.add_metric([each.width], each.rows)
        if each.oldest_at is not None:
            oldest.add_metric([each.width], each.oldest_at.timestamp())
        if each.bytes_per_sample is not None:
            per_sample.add_metric([each.width], each.bytes_per_sample)
    yield from (size, rows, oldest, per_sample)


_registry = CollectorRegistry()
_registry.register(StoreCollector())


def exposition(accept: str) -> tuple[bytes, str]:
    """The metrics in the format that the asker prefers, and its content type."""
    encode, content_type = choose_encoder(accept)
    return encode(_registry), content_type
