"""The page of all probes."""

import pytest
from django.test import Client
from django.urls import reverse

from inference_kpis.probes.models import Probe
from inference_kpis.readings.rollups import roll_up_touched
from tests.inference_kpis.dashboards.asking import assert_is_live, text_of
from tests.inference_kpis.probes.probing import FAILED, answered, probe_of, ran, run_at
from tests.inference_kpis.pulls import at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_later")]


def url() -> str:
    return reverse("kpis:probe_list")


def test_it_works(browser: Client) -> None:
    probe = probe_of(name="Lyon", interval_seconds=5)
    for number in range(10):
        ran(probe, run_at(240 + number * 5, answered(0.02), answered(0.08)))
    ran(probe, run_at(290, FAILED, answered(0.08)))
    roll_up_touched(at(295))
    page = text_of(browser.get(url()))
    for found in (
        "Lyon",
        "Response-time reduction, median",
        "95% interval",
        "No complete answer arrived",
        "80 ms",
        "10 s ago",
    ):
        assert found in page
    assert "overdue" not in page
    assert "Add a probe" not in page


def test_without_a_probe_it_says_what_to_do(browser: Client, operator: Client) -> None:
    assert "No probe yet" in text_of(browser.get(url()))
    assert reverse("kpis:probe_add") in operator.get(url()).content.decode()


def test_a_probe_that_does_not_run_is_overdue(browser: Client) -> None:
    probe_of(interval_seconds=60)
    assert "overdue" in text_of(browser.get(url()))
    Probe.objects.update(is_paused=True)
    assert "overdue" not in text_of(browser.get(url()))


def test_it_keeps_itself_fresh(browser: Client) -> None:
    ran(probe_of(), run_at(240, answered(0.02)))
    roll_up_touched(at(295))
    assert_is_live(browser, url())


def test_twenty_cost_as_many_queries_as_one(browser: Client, django_assert_num_queries) -> None:
    def ask() -> None:
        ran(probe_of(), run_at(240, answered(0.02), answered(0.08)))

    ask()
    browser.get(url())
    with django_assert_num_queries(9) as one:
        browser.get(url())
    for _ in range(19):
        probe_of()
    with django_assert_num_queries(len(one.captured_queries)):
        browser.get(url())
