"""Questions to the roll-ups: whatever widths answer them, the merged answer is that of the minutes."""

from datetime import UTC, datetime, timedelta
from itertools import product
from operator import attrgetter
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inference_kpis.catalogue import KPIS, Kpi
from inference_kpis.fleet.models import Node
from inference_kpis.readings import queries
from inference_kpis.readings.algebra import EMPTY, Distribution, Increase, Reading, merge_all
from inference_kpis.readings.cells import Scope
from inference_kpis.readings.derived import DERIVED
from inference_kpis.readings.queries import (
    DAY,
    Window,
    by_step,
    exposed_by,
    giving,
    group_readings,
    kpi_of,
    node_model_readings,
    node_readings,
    split,
)
from inference_kpis.readings.rollups import HOUR, local_day, roll_up_touched, start_of_day
from inference_kpis.readings.statistics import NO_DATA, NOT_EXPOSED, Quantity, kpi_quantity
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.pulls import START, at
from tests.inference_kpis.readings.storing import level, put, reading

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def node() -> Node:
    return NodeFactory(site__name="Lyon")


def requests(readings: Any) -> int:
    """Σ requests of what was found."""
    increases = [each.reading.measures["requests"] for each in readings]
    return sum(increase.amount for increase in increases)


# --- Windows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (timedelta(minutes=15), MINUTE),
        (timedelta(hours=1), MINUTE),
        (timedelta(hours=2), timedelta(minutes=2)),
        (timedelta(hours=6), timedelta(minutes=6)),
        (timedelta(hours=7), HOUR),
        (timedelta(days=1), HOUR),
        (timedelta(days=7), timedelta(hours=3)),
        (timedelta(days=90), timedelta(hours=36)),
    ],
)
def test_a_window_ends_with_the_current_minute(length: timedelta, step: timedelta) -> None:
    window = Window.ending(NOON, length)
    assert window == Window(NOON + timedelta(seconds=30) - length, NOON + timedelta(seconds=30), step)
    assert window.seconds == length.total_seconds()
    starts = window.step_starts()
    assert starts[0] <= window.start < starts[0] + step
    assert starts[-1] < window.end <= starts[-1] + step
    assert all(window.step_of(start) == start for start in starts)


def test_steps_are_aligned_whatever_the_window() -> None:
    window = Window(at(90), at(600), timedelta(minutes=5))
    assert window.step_starts() == [at(0), at(300)]
    assert window.step_of(at(299.9)) == at(0)
    assert window.step_of(at(300)) == at(300)


# --- Answers ---------------------------------------------------------------------------------------------------------


def test_it_works(node: Node) -> None:
    put(node, reading(15, requests=7), reading(75, requests=5), model="llama")
    roll_up_touched(at(80))
    first, second = sorted(group_readings(Window(START, at(120), MINUTE)), key=lambda each: each.bucket_at)
    assert (first.group.site_name, first.group.tier, first.group.engine, first.group.model) == (
        "Lyon",
        "edge",
        "vllm",
        "llama",
    )
    assert (first.bucket_at, first.reading.measures["requests"]) == (START, Increase(7, 15_000))
    assert second.bucket_at == at(60)


@pytest.mark.parametrize(
    ("start", "end", "count"), [(0, 60, 1), (60, 120, 10), (0, 120, 11), (0, 61, 11), (1, 120, 10), (120, 180, 0)]
)
def test_a_window_holds_the_minutes_that_start_in_it(node: Node, start: float, end: float, count: int) -> None:
    put(node, reading(60, requests=1), reading(120, requests=10))
    roll_up_touched(at(120))
    assert requests(group_readings(Window(at(start), at(end), MINUTE))) == count


def fill(node: Node, days: int = 4) -> datetime:
    """A reading every 40 minutes over some days of the past, rolled up; the end of it, in the middle of an hour."""
    end = start_of_day(local_day(START)) - timedelta(days=1) + timedelta(hours=9, minutes=25)
    count = days * 36
    ends = [(end - START - timedelta(minutes=40 * n)).total_seconds() for n in range(count)]
    put(node, *(reading(each, 20, requests=n + 1, queue_depth=level(n, each, 20)) for n, each in enumerate(ends)))
    roll_up_touched(end)
    return end


