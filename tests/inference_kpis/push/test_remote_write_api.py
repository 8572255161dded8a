"""`POST /api/v1/write`: what a Prometheus sends is stored whole and once, however it is cut and how often it comes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import OperationalError
from django.test import Client

from config.celery import app
from inference_kpis.fleet.models import Node, Site
from inference_kpis.push.models import PushState
from inference_kpis.readings import store
from inference_kpis.readings.algebra import Distribution, Increase, Level
from inference_kpis.readings.store import as_ms
from tests.factories import NodeFactory, SiteFactory, machine_key
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.push.senders import CONTENT_TYPES, Sent, gone, scrape, snappy, write_one, write_two
from tests.inference_kpis.push.stored import total, wait

pytestmark = pytest.mark.django_db
START = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)
WRITTEN = "X-Prometheus-Remote-Write-{}-Written"
Post = Callable[..., Any]


def ms(seconds: float) -> int:
    return as_ms(START + timedelta(seconds=seconds))


@pytest.fixture
def site() -> Site:
    return SiteFactory()


@pytest.fixture
def node(site: Site) -> Node:
    return NodeFactory(site=site, name="lyon-03:8000", source="push", url="")


@pytest.fixture
def post(site: Site, client: Client) -> Post:
    _, text = machine_key(site)

    def send(series: list[Sent] | bytes, *, version: int = 1, key: str = text, **headers: str) -> Any:
        if not isinstance(series, bytes):
            series = snappy((write_two if version == 2 else write_one)(series))
        headers = {"Authorization": f"Bearer {key}", "Content-Encoding": "snappy", **headers}
        return client.post("/api/v1/write", series, content_type=CONTENT_TYPES[version], headers=headers)

    return send


def at(seconds: float, requests: int, **values: Any) -> list[Sent]:
    """A scrape of the node at that moment."""
    target = {key: values.pop(key) for key in ("job", "prometheus_replica", "up") if key in values}
    return scrape("lyon-03:8000", vllm(requests, **values), ms(seconds), **target)


@pytest.mark.parametrize("version", [1, 2])
def test_it_works(post: Post, node: Node, version: int) -> None:
    for step in range(5):
        answer = post(at(15 * step, 100 * step, failed=step, waiting=3), version=version)
        assert (answer.status_code, answer.content) == (204, b"")
    assert total("requests") == 400
    assert (total("failed_requests"), total("output_tokens"), total("e2e_latency")) == (4, 4000, 400)
    latest = {each.model_id: each.measures for each in store.latest_of([node.pk])}
    served = next(measures for measures in latest.values() if "requests" in measures)
    assert served["requests"] == served["edge_requests"] == Increase(100, 15_000)
    assert served["e2e_latency"] == Distribution({(0.3, 1.0): (50, 40, 10)}, 50_000_000, 15_000)
    assert served["queue_depth"] == Level(45_000_000, 15_000, 3000, 3000, 3000, ms(60))
    node.refresh_from_db()
    assert node.state == Node.State.UP


def test_a_scrape_is_stored_as_soon_as_it_is_whole(post: Post, node: Node) -> None:
    post(at(0, 0))
    post(at(15, 10))
    assert total("requests") == 10


@pytest.mark.parametrize("parts", [2, 3, 7])
def test_a_scrape_in_several_requests_is_stored_once_and_whole(post: Post, node: Node, parts: int) -> None:
    """Counters of one measure and buckets of one histogram come apart, and each scrape's parts in another order."""
    for step in range(6):
        series = at(15 * step, 100 * step)
        shards = [series[part::parts] for part in range(parts)]
        for shard in shards[step % parts :] + shards[: step % parts]:
            assert post(shard).status_code == 204
    wait()
    assert (total("requests"), total("e2e_latency"), total("pulls")) == (500, 500, 6)
    served = next(each.measures for each in store.latest_of([node.pk]) if "requests" in each.measures)
    assert served["e2e_latency"] == Distribution({(0.3, 1.0): (50, 40, 10)}, 50_000_000, 15_000)


