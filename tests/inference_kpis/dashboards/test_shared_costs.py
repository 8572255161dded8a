"""What of the cost and energy of nodes belongs to each of their models: all of it is shared out, exactly."""

from datetime import UTC, datetime

import pytest

from inference_kpis.dashboards.shared_costs import with_shares
from inference_kpis.readings.algebra import Increase, Reading
from inference_kpis.readings.queries import Group, GroupReading

AT = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE_MS = 60_000


def reading(model: str, *, site: int = 1, engine: str = "vllm", **amounts: int) -> GroupReading:
    group = Group(hash((model, site, engine)), site, f"s{site}", f"S{site}", "edge", engine, model)
    measures = {key: Increase(amount, MINUTE_MS) for key, amount in amounts.items()}
    return GroupReading(group, AT, Reading(0, MINUTE_MS, measures))


def costs(*readings: GroupReading, key: str = "cost") -> dict[tuple[int, str], int | None]:
    """What each model at each site has of it."""
    found = {}
    for each in with_shares(readings):
        value = each.reading.measures.get(key)
        found[each.group.site_id, each.group.model] = value.amount if isinstance(value, Increase) else None
    return found


def test_it_works() -> None:
    own = reading("", cost=100, energy=10)
    models = reading("a", prompt_tokens=10, output_tokens=20), reading("b", output_tokens=10)
    assert costs(own, *models) == {(1, "a"): 75, (1, "b"): 25}
    assert costs(own, *models, key="energy") == {(1, "a"): 8, (1, "b"): 2}


def test_nothing_is_lost_by_rounding() -> None:
    models = [reading(name, output_tokens=1) for name in "abc"]
    assert sorted(costs(reading("", cost=100), *models).values()) == [33, 33, 34]


def test_without_tokens_requests_count() -> None:
    assert costs(reading("", cost=90), reading("a", requests=2), reading("b", requests=1)) == {
        (1, "a"): 60,
        (1, "b"): 30,
    }


@pytest.mark.parametrize(
    ("readings", "found"),
    [
        ([], {}),
        ([reading("", cost=5)], {}),
        ([reading("", cost=5), reading("a", requests=0)], {(1, "a"): None}),
        ([reading("", pulls=5), reading("a", requests=3)], {(1, "a"): None}),
        ([reading("", cost=5), reading("a", requests=3, cost=2)], {(1, "a"): 7}),
    ],
    ids=["nothing", "no model", "no work", "no cost", "some of its own"],
)
def test_edges(readings: list[GroupReading], found: dict[tuple[int, str], int | None]) -> None:
    assert costs(*readings) == found


def test_sites_and_engines_share_apart() -> None:
    readings = [
        *(reading("", cost=100), reading("a", output_tokens=1)),
        *(reading("", site=2, cost=40), reading("a", site=2, output_tokens=1), reading("b", site=2, output_tokens=1)),
        *(reading("", engine="tgi", cost=7),),
    ]
    assert costs(*readings) == {(1, "a"): 100, (2, "a"): 20, (2, "b"): 20}


def test_minutes_are_brought_together_first() -> None:
    """An idle minute costs as well, and somebody has to bear it."""
    busy, idle = reading("a", output_tokens=1), reading("a", output_tokens=0)
    assert costs(reading("", cost=10), reading("", cost=10), busy, idle) == {(1, "a"): 20}
