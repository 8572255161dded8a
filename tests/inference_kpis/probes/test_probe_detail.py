"""The page of one probe, and the file of its chart."""

import csv
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inference_kpis.probes.baselines import enter_baseline
from inference_kpis.probes.models import Probe
from inference_kpis.readings.rollups import roll_up_touched
from tests.factories import NodeFactory, UserFactory
from tests.inference_kpis.dashboards.asking import assert_is_live, text_of
from tests.inference_kpis.probes.probing import FAILED, answered, probe_of, ran, run_at
from tests.inference_kpis.pulls import START, at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_later")]


def url_of(probe: Probe) -> str:
    return reverse("kpis:probe_detail", args=[probe.pk])


def probed(**values: Any) -> Probe:
    """A probe that found ten times that the edge is four times as fast."""
    probe = probe_of(**{"name": "Lyon", "interval_seconds": 5} | values)
    central = answered(0.08) if probe.central_url else None
    for number in range(10):
        ran(probe, run_at(240 + number * 5, answered(0.02), central))
    roll_up_touched(at(295))
    return probe


def test_it_works(browser: Client) -> None:
    page = text_of(browser.get(url_of(probed())))
    for found in (
        "Edge and central side by side",
        "Response-time reduction, median 74.5%",
        "95% interval: 72.6% to 76.3%",
        "too few samples for a 95% interval: undecided",
        "Latency seen by probes, p95 20 ms 80 ms 10",
        "Success ratio of probes 100% 100% 10",
        "The edge answers sooner",
        "20 ms first token 10 ms",
    ):
        assert found in page
    assert "Run it now" not in page
    assert "10.0.9.9" not in page


def test_an_operator_sees_what_it_asks_and_may_write(operator: Client) -> None:
    page = text_of(operator.get(url_of(probed())))
    for found in ("http://10.0.9.9:8000/v1/chat/completions", "Run it now", "Pause", "Keep a baseline of this model"):
        assert found in page


def test_what_went_wrong_is_named(browser: Client) -> None:
    probe = probed()
    ran(probe, run_at(292, FAILED, FAILED))
    assert text_of(browser.get(url_of(probe))).count("No complete answer arrived within the time-out.") == 2


def test_without_a_counterpart_it_is_compared_with_the_baseline(browser: Client) -> None:
    probe = probed(central_url="")
    assert "There is nothing to compare with" in text_of(browser.get(url_of(probe)))
    day = date(2026, 1, 2)
    enter_baseline("m", p50_seconds=0.1, p95_seconds=0.2, dated_on=day, note="Load test", by=UserFactory())
    page = text_of(browser.get(url_of(probe)))
    for found in ("Response-time reduction, median 80", "measured on 2 January 2026", "Load test"):
        assert found in page
    assert "Central" not in page


def test_a_probe_that_has_not_run_says_so(browser: Client) -> None:
    page = text_of(browser.get(url_of(probe_of(region="lyon"))))
    assert "It has not run yet." in page
    assert "Check that a worker takes from the queue of lyon." in page


@pytest.mark.parametrize(
    ("node", "words"),
    [({"state": "paused"}, "The node is paused"), ({"retired_at": START}, "The node is out of service")],
)
def test_a_node_that_rests_is_no_fault_of_the_worker(browser: Client, node: dict[str, object], words: str) -> None:
    page = text_of(browser.get(url_of(probe_of(node=NodeFactory(**node)))))
    assert words in page
    assert "Nothing ran for a while" not in page


def test_it_keeps_itself_fresh(browser: Client) -> None:
    assert_is_live(browser, url_of(probed()))


@pytest.mark.parametrize("name", ["probe_detail", "probe_csv"])
def test_what_is_not_there_is_not_found(browser: Client, name: str) -> None:
    assert browser.get(reverse(f"kpis:{name}", args=[1])).status_code == 404


def test_the_figures_of_the_chart(browser: Client) -> None:
    probe = probed()
    answer = browser.get(reverse("kpis:probe_csv", args=[probe.pk]))
    assert answer["Content-Disposition"] == 'attachment; filename="lyon-probe_latency_p50-1h.csv"'
    table = list(csv.DictReader(answer.content.decode().splitlines()))
    measured = {row["end"]: float(row["probe_latency_p50"]) for row in table if row["probe_latency_p50"]}
    assert measured == {"edge": pytest.approx(20, rel=0.08), "central": pytest.approx(80, rel=0.08)}
