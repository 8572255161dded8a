"""The background work of query sources: each source by itself, then its nodes, for as long as the lease holds."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from inference_kpis.query_sources import tasks
from inference_kpis.query_sources.asking import LEASE
from inference_kpis.query_sources.models import QueriedNode
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.query_sources.servers import Prometheus, source_of

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC).replace(microsecond=0)


def test_it_works(prometheus: Prometheus, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[Any, dict[str, Any]]] = []
    for task in (tasks.ask_source, tasks.ask_nodes):
        monkeypatch.setattr(task, "apply_async", lambda args, **options: sent.append((args, options)))
    prometheus.scrapes("a:1", vllm(10), NOW, site="lyon")
    source = source_of(prometheus, next_ask_at=NOW)
    with time_machine.travel(NOW, tick=False):
        tasks.ask_due_sources()
        tasks.ask_source(*sent[0][0])
        tasks.ask_nodes(*sent[1][0])
    link = QueriedNode.objects.get()
    expiry = {"expires": LEASE.total_seconds()}
    assert sent == [((source.pk, 1), expiry), ((source.pk, 0, [link.node_id]), expiry)]
    assert link.heard_at == NOW


def test_what_is_gone_is_left_quietly(prometheus: Prometheus) -> None:
    tasks.ask_due_sources()
    tasks.ask_source(0, 1)
    tasks.ask_nodes(0, 0, [1])
    assert prometheus.asked == []
