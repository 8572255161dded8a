"""Defining a KPI: previewed, checked, saved; then shown wherever a KPI is."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent
from inference_kpis.alerts.models import AlertRule, Channel
from inference_kpis.formulas.models import CustomKpi
from tests.factories import CustomKpiFactory
from tests.inference_kpis.dashboards.asking import busy_node, text_of
from tests.pages import queries

pytestmark = pytest.mark.django_db
LIST, ADD, EDIT = "/en/kpis/custom/", "/en/kpis/custom/new/", "/en/kpis/custom/answer_tokens/edit/"
FORM = {
    "key": "answer_tokens",
    "formula": "increase(output_tokens) / increase(requests)",
    "shown_in": "",
    "direction": "higher",
    "name_en": "Tokens per answer",
    "name_fr": "Jetons par réponse",
    "description_en": "Output tokens divided by requests.",
    "description_fr": "Jetons produits divisés par les requêtes.",
}


def preview(operator: Client, url: str = ADD, **values: str) -> Any:
    """What the live preview shows for a form that holds these."""
    return operator.post(url, {**FORM, **values, "preview": "1"}, headers={"HX-Request": "true"})


def test_it_works(operator: Client) -> None:
    busy_node()
    page = operator.post(ADD, FORM, follow=True)
    assert page.redirect_chain[-1][0] == "/en/kpis/answer_tokens/"
    text = text_of(page)
    assert "Tokens per answer 10 tokens/request" in text
    assert "Output tokens divided by requests." in text
    assert "Version 1 increase(output_tokens) / increase(requests)" in text
    kpi = CustomKpi.objects.get()
    assert (kpi.unit, kpi.shown_in, kpi.version) == ("token/request", "tokens/request", 1)
    assert AuditEvent.objects.filter(verb="custom_kpi.add").count() == 1


def test_the_preview_shows_value_and_unit_and_saves_nothing(operator: Client) -> None:
    busy_node()
    fragment = preview(operator, shown_in="tokens/1000 requests", key="", name_en="")
    assert "<html" not in fragment.content.decode()
    text = text_of(fragment)
    assert "The fleet, 1 hour 10,000 tokens/1,000 requests" in text
    assert "Unit that follows from the formula token/request" in text
    whole = text_of(operator.post(ADD, {**FORM, "preview": "1"}))
    assert "The fleet, 24 hours 10 tokens" in whole
    assert CustomKpi.objects.count() == 0


def test_the_preview_points_at_what_is_wrong(operator: Client) -> None:
    fragment = preview(operator, formula="rate(requests) + rate(output_tokens)").content.decode()
    assert "request/s and token/s cannot be added or subtracted" in fragment
    assert "rate(requests) <mark>+</mark> rate(output_tokens)" in fragment
    assert "This field is required." in text_of(preview(operator, formula=""))


def test_no_reading_is_no_data(operator: Client) -> None:
    assert "The fleet, 1 hour no data" in text_of(preview(operator))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"key": "Answer"}, "Write 3 to 40 small letters"),
        ({"key": "request_rate"}, "The catalogue has this key already."),
        ({"key": "requests"}, "The catalogue has this key already."),
        ({"key": "custom"}, "The catalogue has this key already."),
        ({"key": "taken_key"}, "already exists"),
        ({"formula": "rate(reqests)"}, "Did you mean requests? (at character 6)"),
        ({"formula": "<script>"}, "This character is not understood"),
        ({"shown_in": "ms"}, "The formula gives token/request: a value of it cannot be shown in ms."),
        ({"shown_in": "fortnight"}, "There is no measure, KPI or unit of the name fortnight."),
        ({"direction": "sideways"}, "sideways is not one of the available choices."),
        ({"name_fr": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_saved(operator: Client, values: dict[str, str], sentence: str) -> None:
    CustomKpiFactory(key="taken_key", retired_at="2026-01-01T00:00Z")
    assert sentence in text_of(operator.post(ADD, {**FORM, **values}))
    assert CustomKpi.objects.count() == 1


def test_another_formula_is_a_new_version(operator: Client) -> None:
    operator.post(ADD, FORM)
    operator.post(EDIT, {**FORM, "name_en": "Answer length"})
    assert CustomKpi.objects.get().version == 1
    page = text_of(
        operator.post(EDIT, {**FORM, "formula": "2 * increase(output_tokens) / increase(requests)"}, follow=True)
    )
    assert "Version 2 2 * increase(output_tokens)" in page
    assert "Version 1 increase(output_tokens)" in page
    assert "a change of the formula changes the figures of all the past" in page


def test_unit_key_and_direction_stay(operator: Client) -> None:
    operator.post(ADD, FORM)
    page = text_of(operator.post(EDIT, {**FORM, "formula": "rate(requests)"}))
    assert "Before, it gave token/request" in page
    operator.post(EDIT, {**FORM, "key": "another_key", "direction": "lower", "shown_in": "token/1000 requests"})
    kpi = CustomKpi.objects.get()
    assert (kpi.key, kpi.direction, kpi.shown_in) == ("answer_tokens", "higher", "tokens/request")


def test_a_retired_one_keeps_its_page_and_leaves_the_list(operator: Client) -> None:
    operator.post(ADD, FORM)
    assert "Tokens per answer" in text_of(operator.get("/en/kpis/"))
    operator.post("/en/kpis/custom/answer_tokens/retire/", follow=True)
    assert "Tokens per answer" not in text_of(operator.get("/en/kpis/"))
    assert "Retired: it is offered nowhere any more." in text_of(operator.get("/en/kpis/answer_tokens/"))
    assert operator.get(EDIT).status_code == 404
    assert "Tokens per answer retired" in text_of(operator.get(LIST))


def test_who_reads_sees_it_and_cannot_write(browser: Client) -> None:
    kpi = CustomKpiFactory()
    assert browser.get(f"/en/kpis/custom/{kpi.key}/edit/").status_code == 403
    assert browser.post(f"/en/kpis/custom/{kpi.key}/retire/").status_code == 403
    assert browser.post(ADD, FORM).status_code == 403
    assert "Define a KPI" not in text_of(browser.get(LIST))
    assert kpi.name_en in text_of(browser.get(LIST))


def test_it_is_split_and_exported_as_every_kpi(operator: Client) -> None:
    busy_node()
    operator.post(ADD, FORM)
    file = operator.get("/en/kpis/answer_tokens.csv?split=tier").content.decode()
    assert file.splitlines()[0] == "start_utc,tier,answer_tokens,unit"
    assert ",10,tokens/request" in file


def test_an_alert_rule_watches_it(operator: Client) -> None:
    operator.post(ADD, FORM)
    channel = Channel.objects.create(name="Operators")
    form = {
        "name": "Long answers",
        "kpi": "answer_tokens",
        "side": "above",
        "threshold": "9",
        "window_seconds": "300",
        "minimum_samples": "0",
        "scope": "fleet",
        "per": "whole",
        "raise_after_seconds": "60",
        "clear_after_seconds": "60",
        "severity": "warning",
        "channel": channel.pk,
    }
    page = text_of(operator.post("/en/alerts/rules/new/kpi/", form, follow=True))
    assert "Tokens per answer" in page
    rule = AlertRule.objects.get()
    assert rule.custom_kpi == CustomKpi.objects.get()
    operator.post("/en/kpis/custom/answer_tokens/retire/")
    assert "Tokens per answer" in text_of(operator.get(f"/en/alerts/rules/{rule.pk}/edit/"))
    operator.post(f"/en/alerts/rules/{rule.pk}/edit/", {**form, "kpi": "request_rate"})
    rule.refresh_from_db()
    assert (rule.kpi, rule.custom_kpi) == ("request_rate", None)


def test_twenty_cost_as_many_queries_as_one(browser: Client) -> None:
    channel = Channel.objects.create(name="Operators")

    def define(amount: int) -> None:
        for _ in range(amount):
            kpi = CustomKpiFactory()
            AlertRule.objects.create(
                name=kpi.key, kind="absence", kpi=kpi.key, custom_kpi=kpi, channel=channel, window_seconds=300
            )

    pages = (LIST, "/en/kpis/", "/en/alerts/rules/", "/en/kpis/request_rate/")
    define(1)
    few = [queries(browser, page) for page in pages]
    define(19)
    assert [queries(browser, page) for page in pages] == few
