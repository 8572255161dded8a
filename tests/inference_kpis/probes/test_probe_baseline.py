"""The form on which a baseline is kept."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inference_kpis.probes.models import Probe, ProbeBaseline
from inference_kpis.readings.rollups import roll_up_touched
from tests.inference_kpis.dashboards.asking import text_of
from tests.inference_kpis.probes.probing import answered, probe_of, ran, run_at
from tests.inference_kpis.pulls import at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_later")]
ENTERED = {"how": "enter", "p50_ms": "80", "p95_ms": "120.5", "dated_on": "2026-01-02", "note": "Load test of January"}


def keep(browser: Client, probe: Probe, **values: Any) -> Any:
    return browser.post(reverse("kpis:probe_baseline", args=[probe.pk]), values)


def test_it_works(operator: Client) -> None:
    probe = probe_of()
    ran(probe, run_at(240, answered(0.02), answered(0.08)))
    roll_up_touched(at(295))
    assert keep(operator, probe, how="freeze", window="1h").status_code == 302
    kept = ProbeBaseline.objects.get()
    assert (kept.samples, kept.is_frozen, kept.window_end) == (1, True, at(360))


def test_what_was_measured_elsewhere_is_entered(operator: Client) -> None:
    probe = probe_of()
    assert keep(operator, probe, **ENTERED).status_code == 302
    kept = ProbeBaseline.objects.get()
    assert (kept.p50_seconds, kept.p95_seconds, kept.samples, kept.model_name) == (0.08, 0.1205, 0, "m")
    page = text_of(operator.get(reverse("kpis:probe_baseline", args=[probe.pk])))
    for found in ("80 ms", "120 ms", "entered", "Load test of January"):
        assert found in page


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"how": "freeze", "window": "1h"}, "No central counterpart of this model was probed"),
        ({"how": "freeze"}, "Choose the window to freeze."),
        (ENTERED | {"p50_ms": "", "p95_ms": ""}, "Enter the median, the 95th percentile, or both."),
        (ENTERED | {"p50_ms": "0"}, "greater than or equal to"),
        (ENTERED | {"p50_ms": "200"}, "cannot be below the median"),
        (ENTERED | {"p50_ms": "nan"}, "Enter a number."),
        (ENTERED | {"dated_on": ""}, "Say when this was measured."),
        (ENTERED | {"note": ""}, "Say where these values come from."),
        ({"how": "guess"}, "is not one of the available choices"),
    ],
    ids=range(9),
)
def test_what_is_wrong_is_said_and_keeps_nothing(operator: Client, values: dict[str, str], words: str) -> None:
    assert words in text_of(keep(operator, probe_of(), **values))
    assert not ProbeBaseline.objects.exists()


def test_a_probe_without_a_model_has_none(operator: Client) -> None:
    probe = probe_of(model_name="", kind="http")
    assert keep(operator, probe, **ENTERED).status_code == 302
    assert not ProbeBaseline.objects.exists()


def test_who_reads_the_fleet_may_not(browser: Client) -> None:
    assert keep(browser, probe_of(), **ENTERED).status_code in {403, 404}
    assert not ProbeBaseline.objects.exists()
