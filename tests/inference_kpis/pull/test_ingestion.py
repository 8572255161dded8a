"""From bodies to readings: nothing lost, nothing counted twice, restarts and outages told as what they are."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from inference_kpis.catalogue import KPIS
from inference_kpis.engines import Plan
from inference_kpis.fleet.egress import declare_baseline
from inference_kpis.fleet.models import EgressBaseline, Node, ServedModel
from inference_kpis.pull import ingestion
from inference_kpis.pull.client import Fetched, Target
from inference_kpis.pull.ingestion import store_pulls
from inference_kpis.pull.models import PullState
from inference_kpis.pull.schedule import claim_due, schedule_node
from inference_kpis.readings import store
from inference_kpis.readings.algebra import Increase
from inference_kpis.readings.queries import Window, group_readings, kpi_of
from inference_kpis.readings.rollups import roll_up_touched
from inference_kpis.readings.store import as_ms
from tests.factories import NodeFactory, UserFactory, scheduled
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.pulls import START, at, fetched, pull

pytestmark = pytest.mark.django_db


@pytest.fixture
def node() -> Node:
    node = NodeFactory()
    scheduled(node, START)
    return node


def total(measure: str) -> int:
    """Σ of a measure over everything that was rolled up."""
    roll_up_touched(at(0))
    readings = group_readings(Window(START - timedelta(hours=1), at(3600), timedelta(minutes=1)))
    values = [each.reading.measures[measure] for each in readings if measure in each.reading.measures]
    return sum(value.amount for value in values if isinstance(value, Increase))


def test_it_works(node: Node) -> None:
    for step in range(5):
        assert pull({node: vllm(100 * step)}, 15 * step) == 1
    assert total("requests") == 400
    assert total("output_tokens") == 4000
    node.refresh_from_db()
    assert node.state == Node.State.UP


def test_the_first_pull_counts_no_request_but_is_available(node: Node) -> None:
    pull({node: vllm(5000)}, 0)
    assert total("requests") == 0
    assert total("pulls") == total("successful_pulls") == 1


def test_a_repeated_pull_changes_nothing(node: Node) -> None:
    pull({node: vllm(0)}, 0)
    same = fetched({node: vllm(70)}, 15)
    assert [store_pulls(same), store_pulls(same), store_pulls(same)] == [1, 0, 0]
    assert total("requests") == 70


def test_a_lease_that_went_to_somebody_else_stores_nothing(node: Node) -> None:
    pull({node: vllm(0)}, 0)
    slow = fetched({node: vllm(70)}, 15)
    PullState.objects.update(leased_until=None)
    pull({node: vllm(80)}, 30)
    assert store_pulls(slow) == 0
    assert total("requests") == 80


@pytest.mark.parametrize("started_at", [None, 1.0])
def test_a_restart_gives_no_negative_and_no_inflated_increase(node: Node, started_at: float | None) -> None:
    after = None if started_at is None else 1_000_000.0
    pull({node: vllm(1000, started_at=started_at)}, 0)
    pull({node: vllm(1100, started_at=started_at)}, 15)
    pull({node: vllm(30, started_at=after)}, 30)
    pull({node: vllm(50, started_at=after)}, 45)
    assert total("requests") == 150


def test_a_restart_that_overtook_its_old_counters_is_seen_by_its_start_time(node: Node) -> None:
    pull({node: vllm(100, started_at=1.0)}, 0)
    pull({node: vllm(130, started_at=1_000_000.0)}, 15)
    assert total("requests") == 130


def test_an_outage_makes_the_node_down_and_loses_no_request(node: Node) -> None:
    pull({node: vllm(100)}, 0)
    pull({node: "connection_failed"}, 15)
    node.refresh_from_db()
    assert (node.state, node.problem) == (Node.State.DOWN, "connection_failed")
    pull({node: vllm(160)}, 30)
    node.refresh_from_db()
    assert (node.state, node.problem) == (Node.State.UP, "")
    assert total("requests") == 60
    assert (total("pulls"), total("successful_pulls")) == (3, 2)


def test_one_broken_body_stops_no_other(node: Node) -> None:
    other = NodeFactory(site=node.site)
    scheduled(other, START)
    pull({node: vllm(0), other: vllm(0)}, 0)
    assert pull({node: b"<html>", other: vllm(9)}, 15) == 2
    assert total("requests") == 9
    node.refresh_from_db()
    assert node.problem == "not_an_exposition"


HOSTILE = {
    "absurd gauge": b'vllm:kv_cache_usage_perc{model_name="m"} 9e15\n',
    "absurd counter": b'vllm:generation_tokens_total{model_name="m"} 9e15\n',
    "absurd sum": vllm(9) + b'vllm:e2e_request_latency_seconds_sum{model_name="m"} 9e15\n',
    "long name": vllm(9, model="x" * 1000),
    "name with NUL": vllm(9, model="a\0b"),
    "many models": b"".join(vllm(9, model=f"m{number}") for number in range(100)),
    "many buckets": b"".join(
        b'vllm:queue_time_seconds_bucket{model_name="m",le="%d.1"} 9\n' % number for number in range(999)
    ).replace(b"queue_time", b"request_queue_time")
    + b'vllm:request_queue_time_seconds_bucket{model_name="m",le="+Inf"} 9\n',
    "form feed": b"\x0c\n" + vllm(9),
    "no text": b'vllm:num_requests_waiting{model_name="\xff"} 1\n',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_harms_only_its_own_node(node: Node, body: bytes) -> None:
    other = NodeFactory(site=node.site)
    scheduled(other, START)
    pull({node: vllm(0), other: vllm(0)}, 0)
    for seconds in (15, 30):
        assert pull({node: body, other: vllm(seconds)}, seconds) == 2
    assert roll_up_touched(at(45)) > 0
    requests = [each.measures["requests"] for each in store.latest_of([other.pk]) if "requests" in each.measures]
    assert requests == [Increase(15, 15_000)]


@pytest.mark.parametrize(
    "change", [{"state": Node.State.PAUSED}, {"retired_at": START}, {"source": Node.Source.PUSH}], ids=str
)
def test_a_node_that_left_during_its_pull_is_left_alone(node: Node, change: dict[str, object]) -> None:
    pull({node: vllm(0)}, 0)
    under_way = fetched({node: vllm(70)}, 15)
    Node.objects.update(**change)
    assert store_pulls(under_way) == 0
    assert Node.objects.filter(**change).exists()
    assert total("requests") == 0


def test_another_server_under_the_same_name_starts_anew(node: Node) -> None:
    pull({node: vllm(0)}, 0)
    schedule_node(node, at(5), is_another_server=True)
    pull({node: vllm(5000)}, 15)
    pull({node: vllm(5003)}, 30)
    assert total("requests") == 3


def test_a_clock_that_goes_backwards_costs_a_pull_and_no_request(node: Node) -> None:
    pull({node: vllm(0)}, 0)
    pull({node: vllm(40)}, 15)
    pull({node: vllm(50)}, 10)
    node.refresh_from_db()
    assert (node.state, node.problem) == (Node.State.DOWN, "out_of_order")
    pull({node: vllm(60)}, 30)
    assert total("requests") == 60


def test_a_lost_key_is_that_nodes_problem_alone(
    node: Node, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_node = NodeFactory()
    scheduled(open_node, START)
    node.credential_kind = Node.CredentialKind.BEARER
    node.set_credential("s3cret")
    node.save()
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    asked: list[Target] = []

    def fetch_all(targets: list[Target], _: object) -> list[Fetched]:
        asked.extend(targets)
        return [Fetched(target, as_ms(at(1)), 3, vllm(0), "text/plain") for target in targets]

    monkeypatch.setattr(ingestion, "fetch_all", fetch_all)
    assert ingestion.pull_claimed(claim_due(at(1)), at(1)) == 2
    assert [target.node_id for target in asked] == [open_node.pk]
    states = Node.objects.in_bulk()
    assert (states[node.pk].problem, states[open_node.pk].state) == ("key_lost", Node.State.UP)


def test_energy_and_cost_follow_from_what_was_declared(node: Node) -> None:
    Node.objects.update(power_watts=200, price_per_hour="3.6")
    node.refresh_from_db()
    pull({node: vllm(0)}, 0)
    pull({node: vllm(10)}, 10)
    # The first pull is an interval of 15 s, the second of 10 s.
    assert total("energy") == 25 * 200 * 1000
    assert total("cost") == 25 * 1000


def test_a_node_without_a_price_does_not_make_the_others_look_cheap(node: Node) -> None:
    Node.objects.update(price_per_hour="3.6")
    node.refresh_from_db()
    unpriced = NodeFactory(power_watts=200)
    scheduled(unpriced, START)
    pull({node: vllm(0), unpriced: vllm(0)}, 0)
    pull({node: vllm(100), unpriced: vllm(300)}, 15)
    roll_up_touched(at(0))
    readings = group_readings(Window(START - timedelta(hours=1), at(60), timedelta(minutes=1)))
    cost = kpi_of(KPIS["cost_per_1k_requests"], readings)
    assert (cost.value, cost.covered_share) == (pytest.approx(1000 * 30 * 0.001 / 100), 0.25)
    energy = kpi_of(KPIS["energy_per_request"], readings)
    assert (energy.value, energy.covered_share) == (pytest.approx(30 * 200 / 300), 0.75)


def test_egress_avoided_counts_from_its_declaration_on(node: Node) -> None:
    pull({node: vllm(0)}, 0)
    pull({node: vllm(10)}, 15)
    model = ServedModel.objects.exclude(name="").get()
    by = UserFactory()
    for bytes_per_request, seconds in ((2000, 30), (3000, 45), (None, 60)):
        baseline = EgressBaseline(model=model, bytes_per_request=bytes_per_request, measured_on=START, source="gateway")
        declare_baseline(baseline, by=by)
        pull({node: vllm(seconds)}, seconds)
    assert total("avoided_egress") == 20 * 2000 + 15 * 3000


def test_requests_count_as_served_where_the_node_stood(node: Node) -> None:
    central = NodeFactory(site__tier="central")
    scheduled(central, START)
    pull({node: vllm(0), central: vllm(0)}, 0)
    pull({node: vllm(30), central: vllm(10)}, 15)
    roll_up_touched(at(0))
    readings = group_readings(Window(START, at(60), timedelta(minutes=1)))
    assert kpi_of(KPIS["edge_served_share"], readings).value == pytest.approx(75)


def test_a_long_pause_starts_counting_anew(node: Node) -> None:
    pull({node: vllm(0)}, 0)
    pull({node: vllm(9000)}, 3700)
    assert total("requests") == 0


def test_a_batch_costs_the_same_number_of_queries_as_one_node(django_assert_max_num_queries: Any) -> None:
    nodes = [NodeFactory() for _ in range(20)]
    for each in nodes:
        scheduled(each, START)
    for step in range(2):
        pull({each: vllm(step) for each in nodes}, 15 * step)
    batch = fetched({each: vllm(2) for each in nodes}, 30)
    with django_assert_max_num_queries(25):
        store_pulls(batch)


def test_what_nobody_foresaw_costs_its_node_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = NodeFactory(), NodeFactory()
    for each in (good, bad):
        scheduled(each, START)
    real = Plan.observe

    def fails_on_odd(plan: Plan, values: Any) -> Any:
        if 666 in values:
            raise ZeroDivisionError
        return real(plan, values)

    monkeypatch.setattr(Plan, "observe", fails_on_odd)
    leases = {claim.node_id: claim.lease for claim in claim_due(at(0))}
    bodies = {good: vllm(5), bad: vllm(666)}
    targets = {node: Target(node.pk, leases[node.pk], node.url, 5) for node in bodies}
    answers = [Fetched(targets[node], as_ms(at(0)), 3, body, "text/plain") for node, body in bodies.items()]
    assert ingestion.store_fetched(answers, {node.pk: node for node in bodies}) == 2
    for node in bodies:
        node.refresh_from_db()
    assert (good.state, bad.state, bad.problem) == (Node.State.UP, Node.State.DOWN, "not_stored")


def stamped(body: bytes, seconds: float) -> bytes:
    """The body with this time on every sample."""
    return b"".join(line + b" %d\n" % as_ms(at(seconds)) for line in body.splitlines())


def test_a_sample_that_is_not_fresh_does_not_count(node: Node) -> None:
    pull({node: stamped(vllm(0), 0)}, 0)
    pull({node: stamped(vllm(40), 15)}, 15)
    pull({node: stamped(vllm(40), 15)}, 400)
    node.refresh_from_db()
    assert (total("requests"), node.state, node.problem) == (40, Node.State.DOWN, "stale_sample")
    pull({node: stamped(vllm(90), 415)}, 415)
    node.refresh_from_db()
    assert (total("requests"), node.state) == (90, Node.State.UP)


def test_a_stale_sample_among_fresh_ones_is_named(node: Node) -> None:
    pull({node: vllm(0)}, 0)
    pull({node: vllm(40) + stamped(b'vllm:num_requests_running{model_name="m"} 3\n', -600)}, 15)
    assert PullState.objects.get().problems == ["stale_sample"]
    assert total("requests") == 40


def test_counters_created_anew_count_in_full(node: Node) -> None:
    """A restart between two pulls, after which the counter passed what it had shown before."""
    created = b'vllm:request_success_created{model_name="m",finished_reason="stop"} %d\n'
    pull({node: vllm(100) + created % at(-50).timestamp()}, 0)
    pull({node: vllm(130) + created % at(10).timestamp()}, 15)
    assert total("requests") == 130
