"""Asking a server for what it scraped: nodes come and go, and every sample counts once however often it is asked for."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import AuditEvent
from inference_kpis.fleet.models import Node, Site
from inference_kpis.fleet.registration import retire_node
from inference_kpis.protocols import remote_write
from inference_kpis.protocols.remote_write import Version
from inference_kpis.push.models import PushState
from inference_kpis.push.series import ingest_points
from inference_kpis.query_sources import chunks
from inference_kpis.query_sources.asking import ask_claimed, claim_due
from inference_kpis.query_sources.models import QueriedNode, QuerySource
from inference_kpis.query_sources.sampling import run_errand
from tests.factories import NodeFactory, SiteFactory, machine_key
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.push.senders import scrape, write_one
from tests.inference_kpis.push.stored import total, wait
from tests.inference_kpis.query_sources.servers import Prometheus, ask, source_of
from tests.inference_kpis.readings.storing import stored

pytestmark = pytest.mark.django_db
START = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=90)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def scrapes(prometheus: Prometheus, *, until: int, since: int = 0, node: str = "10.0.0.1:8000", **labels: str) -> None:
    """A scrape every 15 s, ten requests between two of them."""
    for second in range(since, until + 1, 15):
        body = vllm(1000 + second * 10 // 15, failed=second // 60)
        prometheus.scrapes(node, body, at(second), **{"site": "lyon", **labels})


def test_it_works(prometheus: Prometheus) -> None:
    scrapes(prometheus, until=30)
    source = ask(source_of(prometheus), at(31))
    node = Node.objects.get()
    assert (node.name, node.engine, node.site.key, node.source) == ("10.0.0.1:8000", "vllm", "lyon", "push")
    scrapes(prometheus, since=45, until=120)
    ask(source, at(121))
    wait()
    assert (total("requests"), total("failed_requests"), total("e2e_latency")) == (80, 2, 80)
    assert total("pulls") == total("successful_pulls") > 0
    node.refresh_from_db()
    assert node.state == Node.State.UP
    assert source.problem == ""
    assert list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True)) == [
        *("site.add", "node.register", "query_source.follow")
    ]


def test_asking_twice_changes_nothing(prometheus: Prometheus) -> None:
    scrapes(prometheus, until=120)
    source = ask(source_of(prometheus), at(121))
    wait()
    before = total("requests")
    QueriedNode.objects.update(heard_at=at(0))
    for second in (121, 122, 130):
        source = ask(source, at(second))
    wait()
    assert total("requests") == before > 0
    assert AuditEvent.objects.filter(verb="query_source.follow").count() == 1


def test_what_was_missed_is_asked_for_later(prometheus: Prometheus) -> None:
    scrapes(prometheus, until=60)
    source = ask(source_of(prometheus), at(61))
    prometheus.status = 503
    scrapes(prometheus, since=75, until=1500)
    source = ask(source, at(200))
    assert source.problem == "query_timed_out"
    prometheus.status = 200
    source = ask(source, at(1501))
    wait()
    assert (total("requests"), source.problem) == (1000, "")
    ends = [reading.end_ms for reading in stored(Node.objects.get()) if "requests" in reading.measures]
    assert {after - before for before, after in zip(ends, ends[1:], strict=False)} == {15_000}


def test_a_restart_of_a_node_is_counted_from_zero(prometheus: Prometheus) -> None:
    for second, requests in ((0, 500), (15, 510), (30, 4), (45, 9)):
        prometheus.scrapes("a:1", vllm(requests), at(second), site="lyon")
    ask(source_of(prometheus), at(46))
    wait()
    assert total("requests") == 10 + 4 + 5


def test_a_node_that_cannot_be_scraped_is_down_and_stays(prometheus: Prometheus) -> None:
    scrapes(prometheus, until=30)
    source = ask(source_of(prometheus), at(31))
    prometheus.keeps(
        [
            ({"__name__": "up", "instance": "10.0.0.1:8000", "job": "vllm", "site": "lyon"}, [(0.0, stamp, 0)])
            for stamp in range(round(at(45).timestamp() * 1000), round(at(4000).timestamp() * 1000), 15_000)
        ]
    )
    for second in (100, 400, 2000, 4000):
        source = ask(source, at(second))
    wait()
    node = Node.objects.get()
    assert (node.retired_at, node.state, node.problem) == (None, "down", "scrape_failed")
    assert total("pulls") > total("successful_pulls")


def test_a_node_that_is_shown_no_more_goes_and_comes_back(prometheus: Prometheus) -> None:
    scrapes(prometheus, until=60)
    scrapes(prometheus, until=60, node="10.0.0.2:8000")
    source = ask(source_of(prometheus), at(61))
    for second in (600, 2000, 3600, 3700):
        scrapes(prometheus, since=second - 60, until=second)
        source = ask(source, at(second + 1))
    assert [node.name for node in Node.objects.in_service()] == ["10.0.0.1:8000"]
    scrapes(prometheus, since=3700, until=3760, node="10.0.0.2:8000")
    ask(source, at(3790))
    assert Node.objects.in_service().count() == Node.objects.count() == 2


def test_a_gap_of_the_server_takes_no_node_out(prometheus: Prometheus) -> None:
    scrapes(prometheus, until=60)
    source = ask(source_of(prometheus), at(61))
    prometheus.status = 502
    for second in (600, 4000):
        source = ask(source, at(second))
    prometheus.status = 200
    prometheus.series.clear()
    source = ask(source, at(4001))
    assert (Node.objects.in_service().count(), source.problem) == (1, "")


def test_an_index_without_any_node_is_not_believed_of_many(prometheus: Prometheus) -> None:
    for number in range(5):
        scrapes(prometheus, until=30, node=f"10.0.0.{number}:8000")
    source = ask(source_of(prometheus), at(31))
    prometheus.series.clear()
    for second in (1000, 3000, 5000):
        source = ask(source, at(second))
    assert (Node.objects.in_service().count(), source.problem) == (5, "emptied")


def test_a_node_that_is_pulled_is_not_counted_from_the_source(prometheus: Prometheus) -> None:
    NodeFactory(name="lyon-03", url="http://10.0.0.1:8000/metrics")
    NodeFactory(name="10.0.0.2:8000", url="http://gpu:8000/metrics")
    for number in (1, 2, 3):
        scrapes(prometheus, until=30, node=f"10.0.0.{number}:8000")
    source = ask(source_of(prometheus), at(31))
    assert source.refused == [["10.0.0.1:8000", "pulled_here"], ["10.0.0.2:8000", "pulled_here"]]
    assert QueriedNode.objects.get().name == "10.0.0.3:8000"
    assert not any("10.0.0.1" in query.replace("\\", "") for query, _ in prometheus.asked)


def test_a_node_that_is_pulled_from_now_on_is_asked_for_no_more(prometheus: Prometheus) -> None:
    scrapes(prometheus, until=30)
    source = ask(source_of(prometheus), at(31))
    Node.objects.update(source="pull", url="http://10.0.0.1:8000/metrics")
    scrapes(prometheus, since=45, until=120)
    source = ask(source, at(121))
    wait()
    assert source.refused == [["10.0.0.1:8000", "pulled_here"]]
    assert (total("requests"), len(prometheus.asked)) == (20, 3)


def test_nodes_of_others_are_left_alone(prometheus: Prometheus) -> None:
    NodeFactory(name="10.0.0.1:8000", source="push", url="")
    scrapes(prometheus, until=30)
    scrapes(prometheus, until=30, node="10.0.0.2:8000")
    ask(source_of(prometheus), at(31))
    second = ask(source_of(prometheus, name="Second"), at(31))
    assert second.refused == [["10.0.0.1:8000", "pushed_here"], ["10.0.0.2:8000", "other_source"]]


def test_what_a_sender_pushes_of_the_same_node_is_not_added(prometheus: Prometheus) -> None:
    scrapes(prometheus, until=60)
    source = ask(source_of(prometheus), at(61))
    key, _ = machine_key(Site.objects.get())
    for second in range(15, 61, 15):
        sent = scrape("10.0.0.1:8000", vllm(1000 + second * 10 // 15), round(at(second).timestamp() * 1000))
        points = remote_write.decode(write_one(sent), Version.ONE)
        ingest_points(points, key=key, now=at(61))
    ask(source, at(62))
    wait()
    assert total("requests") == 40


def test_a_node_out_of_service_by_hand_stays_out(prometheus: Prometheus) -> None:
    scrapes(prometheus, until=30)
    source = ask(source_of(prometheus), at(31))
    retire_node(Node.objects.get(), by=None, now=at(40))
    source = ask(source, at(100))
    assert source.refused == [["10.0.0.1:8000", "retired_by_hand"]]
    assert Node.objects.in_service().count() == 0


def test_labels_say_what_a_node_is(prometheus: Prometheus) -> None:
    SiteFactory(key="paris")
    scrapes(prometheus, until=60, node="i:1", pod="gpu-1", place="paris", model="chat", site="")
    scrapes(prometheus, until=60, node="i:2", pod="gpu-2", place="mars", model="chat", site="")
    names = {"node_label": "pod", "site_labels": "place", "model_label": "model", "may_create_sites": False}
    source = ask(source_of(prometheus, **names), at(61))
    node = Node.objects.get()
    assert (node.name, node.site.key) == ("gpu-1", "paris")
    assert source.refused == [["gpu-2", "unknown_site"]]
    wait()
    assert {reading.measures["requests"].amount for reading in stored(node) if "requests" in reading.measures} == {10}


def test_two_engines_under_one_name_are_for_a_person_to_decide(prometheus: Prometheus) -> None:
    scrapes(prometheus, until=30)
    prometheus.keeps([({"__name__": "sglang:num_requests_total", "instance": "10.0.0.1:8000"}, [(1, 0, 0)])])
    prometheus.series = {
        key: [(round(at(30).timestamp() * 1000), v) for _, v in s] for key, s in prometheus.series.items()
    }
    source = ask(source_of(prometheus), at(31))
    assert source.refused == [["10.0.0.1:8000", "several_engines"]]


def test_what_another_job_shows_under_the_name_says_nothing(prometheus: Prometheus) -> None:
    scrapes(prometheus, until=60)
    for second in (0, 15, 30, 45, 60):
        prometheus.keeps(
            scrape(
                "10.0.0.1:8000",
                b"process_start_time_seconds 5",
                round(at(second).timestamp() * 1000),
                job="machine",
                up=0,
            )
        )
    ask(source_of(prometheus), at(61))
    wait()
    assert Node.objects.get().state == "up"
    assert PushState.objects.count() == 1


def test_the_tenant_and_the_token_are_sent(prometheus: Prometheus) -> None:
    source = source_of(prometheus, tenant="edge", credential_kind="bearer", selector='{job="vllm"}')
    source.set_credential("s3cret")
    source.save()
    scrapes(prometheus, until=30)
    ask(source, at(31))
    assert len(prometheus.asked) == 2
    for query, headers in prometheus.asked:
        assert (headers["X-Scope-OrgID"], headers["Authorization"]) == ("edge", "Bearer s3cret")
        assert 'job="vllm"}' in query


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((400, "query_refused"), (401, "not_allowed"), (404, "no_query_api"), (422, "query_failed")),
        *((429, "too_many_requests"), (500, "status"), (503, "query_timed_out")),
    ],
)
def test_an_error_is_named_and_changes_nothing(prometheus: Prometheus, status: int, code: str) -> None:
    scrapes(prometheus, until=30)
    source = ask(source_of(prometheus), at(31))
    prometheus.status = status
    source = ask(source, at(100))
    source = ask(source, at(200))
    assert (source.problem, Node.objects.in_service().count()) == (code, 1)
    assert AuditEvent.objects.filter(verb="query_source.fail").count() == 1


HOSTILE = {
    "html": (b"<html>", "not_a_query_api"),
    "list": (b"[]", "not_a_query_api"),
    "error": (b'{"status":"error","error":"x"}', "query_failed"),
    "no data": (b'{"status":"success"}', "bad_answer"),
    "vector": (b'{"status":"success","data":{"resultType":"vector","result":[]}}', "bad_answer"),
    "no object": (b'{"status":"success","data":{"resultType":"matrix","result":[1]}}', "bad_answer"),
    "huge": (b" " * (8 * 1024 * 1024 + 1), "too_large"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_costs_only_itself(prometheus: Prometheus, name: str) -> None:
    body, code = HOSTILE[name]
    scrapes(prometheus, until=60)
    source = ask(source_of(prometheus), at(61))
    prometheus.samples_body = body
    source = ask(source, at(100))
    assert (QueriedNode.objects.get().problem, source.problem) == (code, "")
    prometheus.samples_body = None
    scrapes(prometheus, since=75, until=135)
    ask(source, at(140))
    wait()
    assert (total("requests"), QueriedNode.objects.get().problem) == (90, "")


def test_a_server_that_fails_once_is_not_asked_again_in_the_same_tick(
    prometheus: Prometheus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "MOST_NODES", 1)
    for number in range(4):
        scrapes(prometheus, until=30, node=f"10.0.0.{number}:8000")
    prometheus.samples_body = b"<html>"
    source = ask(source_of(prometheus), at(31))
    assert len(prometheus.asked) == 1 + 1
    prometheus.samples_body = None
    ask(source, at(91))
    assert len(prometheus.asked) == 2 + 1 + 4


def test_values_that_make_no_sense_are_left_out(prometheus: Prometheus) -> None:
    scrapes(prometheus, until=60)
    stamp = round(at(30).timestamp() * 1000)
    for value in (float("nan"), float("inf"), -5.0):
        labels = {
            "__name__": "vllm:prompt_tokens_total",
            "instance": "10.0.0.1:8000",
            "job": "vllm",
            "kind": f"{value}",
        }
        prometheus.keeps([(labels, [(value, stamp, 0), (value, stamp + 15_000, 0)])])
    ask(source_of(prometheus), at(61))
    wait()
    assert (total("requests"), total("prompt_tokens")) == (40, 200)


def test_an_answer_that_may_be_incomplete_is_named_and_used(prometheus: Prometheus) -> None:
    prometheus.more = {"warnings": ["a store did not answer"]}
    scrapes(prometheus, until=60)
    source = ask(source_of(prometheus), at(61))
    wait()
    assert (source.problem, QueriedNode.objects.get().problem, total("requests")) == ("partial", "partial", 40)


def test_what_is_too_much_at_once_is_asked_for_in_parts(prometheus: Prometheus) -> None:
    for number in range(4):
        scrapes(prometheus, until=60, node=f"10.0.0.{number}:8000")
    prometheus.most_series = 12
    ask(source_of(prometheus), at(61))
    wait()
    assert total("requests") == 160
    assert len(prometheus.asked) == 1 + 7


def test_many_nodes_are_asked_about_in_several_queries(prometheus: Prometheus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MOST_NODES", 2)
    for number in range(5):
        scrapes(prometheus, until=30, node=f"10.0.0.{number}:8000")
    ask(source_of(prometheus), at(31))
    wait()
    assert (total("requests"), len(prometheus.asked)) == (100, 1 + 3)


def test_a_lease_is_spent_once(prometheus: Prometheus) -> None:
    scrapes(prometheus, until=30)
    source = source_of(prometheus, next_ask_at=at(31))
    [claim] = claim_due(at(31))
    assert claim_due(at(40)) == []
    QuerySource.objects.update(lease=7)
    assert ask_claimed(claim, at(41)) == []
    assert (prometheus.asked, Node.objects.count()) == ([], 0)
    source.refresh_from_db()
    assert source.next_ask_at == at(91)


def test_an_errand_of_a_source_that_changed_is_left(prometheus: Prometheus) -> None:
    scrapes(prometheus, until=30)
    source = source_of(prometheus, next_ask_at=at(31))
    [claim] = claim_due(at(31))
    [errand] = ask_claimed(claim, at(31))
    QuerySource.objects.update(edition=source.edition + 1)
    assert run_errand(errand, at(32)) == 0
    assert PushState.objects.count() == 0


def test_a_paused_source_and_a_paused_node_are_not_asked(prometheus: Prometheus) -> None:
    scrapes(prometheus, until=30)
    source = ask(source_of(prometheus), at(31))
    Node.objects.update(state="paused")
    QuerySource.objects.update(indexed_at=at(40))
    ask(source, at(41))
    assert len(prometheus.asked) == 2
    QuerySource.objects.update(is_on=False, next_ask_at=at(50))
    assert claim_due(at(60)) == []
