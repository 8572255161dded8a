"""The benchmarks on tiny sizes: what they compare is the same, and what they fill is there. No timings."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client, override_settings
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import User
from bench import decode, ingest, pages, prometheus, pull
from bench.__main__ import main
from bench.exposition import exposition
from bench.fleet import make_nodes, make_sites, readings
from bench.report import Figure, Line
from bench.server import Server
from inference_kpis.fleet.models import Node
from inference_kpis.protocols.exposition import parse
from inference_kpis.pull.models import PullState
from inference_kpis.readings import store
from inference_kpis.readings.algebra import Distribution, Increase

MINUTE = timedelta(minutes=1)
NOW = datetime.now(UTC)


def values(body: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample of a body as the product reads it."""
    return {(name, frozenset(labels.items())): value for name, labels, value, _ in parse(body, decode.EVERY_NAME)}


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


# --- What is decoded -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [0, 7])
def test_both_parsers_read_the_same(step: int) -> None:
    body = exposition(step)
    families = text_string_to_metric_families(body.decode())
    theirs = {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}
    assert values(body) == theirs
    assert 750 <= body.count(b"\n") <= 850


def test_counters_only_grow() -> None:
    before, after = values(exposition(3)), values(exposition(4))
    assert before.keys() == after.keys()
    counted = [key for key in before if key[0].endswith(("_total", "_bucket", "_sum", "_count"))]
    assert all(before[key] <= after[key] for key in counted)
    assert sum(before[key] < after[key] for key in counted) > len(counted) / 2


def test_a_node_did_something_in_each_interval() -> None:
    for number, reading in enumerate(readings(3, NOW, MINUTE)):
        assert reading.start_ms == store.as_ms(NOW + number * MINUTE)
        requests, latency = reading.measures["requests"], reading.measures["e2e_latency"]
        assert isinstance(requests, Increase)
        assert isinstance(latency, Distribution)
        assert requests.amount > 0 < latency.count


def test_a_sample_is_a_scalar_or_the_count_of_a_bucket() -> None:
    reading = readings(1, NOW, MINUTE)[0]
    histograms = [value for value in reading.measures.values() if isinstance(value, Distribution)]
    buckets = sum(len(counts) for each in histograms for counts in each.counts.values())
    assert ingest.samples_in(reading) == len(reading.measures) + buckets


# --- What is stored and shown ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_all_ways_to_store_leave_the_same_rows() -> None:
    nodes = make_nodes(make_sites(), 3)
    batches = [store.slots_of((node, "m", reading) for node in nodes) for reading in readings(2, NOW, MINUTE)]
    ways = ingest.timed_ways(batches, NOW)
    assert {name: len(timed.wall) for name, timed in ways.items()} == {
        "store": 1,
        "copy": ingest.COPIES,
        "staged": ingest.COPIES,
        "roll up": 1,
    }
    assert count("inference_kpis_reading") == 6
    assert count("copied") == count("merged") == 3
    assert count("(SELECT * FROM copied INTERSECT SELECT * FROM inference_kpis_reading) AS same") == 3


@pytest.mark.django_db
def test_seeding_makes_the_rows_it_says() -> None:
    pages.seed(5, NOW, minutes=2, repeats=1)
    assert Node.objects.in_service().count() == 5
    assert Node.objects.filter(state=Node.State.DOWN).count() == pages.NODES_DOWN
    # Two readings a node and minute: of its model, and of itself.
    assert count("inference_kpis_reading") == 5 * 2 * 2
    assert count("inference_kpis_rollup_minute WHERE scope = 2") == 5 * 2 * 2 * 2
    assert count("inference_kpis_rollup_minute WHERE scope = 0") == 2 * 2
    assert count("inference_kpis_touched") == 0


@pytest.mark.django_db
def test_every_page_shows_what_was_seeded() -> None:
    pages.seed(5, NOW, minutes=2, repeats=0)
    client = Client()
    client.force_login(User.objects.get(email=pages.VISITOR))
    # The fifth node is the only one up, and stands in Paris.
    words = {
        "overview": "Lyon · p95",
        "fleet": "node-00004",
        "fleet as squares": "Paris",
        "site": "node-00004",
        "models": "model",
        "node detail": "Paris",
        "KPI detail": "Paris",
        "KPI explorer": "Paris",
        "wall screen": "Paris",
    }
    found = {name: client.get(path).content.decode() for name, path in pages.paths().items()}
    assert found.keys() == words.keys()
    for name, page in found.items():
        assert words[name] in page, name


# --- What is pulled --------------------------------------------------------------------------------------------------


def test_each_server_goes_its_own_way_step_by_step() -> None:
    server = Server(3)
    asked = [server.answer(f"GET /{name} HTTP/1.1\r\n\r\n".encode()) for name in ("a", "a", "b")]
    bodies = [answer.partition(b"\r\n\r\n")[2] for answer in asked]
    assert bodies == [exposition(0), exposition(1), exposition(0)]
    assert server.answer(b"GET /answered HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\n3")


def test_a_server_compresses_when_it_is_asked_to() -> None:
    answer = Server(1).answer(b"GET /a HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Encoding: gzip" in head
    assert gzip.decompress(body) == exposition(0)


@pytest.mark.django_db
def test_a_round_pulls_every_node_once() -> None:
    with pull.servers(3) as address, override_settings(DEMO_ENDPOINTS=frozenset({address})):
        nodes = make_nodes(make_sites(), 3, url=f"http://{address}")
        PullState.objects.bulk_create(PullState(node=node, next_pull_at=NOW) for node in nodes)
        assert [pull.pull_round(NOW + number * MINUTE) for number in range(2)] == [3, 3]
    assert Node.objects.filter(state=Node.State.UP).count() == 3
    # Of the model since the first pull, of the node itself since either.
    assert count("inference_kpis_reading") == 3 + 2 * 3


def test_without_apt_the_report_says_why_there_is_no_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.launcher.bootstrap.shutil.which", lambda name, path=None: None)
    with pytest.raises(prometheus.Unavailable, match="Prometheus, which is not installed"):
        prometheus.binary()


# --- What is told ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figure", "limit", "kept_when", "verdict"),
    [
        (20.0, 2.0, "at most", "ok"),
        (20.1, 2.0, "at most", "missed"),
        (20.0, 2.0, "at least", "ok"),
        (19.9, 2.0, "at least", "missed"),
        (99.0, None, "at most", ""),
    ],
)
def test_a_limit_is_on_the_ratio(figure: float, limit: float | None, kept_when: str, verdict: str) -> None:
    line = Line("what", Figure([figure], "s"), "other", Figure([10.0], "s"), limit, kept_when)
    assert line.cells()[-1] == verdict
    assert line.is_kept == (verdict != "missed")


def test_a_figure_is_a_median_with_the_spread_of_its_middle_half() -> None:
    figure = Figure([10, 8, 9, 11, 100, 12, 10], "ms", 1)
    assert figure.median == 10
    assert figure.spread == pytest.approx(0.15)
    assert str(figure) == "10.0 ms ±15%"
    assert str(Figure([1234.5], "samples/s")) == "1,234 samples/s"


def test_a_benchmark_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "nonsense"]) == 2
    assert "Choose from: decode, ingest, pages, pull, push, questions, rollups." in capsys.readouterr().err