def test_a_shard_that_lags_behind_loses_and_adds_nothing(post: Post, node: Node) -> None:
    post(at(0, 0))
    for step in range(1, 4):
        post(at(15 * step, 100 * step)[::2])
        wait()
    for step in range(1, 4):
        assert list(post(at(15 * step, 100 * step)[1::2]).json()["fields"]) == ["out_of_order"]
    post(at(60, 400))
    assert (total("requests"), total("output_tokens"), total("e2e_latency")) == (400, 4000, 400)


def test_the_same_request_again_changes_nothing(post: Post, node: Node) -> None:
    scrapes = [at(15 * step, 100 * step) for step in range(3)]
    for series in scrapes:
        post(series)
    states = list(PushState.objects.values_list("collected", flat=True))
    for series in scrapes:
        assert post(series).status_code == 204
    assert list(PushState.objects.values_list("collected", flat=True)) == states
    assert total("requests") == 200


def test_a_backlog_in_one_request_is_stored_scrape_by_scrape(post: Post, node: Node) -> None:
    post([series for step in range(8) for series in at(15 * step, 100 * step)])
    wait()
    assert total("requests") == 700


def test_a_restart_gives_no_negative_and_no_inflated_increase(post: Post, node: Node) -> None:
    for step, requests in enumerate((1000, 1100, 30, 50)):
        post(at(15 * step, requests))
    assert total("requests") == 150


def test_a_restart_that_overtook_its_old_counters_is_seen_by_its_start_time(post: Post, node: Node) -> None:
    post(at(0, 100, started_at=1.0))
    post(at(15, 130, started_at=1_000_000.0))
    assert total("requests") == 130


def test_counters_that_say_when_they_began_count_from_there(post: Post, node: Node) -> None:
    """Remote write 2.0: a process that began within the hour, first seen 20 s later; then one that replaced it."""
    for seconds, requests, began in ((20, 40, 0), (35, 60, 0), (50, 70, 40)):
        series = [(labels, [(v, t, ms(began)) for v, t, _ in samples]) for labels, samples in at(seconds, requests)]
        post(series, version=2)
    wait()
    assert total("requests") == 40 + 20 + 70


def test_a_failed_scrape_makes_the_node_down_and_loses_no_request(post: Post, node: Node) -> None:
    post(at(0, 100))
    post(at(15, 130))
    assert post(gone(at(30, 0), ms(30))).status_code == 204
    node.refresh_from_db()
    assert (node.state, node.problem) == (Node.State.DOWN, "scrape_failed")
    post(at(45, 170))
    wait()
    node.refresh_from_db()
    assert (node.state, node.problem) == (Node.State.UP, "")
    assert (total("requests"), total("pulls"), total("successful_pulls")) == (70, 4, 3)


def test_a_new_label_set_counts_from_nothing_and_a_renamed_one_does_not(post: Post, node: Node) -> None:
    error = (
        {"__name__": "vllm:request_success_total", "model_name": "m", "finished_reason": "abort"},
        [(7.0, ms(15), 0)],
    )
    error[0].update(instance="lyon-03:8000", job="vllm")  # type: ignore[attr-defined]
    post(at(0, 100))
    post([*at(15, 100), error])
    wait()
    assert total("requests") == 7
    post([({**labels, "cluster": "new"}, samples) for labels, samples in at(30, 5000)])
    wait()
    assert total("requests") == 7


def test_two_senders_of_the_same_series_are_counted_once(post: Post, node: Node) -> None:
    for step in range(4):
        post(at(15 * step, 100 * step, prometheus_replica="a"))
        post(at(15 * step + 7, 100 * step + 40, prometheus_replica="b"))
    wait()
    assert total("requests") == 300
    for step in range(4, 12):
        post(at(15 * step + 7, 100 * step + 40, prometheus_replica="b"))
    # The other one was heard at 45 s; from 112 s on this one is counted.
    assert total("requests") == 300 + 5 * 100


def test_jobs_that_give_different_measures_of_a_node_add_up(post: Post, node: Node) -> None:
    for step in range(3):
        series = at(15 * step, 100 * step)
        tokens = [each for each in series if "tokens" in each[0]["__name__"]]
        others = [each for each in at(15 * step + 7, 100 * step, job="gateway") if "tokens" not in each[0]["__name__"]]
        post(tokens)
        post(others)
    wait()
    assert (total("requests"), total("output_tokens")) == (200, 2000)