def minutes_of(start: datetime, end: datetime) -> Reading:
    """The merged minutes of [start, end), asked for in windows that are short enough to be read by the minute."""
    length = queries.BY_MINUTE_UP_TO
    starts = [start + n * length for n in range(-(-(end - start) // length))]
    windows = [Window(each, min(each + length, end), MINUTE) for each in starts]
    return merge_all(each.reading for window in windows for each in group_readings(window))


@pytest.mark.parametrize("step", [HOUR, timedelta(hours=3), DAY, 2 * DAY])
def test_the_coarsest_width_says_what_the_minutes_say(node: Node, step: timedelta) -> None:
    end = fill(node)
    start = start_of_day(local_day(end)) - timedelta(days=3)
    widths = [width for width, _, _ in queries._pieces(Window(start, end, step), Scope.GROUP)]
    assert widths == (["day", "hour", "minute"] if step >= DAY else ["hour", "minute"])
    whole = merge_all(each.reading for each in group_readings(Window(start, end, step)))
    assert whole == minutes_of(start, end) != EMPTY


def test_a_late_reading_is_in_the_answer_at_once(node: Node) -> None:
    end = fill(node)
    window = Window(end - timedelta(days=2), end, HOUR)
    before = requests(group_readings(window))
    put(node, reading((end - START - timedelta(hours=30)).total_seconds() - 300, 20, requests=1000))
    roll_up_touched(end)
    assert requests(group_readings(window)) == before + 1000


def test_a_long_window_starts_with_a_whole_hour(node: Node) -> None:
    put(node, reading(60, requests=1), reading(7000, requests=10))
    roll_up_touched(at(7200))
    assert requests(group_readings(Window(at(1800), at(1800) + 7 * HOUR, HOUR))) == 11
    assert requests(group_readings(Window(at(3600), at(3600) + 7 * HOUR, HOUR))) == 10


def test_sites_can_be_chosen(node: Node) -> None:
    other = NodeFactory(site=SiteFactory())
    put(node, reading(15, requests=1))
    put(other, reading(15, requests=10))
    roll_up_touched(at(20))
    window = Window(START, at(60), MINUTE)
    assert requests(group_readings(window, sites=[other.site_id])) == 10
    assert requests(group_readings(window)) == 11
    assert group_readings(window, sites=[]) == []


def test_the_readings_of_nodes_come_with_all_their_models_merged(node: Node) -> None:
    other = NodeFactory()
    put(node, reading(15, requests=1), reading(75, requests=2), model="a")
    put(node, reading(15, requests=10), model="b")
    put(other, reading(15, requests=100))
    roll_up_touched(at(80))
    found = node_readings([node.pk], Window(START, at(120), MINUTE))
    assert {id_: [(when, each.measures["requests"]) for when, each in pairs] for id_, pairs in found.items()} == {
        node.pk: [(START, Increase(11, 30_000)), (at(60), Increase(2, 15_000))]
    }


def test_the_readings_of_a_node_by_model(node: Node) -> None:
    put(node, reading(15, requests=1), reading(75, requests=2), model="b")
    put(node, reading(15, requests=10), model="a")
    put(node, reading(15, pulls=1), model="")
    roll_up_touched(at(80))
    found = node_model_readings(node.pk, Window(START, at(120), MINUTE))
    assert list(found) == ["", "a", "b"]
    assert [when for when, _ in found["b"]] == [START, at(60)]


def test_nothing_measured_is_nothing(node: Node) -> None:
    for window in (Window(START, at(60), MINUTE), Window(START - 30 * DAY, START, DAY)):
        assert group_readings(window) == []
        assert node_readings([node.pk], window) == {}
        assert node_model_readings(node.pk, window) == {}
        assert kpi_of(KPIS["request_rate"], group_readings(window)) == NO_DATA


# --- Groups merged ---------------------------------------------------------------------------------------------------


def fill_groups() -> datetime:
    """Six groups of three engines over four days, whose rows differ in measures and layouts, one's also over time."""
    sites = [SiteFactory(name=name) for name in ("Lyon", "Paris")]
    end = start_of_day(local_day(START)) - timedelta(days=1) + timedelta(hours=9, minutes=25)
    for number in range(6):
        node = NodeFactory(site=sites[number % 2], engine=("vllm", "triton", "sglang")[number % 3])
        found = []
        for n in range(20):
            second = (end - START - timedelta(minutes=n**3 % 5500 + number)).total_seconds()
            layout = ((0.5, 1.0), (0.25, 2.0), (0.25,))[(number + (n > 8 and number == 5)) % 3]
            latency = Distribution({layout: tuple(range(n, n + len(layout) + 1))}, n * 10**6, 20_000)
            measures = {"requests": n + 1, "queue_depth": level(n % 7, second, 20), "e2e_latency": latency}
            if number % 3 == 1:
                del measures["e2e_latency"]
            found.append(reading(second, 20, **measures))
        put(node, *found, model=f"m{number // 3}")
    roll_up_touched(end)
    return end


ASKED = [KPIS[key] for key in ("request_rate", "e2e_latency_p95", "queue_depth")]


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (HOUR, MINUTE),
        (timedelta(hours=5), timedelta(minutes=5)),
        (DAY, HOUR),
        (3 * DAY, timedelta(hours=3)),
        (4 * DAY, DAY),
        (4 * DAY, 2 * DAY),
    ],
)
def test_groups_merged_in_sql_say_what_they_say_one_by_one(length: timedelta, step: timedelta) -> None:
    end = fill_groups()
    window = Window(end - length, end, step)
    single = group_readings(window)
    for name in ("site_key", "engine", "model", "id"):
        together = group_readings(window, kpis=ASKED, by=attrgetter(name))
        for kpi, key in product(ASKED, {getattr(each.group, name) for each in single}):
            one, other = ([each for each in found if getattr(each.group, name) == key] for found in (single, together))
            assert kpi_of(kpi, one) == kpi_of(kpi, other)
            assert in_steps(kpi, one, window) == in_steps(kpi, other, window)


def in_steps(kpi: Kpi, readings: list[queries.GroupReading], window: Window) -> dict[datetime, Quantity]:
    """The KPI of each step that holds something."""
    pairs = [(each.bucket_at, each.reading) for each in giving(kpi, readings)]
    return {start: kpi_quantity(kpi, merged) for start, merged in by_step(pairs, window).items()}


def test_sums_of_groups_may_be_larger_than_64_bits(node: Node) -> None:
    put(node, reading(15, requests=1))
    put(NodeFactory(site=node.site), reading(15, requests=1), model="n")
    roll_up_touched(at(20))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inference_kpis_rollup_minute SET numbers[1] = 9223372036854775807 WHERE scope = 1")
    window = Window(START, at(60), MINUTE)
    (only,) = group_readings(window, kpis=[KPIS["request_rate"]], by=lambda group: group.site_id)
    assert only.reading.measures == {"requests": Increase(2 * 9223372036854775807, 30_000)}


def test_merged_groups_cost_as_many_queries_as_one(node: Node) -> None:
    window = Window(at(3600) - 2 * DAY, at(3600), HOUR)

    def cost() -> int:
        roll_up_touched(at(60))
        with CaptureQueriesContext(connection) as captured:
            assert group_readings(window, kpis=ASKED, by=lambda group: group.site_id)
        return len(captured)

    put(node, reading(15, requests=1))
    one = cost()
    for number in range(19):
        put(NodeFactory(), reading(15, requests=1), model=f"m{number}")
    assert cost() == one == 5


# --- KPIs ------------------------------------------------------------------------------------------------------------


def test_a_kpi_that_no_engine_in_scope_gives_is_not_exposed(node: Node) -> None:
    put(NodeFactory(engine="triton"), reading(15, requests=4))
    roll_up_touched(at(20))
    readings = group_readings(Window(START, at(60), MINUTE))
    assert kpi_of(KPIS["e2e_latency_p95"], readings) == NOT_EXPOSED
    assert kpi_of(KPIS["queue_depth"], readings) == NO_DATA
    assert kpi_of(KPIS["e2e_latency_p95"], []) == NO_DATA


def test_requests_of_an_engine_that_cannot_fail_visibly_dilute_no_ratio(node: Node) -> None:
    """The mean latency comes from Triton alone: vLLM counts requests and not their time."""
    put(node, reading(15, requests=900))
    put(NodeFactory(engine="triton"), reading(15, requests=10, request_time=2_000_000))
    roll_up_touched(at(20))
    readings = group_readings(Window(START, at(60), MINUTE))
    assert kpi_of(KPIS["mean_latency"], readings).value == pytest.approx(200)


@pytest.mark.parametrize(
    ("engines", "measures", "is_exposed"),
    [
        (["vllm"], {"e2e_latency"}, True),
        (["triton"], {"e2e_latency"}, False),
        (["triton", "vllm"], {"e2e_latency", "request_time"}, True),
        (["gone"], {"requests"}, False),
        ([], {"pulls", "successful_pulls", "energy", "cost"} | DERIVED, True),
    ],
)
def test_what_engines_expose(engines: list[str], measures: set[str], is_exposed: bool) -> None:
    assert (measures <= exposed_by(engines)) is is_exposed


def test_readings_fall_into_steps_and_series(node: Node) -> None:
    put(node, reading(15, requests=1), reading(75, requests=2), reading(315, requests=4), model="a")
    put(node, reading(15, requests=8), model="b")
    roll_up_touched(at(320))
    window = Window(START, at(600), timedelta(minutes=5))
    by_model = split(group_readings(window), lambda group: group.model)
    amounts = {
        model: {when: step.measures["requests"].amount for when, step in by_step(pairs, window).items()}  # type: ignore[union-attr]
        for model, pairs in by_model.items()
    }
    assert amounts == {"a": {START: 3, at(300): 4}, "b": {START: 8}}


# --- Cost ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [HOUR, 2 * DAY, 30 * DAY])
def test_twenty_nodes_cost_as_many_queries_as_one(node: Node, length: timedelta) -> None:
    nodes = [node, *(NodeFactory(site=node.site) for _ in range(19))]
    window = Window(at(3600) - length, at(3600), DAY if length > 7 * DAY else HOUR)

    def cost(*of: Node) -> list[int]:
        for each in of:
            put(each, reading(15, requests=1))
        roll_up_touched(at(60))
        counts = []
        for ask in (lambda: group_readings(window), lambda: node_readings([each.pk for each in of], window)):
            with CaptureQueriesContext(connection) as captured:
                assert ask()
            counts.append(len(captured))
        return counts

    one = cost(node)
    assert cost(*nodes[1:]) == one
    assert max(one) <= 6


def test_groups_and_not_nodes_are_read_for_the_fleet(node: Node) -> None:
    for each in [node, *(NodeFactory(site=node.site) for _ in range(19))]:
        put(each, reading(15, requests=1))
    roll_up_touched(at(60))
    (only,) = group_readings(Window(START, at(60), MINUTE))
    assert only.reading.measures["requests"] == Increase(20, 20 * 15_000)
