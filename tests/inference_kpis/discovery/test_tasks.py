"""The background work of discovery: each source that is due is handed out by itself, for as long as its lease holds."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from inference_kpis.discovery import tasks
from inference_kpis.discovery.refreshing import LEASE
from inference_kpis.fleet.models import Node
from tests.inference_kpis.discovery.registry import Registry, source_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, dict[str, Any]]]:
    """What was handed out, with its options."""
    handed: list[tuple[Any, dict[str, Any]]] = []
    monkeypatch.setattr(tasks.refresh_source, "apply_async", lambda args, **options: handed.append((args, options)))
    return handed


def test_it_works(sent: list[Any], registry: Registry) -> None:
    registry.lists_nodes(2)
    source = source_of(registry, next_refresh_at=NOW)
    with time_machine.travel(NOW, tick=False):
        tasks.refresh_due_sources()
    assert sent == [((source.pk, 1), {"expires": LEASE.total_seconds()})]
    tasks.refresh_source(source.pk, 1)
    assert Node.objects.count() == 2


def test_nothing_due_sends_nothing(sent: list[Any], registry: Registry) -> None:
    source_of(registry, name="not yet", next_refresh_at=datetime(2026, 11, 25, 11, tzinfo=UTC))
    source_of(registry, name="never")
    with time_machine.travel(NOW, tick=False):
        tasks.refresh_due_sources()
    assert sent == []


def test_a_source_that_is_gone_is_left_quietly(registry: Registry) -> None:
    tasks.refresh_source(0, 1)
    assert registry.asked == []