def test_what_is_refused_takes_nothing_with_it_and_is_not_sent_again(post: Post, node: Node) -> None:
    strange = scrape("nobody:1", b"vllm:prompt_tokens_total 5\n", ms(0))
    post(at(0, 0))
    answer = post([*strange, *at(15, 70)])
    assert (answer.status_code, answer.json()["code"]) == (400, "partly_refused")
    assert answer.json().keys() == {"code", "message", "fields"}
    assert list(answer.json()["fields"]) == ["unknown_node"]
    assert b"\n" not in answer.content
    assert total("requests") == 70


def test_a_node_that_is_pulled_cannot_be_pushed(post: Post, node: Node) -> None:
    Node.objects.update(source="pull", url="http://10.0.0.1/metrics")
    assert list(post(at(0, 0)).json()["fields"]) == ["pulled_node"]


def test_a_key_writes_only_for_its_sites(post: Post, node: Node) -> None:
    _, other = machine_key(SiteFactory())
    assert list(post(at(0, 0), key=other).json()["fields"]) == ["unknown_node"]


@pytest.mark.parametrize(("code", "days"), [("in_future", 1), ("too_old", -40)])
def test_odd_times_are_refused(post: Post, node: Node, code: str, days: int) -> None:
    series = at(days * 86_400, 3)
    assert list(post([*series, *at(0, 0)]).json()["fields"]) == [code]


def test_another_value_for_the_same_moment_is_a_conflict(post: Post, node: Node) -> None:
    post(at(0, 10)[:3])
    answer = post(at(0, 20)[:3])
    assert list(answer.json()["fields"]) == ["conflict"]


def test_older_than_what_is_stored_is_out_of_order(post: Post, node: Node) -> None:
    for step in (2, 3):
        post(at(15 * step, 100 * step))
    wait()
    assert list(post(at(15, 100)).json()["fields"]) == ["out_of_order"]
    assert total("requests") == 100


def test_series_that_the_engine_does_not_read_are_passed_over(post: Post, node: Node) -> None:
    assert post(scrape(node.name, b"go_goroutines 8\n", ms(0))).status_code == 204
    assert not PushState.objects.exists()


def test_a_stream_over_the_limit_is_refused(post: Post, node: Node) -> None:
    for number in range(8):
        assert post(at(0, 0, job=f"job-{number}")).status_code == 204
    assert list(post(at(0, 0, job="one too many")).json()["fields"]) == ["too_many_streams"]


@pytest.mark.parametrize("count", [1, 4])
def test_version_two_says_how_much_was_written(post: Post, node: Node, count: int) -> None:
    strange = scrape("nobody:1", b"a 5\n" * (count - 1), ms(0))
    answer = post([*at(0, 0), *(strange if count > 1 else [])], version=2)
    assert answer.status_code == (400 if count > 1 else 204)
    assert answer[WRITTEN.format("Samples")] == str(len(at(0, 0)))
    assert (answer[WRITTEN.format("Histograms")], answer[WRITTEN.format("Exemplars")]) == ("0", "0")


