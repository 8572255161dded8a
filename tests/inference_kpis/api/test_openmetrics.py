"""`GET /api/v1/openmetrics`: what a Prometheus computes from two scrapes is what the API and the pages say."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from inference_kpis.api.openmetrics import OPENMETRICS, UNITS_OF_KPIS, UNITS_OF_MEASURES, FleetFigures, written
from inference_kpis.catalogue import KPIS, MEASURES, Kind
from inference_kpis.fleet.health import count_health
from inference_kpis.fleet.models import Node, Site
from inference_kpis.readings.algebra import Distribution, Increase
from inference_kpis.readings.queries import Group
from inference_kpis.readings.statistics import histogram_quantile
from inference_kpis.readings.totals import Total
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.api.asking import NOW, Ask, minute, reader, small_fleet, store_minute, store_minutes
from tests.inference_kpis.readings.strategies import distributions

pytestmark = pytest.mark.django_db

# What a Prometheus 3 sends.
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def ask(client: Client) -> Ask:
    return reader(client)


@pytest.fixture
def fleet() -> dict[str, Node]:
    nodes = small_fleet()
    count_health(NOW)
    return nodes


def samples_of(families: Iterable[Any]) -> Samples:
    samples: Samples = {}
    for family in families:
        for sample in family.samples:
            series = sample.name, frozenset((label, value) for label, value in sample.labels.items() if value)
            assert series not in samples
            samples[series] = sample.value
    return samples


def scrape(ask: Ask) -> Samples:
    return samples_of(parse_openmetrics(ask("openmetrics", headers={"Accept": PROMETHEUS}).content.decode()))


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def total(samples: Samples, name: str, **labels: str) -> float:
    """Σ over the series with these labels."""
    return sum(each for (found, has), each in samples.items() if found == name and set(labels.items()) <= has)


LYON_1 = {"site": "lyon", "tier": "edge", "engine": "vllm", "model": "llama"}


def test_it_works(ask: Ask, fleet: dict[str, Node]) -> None:
    samples = scrape(ask)
    assert value(samples, "vigie_requests_total", **LYON_1) == 60 * 55
    assert value(samples, "vigie_failed_requests_total", **LYON_1) == 6 * 55
    assert value(samples, "vigie_output_tokens_total", **LYON_1) == 7 * 60 * 55
    assert value(samples, "vigie_e2e_latency_seconds_bucket", le="0.1", **LYON_1) == 30 * 55
    assert value(samples, "vigie_e2e_latency_seconds_bucket", le="+Inf", **LYON_1) == 60 * 55
    assert value(samples, "vigie_e2e_latency_seconds_sum", **LYON_1) == pytest.approx(60 * 55 * 0.2)
    assert value(samples, "vigie_site_nodes", site="lyon", tier="edge", state="waiting") == 2
    since = value(samples, "vigie_counted_since_timestamp_seconds", **LYON_1)
    assert since == (NOW - timedelta(minutes=10)).timestamp()


def test_kpis_are_those_of_the_api_in_base_units(ask: Ask, fleet: dict[str, Node]) -> None:
    samples = scrape(ask)
    for split in ("none", "site", "tier", "engine", "model"):
        for key, kpi in KPIS.items():
            name = f"vigie_kpi_{key}".removesuffix(f"_{UNITS_OF_KPIS[kpi.unit]}") + f"_{UNITS_OF_KPIS[kpi.unit]}"
            for series in ask(f"kpis/{key}", window="5m", split=split).json()["series"]:
                labels = {"split": split, **({split: series["key"]} if split != "none" else {})}
                told = series["quantity"]["value"]
                if told is None:
                    assert (name, frozenset(labels.items())) not in samples
                else:
                    assert value(samples, name, **labels) == pytest.approx(told / float(kpi.display_factor))
    assert value(samples, "vigie_kpi_success_ratio", split="none") == pytest.approx(0.9)
    assert 0.1 < value(samples, "vigie_kpi_e2e_latency_p95_seconds", split="site", site="lyon") < 0.5


@pytest.mark.parametrize("scope", [{}, {"site": "lyon"}, {"tier": "central"}, {"engine": "vllm"}, {"model": "mistral"}])
def test_the_rate_between_two_scrapes_is_that_of_the_api(
    ask: Ask, fleet: dict[str, Node], scope: dict[str, str], time_machine: Any
) -> None:
    before = scrape(ask)
    coming = range(-4, 1)
    store_minutes(
        *(minute(fleet["lyon-1"], ago, 120 + ago) for ago in coming),
        *(minute(fleet["lyon-1"], ago, 30, "mistral") for ago in coming),
        *(minute(fleet["lyon-2"], ago, 240) for ago in coming),
        *(minute(fleet["paris-1"], ago, 60) for ago in coming),
    )
    time_machine.shift(300)
    after = scrape(ask)
    window = {"start": NOW.isoformat(), "end": (NOW + timedelta(minutes=5)).isoformat(), **scope}

    def rate(name: str, **labels: str) -> float:
        return (total(after, name, **labels, **scope) - total(before, name, **labels, **scope)) / 300

    assert rate("vigie_requests_total") == pytest.approx(quantity(ask, "request_rate", window))
    assert rate("vigie_output_tokens_total") == pytest.approx(quantity(ask, "output_token_rate", window))
    success = 1 - rate("vigie_failed_requests_total") / rate("vigie_requests_total")
    assert success * 100 == pytest.approx(quantity(ask, "success_ratio", window))
    buckets = [
        (float(le.replace("+Inf", "inf")), rate("vigie_e2e_latency_seconds_bucket", le=le))
        for le in ("0.1", "0.5", "+Inf")
    ]
    assert histogram_quantile(0.95, buckets) * 1000 == pytest.approx(quantity(ask, "e2e_latency_p95", window))


def quantity(ask: Ask, key: str, parameters: dict[str, str]) -> float:
    return float(ask(f"kpis/{key}", **parameters).json()["quantity"]["value"])


COUNTERS = ("_total", "_bucket", "_count", "_sum")


def test_counters_never_fall(ask: Ask, fleet: dict[str, Node]) -> None:
    """Not by late readings, nor by repeated ones, nor when minutes age out."""
    seen = scrape(ask)
    other = Distribution({(0.2, 0.5): (5, 3, 2)}, 9_000_000, 60_000)

    def age_out() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM inference_kpis_rollup_minute WHERE bucket_at < %s", [NOW])
            cursor.execute("DELETE FROM inference_kpis_reading WHERE ended_at < %s", [NOW])

    for happen in (
        lambda: store_minute(fleet["lyon-1"], 40, 10),
        lambda: store_minute(fleet["lyon-1"], 40, 10),
        lambda: store_minute(fleet["lyon-1"], 41, 10, e2e_latency=other),
        age_out,
        lambda: store_minute(fleet["lyon-1"], -1, 20),
    ):
        happen()
        now = scrape(ask)
        fell = {
            series: (old, now.get(series))
            for series, old in seen.items()
            if series[0].endswith(COUNTERS) and now.get(series, -1) < old
        }
        assert not fell
        seen = now
    assert value(seen, "vigie_requests_total", **LYON_1) == 60 * 55 + 10 + 10 + 20


def test_histograms_of_several_layouts_are_one_with_all_bounds(ask: Ask) -> None:
    node = NodeFactory(site=SiteFactory(key="lyon", tier="edge"))
    store_minute(node, 2, 10)
    store_minute(node, 1, 10, e2e_latency=Distribution({(0.3, 0.5): (4, 4, 2)}, 9_000_000, 60_000))
    samples = scrape(ask)
    counts = {
        le: value(samples, "vigie_e2e_latency_seconds_bucket", le=le, **LYON_1) for le in ("0.1", "0.3", "0.5", "+Inf")
    }
    assert counts == {"0.1": 6, "0.3": 11, "0.5": 18, "+Inf": 20}
    assert value(samples, "vigie_e2e_latency_seconds_count", **LYON_1) == 20
    assert value(samples, "vigie_e2e_latency_seconds_sum", **LYON_1) == pytest.approx(11)


def exposed(distribution: Distribution) -> Samples:
    group = Group(1, 1, "lyon", "Lyon", "edge", "vllm", "m")
    figures = FleetFigures({1: group}, {1: Total(NOW, {"e2e_latency": distribution})}, [], [])
    return samples_of(parse_openmetrics(written(figures, OPENMETRICS)[0].decode()))


@given(distributions(), st.lists(distributions(), max_size=3))
def test_buckets_never_fall_whatever_layouts_come(first: Distribution, more: list[Distribution]) -> None:
    seen, grown = exposed(first), first
    for each in more:
        grown = grown.merged(each)
        now = exposed(grown)
        assert all(now[series] >= old for series, old in seen.items())
        seen = now


# --- Format ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        (PROMETHEUS, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("*/*", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("application/json", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;q=0.9,application/openmetrics-text;q=0.5", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/*", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
def test_the_format_is_what_is_accepted(
    ask: Ask, fleet: dict[str, Node], accept: str | None, content_type: str
) -> None:
    answer = ask("openmetrics", headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer["Content-Type"]) == (200, content_type)
    assert "Accept" in answer["Vary"].split(", ")
    text = answer.content.decode()
    assert text.endswith("# EOF\n") == content_type.startswith("application")
    assert "# UNIT vigie_kpi_availability_ratio ratio\n" in text or content_type.startswith("text")


def test_both_formats_say_the_same(ask: Ask, fleet: dict[str, Node]) -> None:
    text = ask("openmetrics", headers={"Accept": "text/plain"}).content.decode()
    assert samples_of(parse_text(text)) == scrape(ask)


def test_names_may_be_anything(ask: Ask) -> None:
    name = 'a"b\\c {d="e"} # é 🙂, 1'
    store_minute(NodeFactory(site=SiteFactory(key="lyon", tier="edge")), 1, 60, model=name)
    assert value(scrape(ask), "vigie_requests_total", **{**LYON_1, "model": name}) == 60


def test_nothing_yet_is_an_empty_exposition(ask: Ask) -> None:
    assert ask("openmetrics").content == b"# EOF\n"
    assert ask("openmetrics", headers={"Accept": "text/plain"}).content == b""


def test_every_unit_has_its_name() -> None:
    assert {kpi.unit for kpi in KPIS.values()} <= UNITS_OF_KPIS.keys()
    counted = {measure.unit for measure in MEASURES.values() if measure.kind is not Kind.LEVEL}
    assert {unit for unit in counted if not unit.startswith("{")} <= UNITS_OF_MEASURES.keys()


def test_the_text_is_english_for_everybody(ask: Ask, fleet: dict[str, Node]) -> None:
    answers = [ask("openmetrics", headers={"Accept-Language": code}).content for code in ("en", "fr")]
    assert answers[0] == answers[1]


# --- Caches, access, cost --------------------------------------------------------------------------------------------


def test_while_nothing_changed_nothing_is_sent_again(ask: Ask, fleet: dict[str, Node], time_machine: Any) -> None:
    tag = ask("openmetrics")["ETag"]
    with CaptureQueriesContext(connection) as captured:
        again = ask("openmetrics", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert not [query for query in captured if "rollup_minute" in query["sql"] or "group_total" in query["sql"]]
    for happen in (
        lambda: store_minute(fleet["lyon-1"], 20, 1),
        lambda: (Node.objects.update(state="down"), count_health(NOW)),
        lambda: Site.objects.filter(key="lyon").update(key="lugdunum"),
        lambda: time_machine.shift(60),
    ):
        happen()
        answer = ask("openmetrics", headers={"If-None-Match": tag})
        assert (answer.status_code, answer["ETag"] == tag) == (200, False)
        tag = answer["ETag"]
    other = ask("openmetrics", headers={"If-None-Match": tag, "Accept": "text/plain"})
    assert other.status_code == 200


def test_errors_are_json_whatever_is_accepted(client: Client, ask: Ask) -> None:
    answer = client.get("/api/v1/openmetrics", headers={"Accept": PROMETHEUS})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["Content-Type"] == "application/json"
    answer = ask("openmetrics", headers={"Accept": PROMETHEUS}, match="x")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["match"])


def test_twenty_groups_cost_as_many_queries_as_one(ask: Ask) -> None:
    def queries(count: int) -> int:
        store_minutes(*(minute(NodeFactory(site=SiteFactory()), 1, 60) for _ in range(count)))
        count_health(NOW)
        with CaptureQueriesContext(connection) as captured:
            scrape(ask)
        return len(captured)

    ask("kpis")
    assert queries(1) == queries(20)


def test_a_group_whose_site_is_gone_leaves_no_series() -> None:
    figures = FleetFigures({}, {1: Total(NOW, {"requests": Increase(1, 1)})}, [], [])
    assert written(figures, OPENMETRICS)[0] == b"# EOF\n"
