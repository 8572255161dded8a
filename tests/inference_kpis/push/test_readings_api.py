"""`POST /api/v1/readings`: what is acknowledged is stored, once; odd readings are refused one by one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from django.db import OperationalError
from django.test import Client

from inference_kpis.fleet.egress import declare_baseline
from inference_kpis.fleet.models import EgressBaseline, Node, ServedModel, Site
from inference_kpis.readings import store
from inference_kpis.readings.algebra import Distribution, Increase
from inference_kpis.readings.queries import Window, group_readings
from inference_kpis.readings.rollups import roll_up_touched
from tests.factories import NodeFactory, SiteFactory, UserFactory, machine_key

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC).replace(microsecond=0)
Post = Callable[..., Any]


@pytest.fixture
def site() -> Site:
    return SiteFactory()


@pytest.fixture
def node(site: Site) -> Node:
    return NodeFactory(site=site, name="lyon-03", source="push", url="")


@pytest.fixture
def post(site: Site, client: Client) -> Post:
    _, text = machine_key(site)

    def send(body: object, *, key: str = text, **headers: str) -> Any:
        headers = {"Authorization": f"Bearer {key}", **headers}
        return client.post("/api/v1/readings", body, content_type="application/json", headers=headers)

    return send


def reading(ago: float = 15, length: float = 15, **values: Any) -> dict[str, Any]:
    end = NOW - timedelta(seconds=ago)
    return {
        "node": "lyon-03",
        "model": "llama",
        "start": (end - timedelta(seconds=length)).isoformat(),
        "end": end.isoformat(),
        "increases": {"requests": 120, "failed_requests": 1},
        **values,
    }


def batch(*readings: object) -> dict[str, object]:
    return {"readings": list(readings)}


def test_it_works(post: Post, node: Node) -> None:
    full = reading(
        levels={"queue_depth": 3},
        distributions={"e2e_latency": {"bounds": [0.1, 0.5], "counts": [80, 39, 1], "sum": 14.2}},
    )
    answer = post(batch(full))
    assert (answer.status_code, answer.json()) == (200, {"stored": 1, "repeated": 0, "refused": []})
    measures = store.latest_of([node.pk])[0].measures
    assert measures["requests"] == Increase(120, 15_000)
    assert measures["edge_requests"] == Increase(120, 15_000)
    assert measures["e2e_latency"] == Distribution({(0.1, 0.5): (80, 39, 1)}, 14_200_000, 15_000)
    node.refresh_from_db()
    assert node.state == Node.State.UP
    assert roll_up_touched(NOW) >= 1


def test_the_same_batch_again_is_a_repeat(post: Post, node: Node) -> None:
    sent = batch(reading(15), reading(30))
    assert post(sent).json()["stored"] == 2
    assert post(sent).json() == {"stored": 0, "repeated": 2, "refused": []}


def test_a_slot_twice_in_one_batch_counts_once(post: Post, node: Node) -> None:
    assert post(batch(reading(), reading())).json() == {"stored": 1, "repeated": 1, "refused": []}


def test_a_second_delivery_fills_what_was_missing(post: Post, node: Node) -> None:
    post(batch(reading()))
    assert post(batch(reading(increases={"output_tokens": 900}))).json()["stored"] == 1
    assert {"requests", "output_tokens"} <= store.latest_of([node.pk])[0].measures.keys()


def test_a_repeat_is_one_whatever_was_declared_meanwhile(post: Post, node: Node) -> None:
    sent = batch(reading(15))
    post(sent)
    Site.objects.update(tier="central")
    baseline = EgressBaseline(model=ServedModel.objects.get(name="llama"), bytes_per_request=9, source="gateway")
    baseline.measured_on = NOW
    declare_baseline(baseline, by=UserFactory())
    assert post(sent).json() == {"stored": 0, "repeated": 1, "refused": []}
    post(batch(reading(15, increases={"output_tokens": 70})))
    measures = store.latest_of([node.pk])[0].measures
    assert measures["edge_requests"] == Increase(120, 15_000)
    assert measures["uncosted_output_tokens"] == Increase(70, 15_000)
    assert "avoided_egress" not in measures or measures["avoided_egress"] == Increase(0, 15_000)


def test_cost_and_energy_are_known_where_the_batch_tells_them(post: Post, node: Node) -> None:
    told = reading(15, model="", increases={"cost": 0.01})
    post(batch(reading(15), reading(30), told))
    by_model = {latest.model_id: latest.measures for latest in store.latest_of([node.pk])}
    served = next(measures for measures in by_model.values() if "requests" in measures)
    assert "uncosted_requests" not in served
    assert served["unmetered_requests"] == Increase(120, 15_000)
    roll_up_touched(NOW)
    window = Window(NOW - timedelta(minutes=2), NOW + timedelta(minutes=1), timedelta(minutes=1))
    amounts = [each.reading.measures.get("uncosted_requests") for each in group_readings(window)]
    assert sum(each.amount for each in amounts if isinstance(each, Increase)) == 120


def test_another_value_for_the_same_slot_is_a_conflict(post: Post, node: Node) -> None:
    post(batch(reading()))
    answer = post(batch(reading(increases={"requests": 999}))).json()
    assert [refused["code"] for refused in answer["refused"]] == ["conflict"]
    assert store.latest_of([node.pk])[0].measures["requests"] == Increase(120, 15_000)


def test_what_probes_measure_is_taken_from_nobody_else(post: Post, node: Node) -> None:
    answer = post(batch(reading(increases={"probes": 3}))).json()
    assert [refused["code"] for refused in answer["refused"]] == ["unknown_measure"]


ODD = {
    "unknown_node": {"node": "nobody"},
    "unknown_measure": {"increases": {"wishes": 3}},
    "invalid_time": {"end": "yesterday"},
    "too_long": {"start": (NOW - timedelta(hours=3)).isoformat()},
    "in_future": {
        "start": (NOW + timedelta(days=1)).isoformat(),
        "end": (NOW + timedelta(days=1, minutes=1)).isoformat(),
    },
    "too_old": {
        "start": (NOW - timedelta(days=40)).isoformat(),
        "end": (NOW - timedelta(days=40, seconds=-9)).isoformat(),
    },
    "invalid": {"surprise": 1},
}
BAD_VALUES: list[dict[str, Any]] = [
    {"increases": {"requests": -1}},
    {"increases": {"requests": True}},
    {"increases": {"requests": "7"}},
    {"increases": {"requests": 1e300}},
    {"levels": {"queue_depth": None}},
    {"distributions": {"e2e_latency": {"bounds": [0.5, 0.1], "counts": [1, 2, 3], "sum": 1}}},
    {"distributions": {"e2e_latency": {"bounds": [0.1], "counts": [1], "sum": 1}}},
    {"distributions": {"e2e_latency": {"bounds": [0.1], "counts": [1, -2], "sum": 1}}},
    {"distributions": {"e2e_latency": {"bounds": [0.1], "counts": [1.5, 2], "sum": 1}}},
    {"distributions": {"e2e_latency": {"bounds": [], "counts": [1], "sum": 1}}},
    {"distributions": {"e2e_latency": [1, 2]}},
    {"distributions": {"e2e_latency": {"bounds": list(range(1, 202)), "counts": [0] * 202, "sum": 1}}},
    {"distributions": {"e2e_latency": {"bounds": [0.1], "counts": [1, 2**60], "sum": 1}}},
    {"distributions": {"e2e_latency": {"bounds": [0.1], "counts": [1, 2], "sum": 1e12}}},
    {"levels": {"queue_depth": 1e9}},
    {"levels": {"kv_cache_usage": 1e12}},
    {"increases": {"request_time": 1e12}},
]


@pytest.mark.parametrize("code", ODD)
def test_an_odd_reading_is_refused_and_takes_nothing_with_it(post: Post, node: Node, code: str) -> None:
    answer = post(batch(reading(30), reading(**ODD[code]), reading(60))).json()
    assert answer["stored"] == 2
    assert [(refused["index"], refused["code"]) for refused in answer["refused"]] == [(1, code)]
    assert answer["refused"][0]["message"]


@pytest.mark.parametrize("values", BAD_VALUES)
def test_a_value_that_makes_no_sense_is_refused(post: Post, node: Node, values: dict[str, Any]) -> None:
    answer = post(batch({**reading(), "increases": {}, **values})).json()
    assert (answer["stored"], answer["refused"][0]["code"]) == (0, "invalid_measure")


@pytest.mark.parametrize("odd", [None, 3, "text", [], {}, {"node": 5}, {"node": "lyon-03\x00"}])
def test_what_is_no_reading_is_refused(post: Post, node: Node, odd: object) -> None:
    assert post(batch(odd)).json()["refused"][0]["code"] == "invalid"


def test_a_node_that_is_pulled_cannot_be_pushed(post: Post, node: Node) -> None:
    Node.objects.update(source="pull", url="http://10.0.0.1/metrics")
    assert post(batch(reading())).json()["refused"][0]["code"] == "pulled_node"


def test_a_key_writes_only_for_its_sites(post: Post, node: Node) -> None:
    _, other = machine_key(SiteFactory())
    assert post(batch(reading()), key=other).json()["refused"][0]["code"] == "unknown_node"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed"),
        (b'{"readings": NaN}', 400, "malformed"),
        (b'{"readings": ["\\ud800"]}', 400, "malformed"),
        (b"[" * 100_000, 400, "malformed"),
        (b"\xff\xfe", 400, "malformed"),
        (b"", 400, "invalid"),
        (b"[]", 400, "invalid"),
        (b'{"readings": 3}', 400, "invalid"),
        (b'{"readings": [' + b"0," * 5000 + b"0]}", 413, "too_large"),
        (b" " * (8 * 1024 * 1024 + 1), 413, "too_large"),
    ],
)
def test_a_body_that_is_no_batch_has_one_clear_error(
    post: Post, node: Node, body: bytes, status: int, code: str
) -> None:
    answer = post(body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json().keys() == {"code", "message", "fields"}


def test_without_a_usable_key_nothing_is_taken(post: Post, node: Node, site: Site) -> None:
    key, revoked = machine_key(site, name="revoked")
    key.revoked_at = NOW
    key.save()
    _, expired = machine_key(site, name="expired", expires_at=NOW - timedelta(days=1))
    _, reader = machine_key(site, name="reader", scopes=["kpis:read"])
    for text, status in ((revoked, 401), (expired, 401), ("vig_nope_nope", 401), ("", 401), (reader, 403)):
        answer = post(batch(reading()), key=text)
        assert (answer.status_code, answer.json().keys()) == (status, {"code", "message", "fields"})
    assert store.latest_of([node.pk]) == []


def test_other_content_and_other_methods_are_refused(client: Client, site: Site) -> None:
    headers = {"Authorization": f"Bearer {machine_key(site)[1]}"}
    assert client.post("/api/v1/readings", b"a=1", content_type="text/csv", headers=headers).status_code == 415
    assert client.get("/api/v1/readings", headers=headers).json()["code"] == "method_not_allowed"


def test_a_store_that_is_away_asks_to_come_back(post: Post, node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("no space left on device")

    monkeypatch.setattr(store, "store_slots", away)
    answer = post(batch(reading()))
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert int(answer["Retry-After"]) > 0


def test_messages_follow_the_language_and_codes_do_not(post: Post, node: Node) -> None:
    english, french = (
        post(batch(reading(node="nobody")), **{"Accept-Language": language}).json()["refused"][0]
        for language in ("en", "fr")
    )
    assert english["code"] == french["code"]


def test_a_batch_costs_the_same_number_of_queries_as_one_reading(
    post: Post, node: Node, django_assert_max_num_queries: Any
) -> None:
    post(batch(reading(900)))
    with django_assert_max_num_queries(30):
        assert post(batch(*(reading(20 * step) for step in range(1, 41)))).json()["stored"] == 40


def test_readings_may_come_one_a_line(client: Client, site: Site, node: Node) -> None:
    headers = {"Authorization": f"Bearer {machine_key(site)[1]}"}
    lines = b"\n".join([orjson.dumps(reading(15)), b"", b"{broken", orjson.dumps(reading(30)), b""])
    answer = client.post("/api/v1/readings", lines, content_type="application/x-ndjson", headers=headers).json()
    assert (answer["stored"], [(refused["index"], refused["code"]) for refused in answer["refused"]]) == (
        2,
        [(1, "invalid")],
    )
    again = client.post("/api/v1/readings", lines, content_type="application/x-ndjson", headers=headers).json()
    assert (again["stored"], again["repeated"]) == (0, 2)


@pytest.mark.parametrize("body", [b"0\n" * 5001, b" " * (8 * 1024 * 1024 + 1)])
def test_lines_are_bounded_as_well(client: Client, site: Site, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {machine_key(site)[1]}"}
    answer = client.post("/api/v1/readings", body, content_type="application/x-ndjson", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
