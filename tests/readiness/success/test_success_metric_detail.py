"""One success metric: where it stands, and changing and retiring it, which its team may."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Role, Team, User
from readiness.success.models import SuccessMetric
from tests.factories import NodeFactory, SiteFactory, TeamFactory, UserFactory, member_of, signed_in
from tests.pages import words
from tests.readiness.measurements import FAIR, serve
from tests.readiness.success.promises import form, in_days, promise

pytestmark = pytest.mark.django_db


@pytest.fixture
def metric(team: Team, owner: User) -> SuccessMetric:
    """From 1350 ms in the past to 600 ms."""
    return promise(
        team,
        owner,
        name="Faster",
        kpi="e2e_latency_p95",
        baseline_value=1350,
        baseline_on=in_days(-30),
        baseline_source="Report of May",
        target_value=600,
    )


def page(metric: SuccessMetric, person: User) -> str:
    return words(signed_in(person).get(metric.get_absolute_url()))


def edit(metric: SuccessMetric, person: User, **fields: Any) -> Any:
    url = reverse("readiness:success_metric_edit", args=[metric.pk])
    return signed_in(person).post(url, {**form(metric.team, metric.owner), **fields})


def retire(metric: SuccessMetric, person: User) -> Any:
    return signed_in(person).post(reverse("readiness:success_metric_retire", args=[metric.pk]), follow=True)


def test_it_works(metric: SuccessMetric, stranger: User) -> None:
    serve(NodeFactory(), datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=10), FAIR)
    text = page(metric, stranger)
    assert "Faster End-to-end latency, p95 · Whole fleet Missed" in text
    assert "Now 975\u00a0ms" in text
    assert "Target ≤\u00a0600\u00a0ms" in text
    assert "Baseline 1,350\u00a0ms" in text
    assert "Report of May" in text
    assert "Way done 50" in text
    assert "Owner Olive Owner Team Support" in text
    assert "How it is computed Quantile of the merged histograms" in text


def test_without_readings_it_is_unknown(metric: SuccessMetric, owner: User) -> None:
    text = page(metric, owner)
    assert "Whole fleet Unknown" in text
    assert "Now no data" in text
    assert "Way done" not in text


def test_without_a_baseline_it_says_so(team: Team, owner: User) -> None:
    assert "Baseline none given" in page(promise(team, owner), owner)


@pytest.mark.parametrize(("scope", "shown"), [("tier", "Edge"), ("site", "Lyon")])
def test_its_scope_is_named(team: Team, owner: User, scope: str, shown: str) -> None:
    values = {"tier": "edge"} if scope == "tier" else {"site": SiteFactory(name="Lyon")}
    assert f"Success ratio · {shown} Unknown" in page(promise(team, owner, scope=scope, **values), owner)


def test_it_leads_to_its_kpi(metric: SuccessMetric, owner: User) -> None:
    content = signed_in(owner).get(metric.get_absolute_url()).content.decode()
    assert f'href="{reverse("kpis:kpi_detail", args=["e2e_latency_p95"])}"' in content


def test_only_its_team_is_offered_to_change_it(metric: SuccessMetric, colleague: User, stranger: User) -> None:
    assert {"Change", "Retire"} <= set(page(metric, colleague).split())
    for person in (stranger, UserFactory(role=Role.REVIEWER), member_of(metric.team, Role.EXECUTIVE)):
        assert not {"Change", "Retire"} & set(page(metric, person).replace("Change password", "").split())


def test_what_is_not_there_is_not_found(owner: User) -> None:
    assert signed_in(owner).get(reverse("readiness:success_metric_detail", args=[999_999])).status_code == 404


def test_numbers_are_written_in_french(metric: SuccessMetric, owner: User) -> None:
    text = words(signed_in(owner).get(f"/fr/success-metrics/{metric.pk}/"))
    assert "1\u202f350\u00a0ms" in text


# --- Changing ------------------------------------------------------------------------------------------------------


def test_it_is_changed_by_its_team(metric: SuccessMetric, colleague: User) -> None:
    assert edit(metric, colleague, name="Better", target_value="99.9")["Location"] == metric.get_absolute_url()
    metric.refresh_from_db()
    assert (metric.name, metric.target_value, metric.kpi) == ("Better", 99.9, "success_ratio")
    event = AuditEvent.objects.get()
    assert (event.verb, event.actor, event.details["target"]) == ("success_metric.change", colleague, 99.9)
    assert {"name", "target_value", "kpi"} <= set(event.details["fields"])


@pytest.mark.parametrize(("language", "shown"), [("en", "99.5"), ("fr", "99,5")])
def test_the_form_shows_numbers_as_it_takes_them(team: Team, owner: User, language: str, shown: str) -> None:
    """Saving a form that nobody touched changes nothing, in either language."""
    metric = promise(team, owner, baseline_value=97.25, baseline_on=in_days(-9), baseline_source="Report")
    browser, url = signed_in(owner), f"/{language}/success-metrics/{metric.pk}/edit/"
    content = browser.get(url).content.decode()
    assert f'value="{shown}"' in content
    assert f'value="{in_days(-9).isoformat()}"' in content
    sent = form(team, owner, target_value=shown, baseline_value=shown.replace("99", "97").replace("5", "25"))
    before = SuccessMetric.objects.values().get()
    browser.post(url, {**sent, "baseline_on": in_days(-9), "baseline_source": "Report"})
    assert SuccessMetric.objects.values().get() == before


def test_a_wrong_value_changes_nothing(metric: SuccessMetric, owner: User) -> None:
    response = edit(metric, owner, name="Better", target_value="much")
    assert set(response.context["form"].errors) == {"target_value"}
    metric.refresh_from_db()
    assert metric.name == "Faster"


def test_it_is_not_moved_to_another_team(metric: SuccessMetric, owner: User) -> None:
    assert set(edit(metric, owner, team=TeamFactory().pk).context["form"].errors) == {"team"}


def test_others_change_nothing(metric: SuccessMetric, stranger: User) -> None:
    for person in (stranger, UserFactory(role=Role.REVIEWER), member_of(metric.team, Role.EXECUTIVE)):
        assert edit(metric, person).status_code == 404
        assert retire(metric, person).status_code == 404
    metric.refresh_from_db()
    assert (metric.name, metric.retired_at) == ("Faster", None)


def test_an_administrator_may(metric: SuccessMetric) -> None:
    assert edit(metric, UserFactory(role=Role.ADMINISTRATOR)).status_code == 302


# --- Retiring ------------------------------------------------------------------------------------------------------


def test_it_is_retired_and_kept(metric: SuccessMetric, colleague: User) -> None:
    response = retire(metric, colleague)
    assert "Success metric retired." in words(response)
    assert response.redirect_chain[-1][0] == reverse("readiness:success_metric_list")
    metric.refresh_from_db()
    assert metric.retired_at is not None
    assert signed_in(colleague).get(metric.get_absolute_url()).status_code == 404
    assert AuditEvent.objects.get().verb == "success_metric.retire"


def test_retiring_twice_is_not_found(metric: SuccessMetric, owner: User) -> None:
    retire(metric, owner)
    assert retire(metric, owner).status_code == 404


def test_reading_the_address_retires_nothing(metric: SuccessMetric, owner: User) -> None:
    url = reverse("readiness:success_metric_retire", args=[metric.pk])
    assert signed_in(owner).get(url).status_code == 405