FRAMED = bytes.fromhex("ff060000734e61507059")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed"),
        (b"not snappy at all", 400, "malformed"),
        (FRAMED, 400, "malformed"),
        (snappy(b"\x0a\xff"), 400, "malformed"),
        (snappy(b"\x0a\x03\x12\x05a"), 400, "malformed"),
        # It claims 4 GiB, in five bytes.
        (bytes.fromhex("ffffffff0f00"), 413, "too_large"),
        (snappy(b"\x0a\x00" * 60_000), 413, "too_large"),
        (b" " * (8 * 1024 * 1024 + 1), 413, "too_large"),
    ],
)
def test_a_body_that_cannot_be_read_has_one_clear_error(
    post: Post, node: Node, body: bytes, status: int, code: str
) -> None:
    answer = post(body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json().keys() == {"code", "message", "fields"}


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("application/x-protobuf;proto=io.prometheus.write.v3.Request", "snappy"),
        ("application/x-protobuf", "zstd"),
        ("application/json", "snappy"),
    ],
)
def test_another_type_or_encoding_is_answered_with_415(
    client: Client, site: Site, content_type: str, encoding: str
) -> None:
    headers = {"Authorization": f"Bearer {machine_key(site)[1]}", "Content-Encoding": encoding}
    answer = client.post("/api/v1/write", b"x", content_type=content_type, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_without_a_usable_key_nothing_is_taken(post: Post, node: Node, site: Site) -> None:
    _, reader = machine_key(site, name="reader", scopes=["kpis:read"])
    for text, status in (("vig_nope_nope", 401), ("", 401), (reader, 403)):
        assert post(at(0, 0), key=text).status_code == status
    assert not PushState.objects.exists()


def test_a_store_that_is_away_asks_to_come_back(post: Post, node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("no space left on device")

    post(at(0, 0))
    with monkeypatch.context() as patched:
        patched.setattr(store, "store_slots", away)
        answer = post(at(15, 50))
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert int(answer["Retry-After"]) > 0
    assert post(at(15, 50)).status_code == 204
    assert total("requests") == 50


def test_what_waits_for_missing_parts_is_settled_by_beat(post: Post, node: Node) -> None:
    post(at(0, 0))
    post(at(15, 10))
    post(at(30, 30)[:-1])
    assert total("requests") == 10
    [name] = {row["task"] for row in settings.CELERY_BEAT_SCHEDULE.values() if "settle" in row["task"]}
    app.loader.import_default_modules()
    app.tasks[name]()
    assert total("requests") == 10
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=11)):
        app.tasks[name]()
    assert total("requests") == 30


def test_what_waits_is_dropped_when_the_node_is_pulled_instead(post: Post, node: Node) -> None:
    post(at(0, 0))
    Node.objects.update(source="pull", url="http://10.0.0.1/metrics")
    wait()
    assert not PushState.objects.exists()


def test_another_engine_starts_anew(post: Post, node: Node) -> None:
    post(at(0, 0))
    post(at(15, 10))
    Node.objects.update(engine="triton")
    series = scrape(node.name, b'nv_inference_request_success{model="m"} 500\n', ms(30))
    assert post(series).status_code == 204
    wait()
    assert total("requests") == 10


def test_no_label_is_kept_that_could_name_a_person(post: Post, node: Node) -> None:
    for step in range(3):
        more = {"end_user": "jane@example.test", "finished_reason": "secret-reason"}
        post([({**labels, **more}, samples) for labels, samples in at(15 * step, 10 * step)])
    wait()
    assert total("output_tokens") == 200
    assert PushState.objects.exists()
    assert not [s for s in PushState.objects.all() if b"jane" in bytes(s.collected) or b"secret" in bytes(s.collected)]


def test_an_engine_is_recognised_by_what_is_sent(post: Post, node: Node) -> None:
    Node.objects.update(engine="")
    answer = post(scrape(node.name, b"go_goroutines 8\n", ms(0)))
    assert list(answer.json()["fields"]) == ["not_recognised"]
    for step in range(3):
        assert post(at(15 * step, 10 * step)).status_code == 204
    node.refresh_from_db()
    assert (node.engine, total("requests")) == ("vllm", 20)


def test_a_pause_is_not_ended_by_what_is_sent(post: Post, node: Node) -> None:
    Node.objects.update(state=Node.State.PAUSED)
    for step in range(3):
        post(at(15 * step, 10 * step))
    node.refresh_from_db()
    assert node.state == Node.State.PAUSED


def test_many_nodes_cost_the_same_number_of_queries_as_one(
    post: Post, node: Node, site: Site, django_assert_max_num_queries: Any
) -> None:
    names = [NodeFactory(site=site, source="push", url="").name for _ in range(20)]
    for step in range(2):
        post([series for name in names for series in scrape(name, vllm(step), ms(15 * step))])
    with django_assert_max_num_queries(35):
        post([series for name in names for series in scrape(name, vllm(9), ms(30))])
    assert total("requests") == 20 * 9
