"""`GET /api/v1/kpis` and `/api/v1/kpis/<key>`: the figures of the pages, for machines."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inference_kpis.catalogue import KPIS
from inference_kpis.fleet.models import Node, Site
from inference_kpis.readings.algebra import Distribution
from tests.factories import NodeFactory, SiteFactory, UserFactory
from tests.inference_kpis.api.asking import NOW, Ask, minute, reader, small_fleet, store_minute, store_minutes

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(client: Client) -> Ask:
    return reader(client)


@pytest.fixture
def fleet() -> dict[str, Node]:
    return small_fleet()


def values(series: dict[str, Any]) -> list[float]:
    return [point["value"] for point in series["points"] if point["value"] is not None]


# --- The catalogue ---------------------------------------------------------------------------------------------------


def test_the_catalogue_is_all_kpis(ask: Ask) -> None:
    kpis = ask("kpis").json()["kpis"]
    assert [kpi["key"] for kpi in kpis] == list(KPIS)
    latency = next(kpi for kpi in kpis if kpi["key"] == "e2e_latency_p95")
    assert (latency["unit"], latency["direction"], latency["vantage"]) == ("ms", "lower", "server")
    assert latency["vantage_label"]
    assert latency["formula"]


def test_labels_follow_the_language(ask: Ask) -> None:
    english, french = (
        [kpi["label"] for kpi in ask("kpis", headers={"Accept-Language": code}).json()["kpis"]] for code in ("en", "fr")
    )
    assert english != french


# --- One KPI ---------------------------------------------------------------------------------------------------------


def test_it_works(ask: Ask, fleet: dict[str, Node]) -> None:
    answer = ask("kpis/request_rate", window="15m", split="site").json()
    assert (answer["kpi"]["unit"], answer["step_seconds"], answer["split"]) == ("req/s", 60, "site")
    lyon, paris = answer["series"]
    assert [(each["key"], each["label"]) for each in answer["series"]] == [("lyon", "Lyon"), ("paris", "Paris")]
    assert values(lyon) == [minute + 0.5 + 2 for minute in range(10, 0, -1)]
    assert values(paris) == [10.0] * 9
    assert paris["quantity"]["value"] == pytest.approx(9.0), (
        "over the seconds of the window, the silent minute included"
    )
    assert answer["quantity"]["value"] == pytest.approx((55 + 5 + 20 + 90) / 10)


def test_a_quantile_comes_with_what_is_known_of_it(ask: Ask, fleet: dict[str, Node]) -> None:
    answer = ask("kpis/e2e_latency_p95", window="15m").json()
    quantity = answer["quantity"]
    assert (quantity["bound"], quantity["low"], quantity["high"]) == ("exact", 100, 500)
    assert 100 < quantity["value"] < 500
    median = ask("kpis/e2e_latency_p50", window="15m").json()["quantity"]
    assert (median["bound"], median["value"]) == ("at_most", 100)


def test_a_value_above_all_bounds_is_at_least_the_last_one(ask: Ask) -> None:
    node = NodeFactory()
    store_minute(node, 1, 10, e2e_latency=Distribution({(0.1, 0.5): (0, 0, 10)}, 9_000_000, 60_000))
    quantity = ask("kpis/e2e_latency_p95", window="15m").json()["quantity"]
    assert (quantity["bound"], quantity["value"], quantity["high"]) == ("at_least", 500, None)


def test_histograms_of_different_bounds_are_approximate(ask: Ask, fleet: dict[str, Node]) -> None:
    store_minute(fleet["paris-1"], 5, 10, e2e_latency=Distribution({(0.2, 0.3): (4, 4, 2)}, 9_000_000, 60_000))
    by_site = ask("kpis/e2e_latency_p95", window="15m", split="site").json()["series"]
    assert [each["quantity"]["approximate"] for each in by_site] == [False, True]


def test_no_value_says_why(ask: Ask, fleet: dict[str, Node]) -> None:
    by_engine = ask("kpis/time_to_first_token_p95", window="15m", split="engine").json()
    assert by_engine["quantity"]["reason"] == "no_data"
    absent = ask("kpis/kv_cache_pressure", window="15m", engine="vllm").json()["quantity"]
    assert absent["reason"] == "no_data"
    cost = ask("kpis/inter_token_latency_p95", window="15m", split="engine").json()["series"]
    reasons = {each["key"]: each["quantity"]["reason"] for each in cost}
    assert reasons == {"triton": "not_exposed", "vllm": "no_data"}
    points = {each["key"]: {point["reason"] for point in each["points"]} for each in cost}
    assert points == {"triton": {"not_exposed"}, "vllm": {"no_data"}}
    for quantity in (absent, cost[0]["quantity"], cost[0]["points"][0]):
        assert (quantity["value"], quantity["low"], quantity["high"], quantity["bound"]) == (None,) * 4


def test_nothing_at_all_is_no_data(ask: Ask) -> None:
    answer = ask("kpis/request_rate", split="site").json()
    assert (answer["series"], answer["quantity"]["reason"]) == ([], "no_data")
    (whole,) = ask("kpis/request_rate").json()["series"]
    assert len(whole["points"]) == 60
    assert {point["reason"] for point in whole["points"]} == {"no_data"}


@pytest.mark.parametrize(
    ("scope", "rate"),
    [
        ({}, 17.0),
        ({"site": "lyon"}, 8.0),
        ({"tier": "central"}, 9.0),
        ({"engine": "triton"}, 2.0),
        ({"model": "mistral"}, 0.5),
        ({"site": "lyon", "model": "llama"}, 7.5),
        ({"site": "paris", "engine": "triton"}, None),
    ],
)
def test_scopes_narrow_the_fleet_down(
    ask: Ask, fleet: dict[str, Node], scope: dict[str, str], rate: float | None
) -> None:
    answer = ask("kpis/request_rate", window="15m", **scope).json()
    assert answer["scope"] == scope
    assert answer["quantity"]["value"] == (None if rate is None else pytest.approx(rate))


@pytest.mark.parametrize("split", ["site", "tier", "engine", "model"])
def test_splits_are_the_groups_of_the_fleet(ask: Ask, fleet: dict[str, Node], split: str) -> None:
    series = ask("kpis/request_rate", window="15m", split=split).json()["series"]
    keys = {"site": ["lyon", "paris"], "tier": ["central", "edge"], "engine": ["triton", "vllm"]}
    assert sorted(each["key"] for each in series) == keys.get(split, ["llama", "mistral"])


def test_sites_of_one_name_are_two_series(ask: Ask, fleet: dict[str, Node]) -> None:
    Site.objects.update(name="Twin")
    series = ask("kpis/request_rate", window="15m", split="site").json()["series"]
    assert [(each["key"], each["label"]) for each in series] == [("lyon", "Twin"), ("paris", "Twin")]


def test_one_node(ask: Ask, fleet: dict[str, Node]) -> None:
    node = fleet["lyon-1"]
    answer = ask("kpis/request_rate", window="15m", node=str(node.uuid)).json()
    assert answer["scope"] == {"node": str(node.uuid)}
    assert answer["quantity"]["value"] == pytest.approx(6.0)
    assert answer["series"][0]["label"] == "lyon-1"
    by_model = ask("kpis/request_rate", window="15m", node=str(node.uuid), split="model").json()["series"]
    assert [(each["key"], each["quantity"]["value"]) for each in by_model] == [
        ("llama", pytest.approx(5.5)),
        ("mistral", pytest.approx(0.5)),
    ]


def test_start_and_end(ask: Ask, fleet: dict[str, Node]) -> None:
    start, end = NOW - timedelta(minutes=6), NOW - timedelta(minutes=2)
    answer = ask("kpis/request_rate", start=start.isoformat(), end=end.isoformat(), step="2m", site="paris").json()
    assert answer["start"] == f"{start:%Y-%m-%dT%H:%M:%SZ}"
    assert answer["step_seconds"] == 120
    assert answer["quantity"]["value"] == pytest.approx(7.5)


@pytest.mark.parametrize("window", ["15m", "1h", "6h", "24h", "7d"])
@pytest.mark.parametrize("split", ["site", "tier", "engine", "model"])
def test_page_and_api_say_the_same(ask: Ask, fleet: dict[str, Node], client: Client, window: str, split: str) -> None:
    client.force_login(UserFactory())
    for key in ("request_rate", "success_ratio", "e2e_latency_p95", "queue_depth", "availability"):
        page = client.get(reverse("kpis:kpi_csv", args=[key]), {"window": window, "split": split}).content.decode()
        shown = {(row["start_utc"], row[split]): row[key] for row in csv.DictReader(io.StringIO(page))}
        answer = ask(f"kpis/{key}", window=window, split=split, headers={"Accept-Language": "en"}).json()
        told = {
            (point["start"].replace("Z", "+00:00"), each["label"]): ""
            if point["value"] is None
            else f"{point['value']:.6g}"
            for each in answer["series"]
            if each["quantity"]["reason"] is None
            for point in each["points"]
        }
        assert told == shown
        assert any(shown.values())


def test_node_page_and_api_say_the_same(ask: Ask, fleet: dict[str, Node], client: Client) -> None:
    client.force_login(UserFactory())
    node = fleet["lyon-1"]
    page = client.get(reverse("kpis:node_csv", args=[node.uuid, "e2e_latency_p95"]), {"window": "15m"})
    shown = [row["e2e_latency_p95"] for row in csv.DictReader(io.StringIO(page.content.decode()))]
    (series,) = ask("kpis/e2e_latency_p95", window="15m", node=str(node.uuid)).json()["series"]
    assert ["" if point["value"] is None else f"{point['value']:.6g}" for point in series["points"]] == shown


def test_many_groups_cost_as_many_queries_as_one(ask: Ask) -> None:
    def queries(count: int) -> int:
        store_minutes(*(minute(NodeFactory(site=SiteFactory()), 1, 60) for _ in range(count)))
        with CaptureQueriesContext(connection) as captured:
            assert len(ask("kpis/request_rate", split="site").json()["series"]) >= count
        return len(captured)

    ask("kpis")
    assert queries(1) == queries(20)


# --- Refusals --------------------------------------------------------------------------------------------------------

WRONG: list[tuple[str, str]] = [
    ("window", "1w"),
    ("window", "367d"),
    ("window", "0h"),
    ("start", "yesterday"),
    ("start", "2026-11-22T10:00:00"),
    ("start", "2999-01-01T00:00:00Z"),
    ("step", "10s"),
    ("step", "x"),
    ("site", "nowhere"),
    ("site", "a\x00b"),
    ("tier", "moon"),
    ("engine", "steam"),
    ("model", "unheard-of"),
    ("node", "17"),
    ("node", "00000000-0000-0000-0000-000000000000"),
    ("split", "colour"),
    ("scope", "fleet"),
    ("surprise", "1"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_parameter_is_refused_by_its_name(ask: Ask, name: str, value: str) -> None:
    answer = ask("kpis/request_rate", **{name: value})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [name]
    assert answer.json()["fields"][name][0]


def test_parameters_that_contradict_each_other(ask: Ask, fleet: dict[str, Node]) -> None:
    node = str(fleet["lyon-1"].uuid)
    start, end = "2026-11-22T10:00:00Z", "2026-11-22T09:00:00Z"
    for parameters, name in (
        ({"node": node, "site": "lyon"}, "site"),
        ({"node": node, "split": "site"}, "split"),
        ({"window": "1h", "start": start}, "window"),
        ({"start": start, "end": end}, "start"),
        ({"end": end}, "start"),
        ({"window": "7d", "step": "5m"}, "step"),
        ({"window": "60d", "step": "1h"}, "step"),
        ({"site": ["lyon", "paris"]}, "site"),
    ):
        answer = ask("kpis/request_rate", **parameters)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [name])


def test_an_empty_parameter_is_left_out(ask: Ask, fleet: dict[str, Node]) -> None:
    assert ask("kpis/request_rate", site="", split="", window="15m").json()["quantity"]["value"] == pytest.approx(17)


def test_a_node_out_of_service_is_no_scope(ask: Ask, fleet: dict[str, Node]) -> None:
    Node.objects.update(retired_at=NOW)
    answer = ask("kpis/request_rate", node=str(fleet["lyon-1"].uuid))
    assert list(answer.json()["fields"]) == ["node"]


def test_a_kpi_that_there_is_not(ask: Ask) -> None:
    answer = ask("kpis/happiness")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_catalogue_takes_no_parameters(ask: Ask) -> None:
    assert list(ask("kpis", window="1h").json()["fields"]) == ["window"]
