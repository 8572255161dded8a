"""The product's own metrics, as a Prometheus of the company reads them."""

import pytest
import time_machine

from inference_kpis.fleet.health import count_health
from inference_kpis.fleet.models import Node
from inference_kpis.protocols.exposition import parse
from inference_kpis.protocols.negotiation import OPENMETRICS
from inference_kpis.readings import own_metrics, store
from inference_kpis.readings.rollups import roll_up_touched
from tests.factories import NodeFactory, scheduled
from tests.inference_kpis.pulls import START, at
from tests.inference_kpis.readings.storing import put, reading, rows

pytestmark = pytest.mark.django_db
NAMES = (
    *("vigie_nodes", "vigie_rollups_total", "vigie_rollup_age_seconds"),
    *("vigie_pull_overdue_seconds", "vigie_ingest_items_total"),
)
STATES = ("up", "down", "silent", "waiting", "paused")


def metrics(accept: str = "") -> dict[tuple[str, ...], float]:
    """Name and label values → value."""
    body, content_type = own_metrics.exposition(accept)
    samples = parse(body, frozenset(name.encode() for name in NAMES), content_type=content_type)
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


def test_it_works() -> None:
    for state in (Node.State.UP, Node.State.UP, Node.State.DOWN, Node.State.PAUSED):
        NodeFactory(state=state)
    put(NodeFactory(), reading(15))
    roll_up_touched(at(20))
    count_health(at(20))
    store.count("stored", 5)
    store.count("conflict", 2)
    with time_machine.travel(at(50), tick=False):
        found = metrics()
    assert {state: found["vigie_nodes", state] for state in STATES} == {
        "up": 2,
        "down": 1,
        "silent": 0,
        "waiting": 1,
        "paused": 1,
    }
    assert found["vigie_rollups_total",] == 1
    assert found["vigie_rollup_age_seconds",] == 30
    assert (found["vigie_ingest_items_total", "stored"], found["vigie_ingest_items_total", "conflict"]) == (5, 2)


def test_an_empty_installation_has_zeroes_and_no_age() -> None:
    found = metrics()
    assert {found["vigie_nodes", state] for state in STATES} == {0}
    assert (found["vigie_rollups_total",], found["vigie_pull_overdue_seconds",]) == (0, 0)
    assert ("vigie_rollup_age_seconds",) not in found


@pytest.mark.parametrize(
    ("values", "is_overdue"),
    [({}, True), ({"state": "paused"}, False), ({"retired_at": START}, False), ({"source": "push"}, False)],
)
def test_only_nodes_that_should_be_pulled_are_overdue(values: dict[str, object], is_overdue: bool) -> None:
    scheduled(NodeFactory(**values), START)
    (since,) = rows("SELECT extract(epoch FROM now() - %s)", START)
    assert metrics()["vigie_pull_overdue_seconds",] == (pytest.approx(float(since)) if is_overdue else 0)


def test_what_is_due_later_is_not_overdue() -> None:
    scheduled(NodeFactory(), at(10 * 86_400))
    assert metrics()["vigie_pull_overdue_seconds",] == 0


def test_either_format_says_the_same() -> None:
    assert own_metrics.exposition("")[1].startswith("text/plain")
    assert own_metrics.exposition(f"{OPENMETRICS};version=1.0.0")[1].startswith(OPENMETRICS)
    assert metrics(f"{OPENMETRICS};version=1.0.0") == metrics()
