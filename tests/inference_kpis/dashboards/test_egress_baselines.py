"""Declaring what requests used to send: added, dated, never changed."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import AuditEvent
from inference_kpis.fleet.egress import bytes_per_request_by_model
from inference_kpis.fleet.models import EgressBaseline, ServedModel
from tests.factories import UserFactory
from tests.inference_kpis.dashboards.asking import NOW, text_of
from tests.pages import queries

pytestmark = pytest.mark.django_db
LIST, ADD = "/en/fleet/egress-baselines/", "/en/fleet/egress-baselines/new/"


@pytest.fixture
def model() -> ServedModel:
    return ServedModel.objects.create(name="llama-3.1-8b")


def baseline(served: ServedModel, **values: str) -> dict[str, object]:
    given = {
        "model": served.pk,
        "bytes_per_request": "52000",
        "measured_on": "2026-01-31",
        "source": "Gateway, January",
    }
    return {**given, **values}


def test_it_works(operator: Client, model: ServedModel) -> None:
    page = text_of(operator.post(ADD, baseline(model), follow=True))
    assert "llama-3.1-8b in force 52,000 bytes" in page
    assert "Gateway, January" in page
    assert bytes_per_request_by_model() == {"llama-3.1-8b": 52_000}
    assert AuditEvent.objects.filter(verb="egress_baseline.declare").count() == 1


def test_the_newest_counts_and_the_others_stay(operator: Client, model: ServedModel) -> None:
    operator.post(ADD, baseline(model))
    operator.post(ADD, baseline(model, bytes_per_request="48000"))
    assert bytes_per_request_by_model() == {"llama-3.1-8b": 48_000}
    operator.post(ADD, baseline(model, bytes_per_request=""))
    assert bytes_per_request_by_model() == {}
    page = text_of(operator.get(LIST))
    assert "llama-3.1-8b in force no longer declared" in page
    assert "52,000 bytes" in page


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"bytes_per_request": "-1"}, "greater than or equal to 0"),
        ({"bytes_per_request": "2e9"}, "Enter a whole number."),
        ({"bytes_per_request": "2000000000"}, "less than or equal to 1000000000"),
        ({"measured_on": str((NOW + timedelta(days=2)).date())}, "A baseline cannot be dated in the future."),
        ({"source": ""}, "This field is required."),
        ({"model": "0"}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_said(operator: Client, model: ServedModel, values: dict[str, str], sentence: str) -> None:
    assert sentence in text_of(operator.post(ADD, baseline(model, **values)))
    assert EgressBaseline.objects.count() == 0


def test_without_a_model_or_a_baseline_pages_say_what_to_do(operator: Client) -> None:
    assert "No baseline yet" in text_of(operator.get(LIST))
    assert "No model yet" in text_of(operator.get(ADD))


def test_who_reads_cannot_declare(browser: Client, model: ServedModel) -> None:
    assert browser.post(ADD, baseline(model)).status_code == 403
    assert "Declare a baseline" not in text_of(browser.get(LIST))


def test_one_row_costs_as_many_queries_as_twenty(operator: Client) -> None:
    def declare(amount: int) -> None:
        for _ in range(amount):
            model = ServedModel.objects.create(name=f"m{ServedModel.objects.count()}")
            EgressBaseline.objects.create(
                model=model, bytes_per_request=1, measured_on=NOW, source="x", declared_by=UserFactory()
            )

    declare(1)
    few = queries(operator, LIST)
    declare(19)
    assert queries(operator, LIST) == few
