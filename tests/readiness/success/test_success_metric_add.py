"""A new success metric: a KPI with a target, a date and an owner, and a baseline that can be checked."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import AuditEvent, Role, Team, User
from readiness.success.models import SuccessMetric
from tests.factories import CustomKpiFactory, SiteFactory, TeamFactory, UserFactory, member_of, signed_in
from tests.pages import words
from tests.readiness.success.promises import form, in_days, promise

pytestmark = pytest.mark.django_db
BASELINE = {"baseline_value": "97", "baseline_on": in_days(-30), "baseline_source": "Report of May"}


def add(team: Team, person: User, *, language: str = "en", **fields: Any) -> Any:
    """Send the form as this person, who becomes the owner unless told."""
    sent = form(team, fields.pop("owner", person), **fields)
    return signed_in(person).post(f"/{language}/success-metrics/new/", sent)


def test_it_works(team: Team, owner: User) -> None:
    response = add(team, owner, **BASELINE)
    metric = SuccessMetric.objects.get()
    assert response["Location"] == metric.get_absolute_url()
    assert (metric.team, metric.owner, metric.kpi, metric.scope) == (team, owner, "success_ratio", "fleet")
    assert (metric.target_value, metric.target_on) == (99.5, in_days(90))
    assert (metric.baseline_value, metric.baseline_source) == (97, "Report of May")
    event = AuditEvent.objects.get(verb="success_metric.add")
    assert (event.actor, event.subject, event.details["target"]) == (owner, "Requests that succeed", 99.5)


def test_the_form_starts_with_oneself_as_owner(owner: User) -> None:
    shown = signed_in(owner).get(reverse("readiness:success_metric_add")).context["form"]
    assert shown["owner"].value() == owner.pk
    assert shown["scope"].value() == "fleet"


def test_only_own_teams_are_offered(team: Team, owner: User, stranger: User) -> None:
    offered = signed_in(owner).get(reverse("readiness:success_metric_add")).context["form"].fields["team"].queryset
    assert list(offered) == [team]


# --- Numbers as people write them ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "written", "value"),
    [
        ("fr", "99,5", 99.5),
        ("fr", "99.5", 99.5),
        ("fr", "-0,25", -0.25),
        ("en", "99.5", 99.5),
        ("en", " 99 ", 99),
        ("en", "1e3", 1000),
    ],
)
def test_decimal_marks_of_both_languages(team: Team, owner: User, language: str, written: str, value: float) -> None:
    fields = {**BASELINE, "target_value": written, "baseline_value": written}
    assert add(team, owner, language=language, **fields).status_code == 302
    metric = SuccessMetric.objects.get()
    assert (metric.target_value, metric.baseline_value) == (value, value)


@pytest.mark.parametrize("written", ["", "much", "99,5", "1,000", "nan", "inf", "-inf", "1e999"])
def test_what_is_no_number_is_refused(team: Team, owner: User, written: str) -> None:
    response = add(team, owner, target_value=written)
    assert response.context["form"].errors["target_value"]
    assert not SuccessMetric.objects.exists()


# --- A baseline that can be checked --------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["baseline_on", "baseline_source"])
def test_a_baseline_needs_its_date_and_its_source(team: Team, owner: User, missing: str) -> None:
    response = add(team, owner, **{**BASELINE, missing: ""})
    assert set(response.context["form"].errors) == {missing}
    assert "A baseline needs its date and its source, or nobody can check it." in words(response)
    assert not SuccessMetric.objects.exists()


def test_a_baseline_of_zero_is_a_baseline(team: Team, owner: User) -> None:
    assert add(team, owner, baseline_value="0").status_code == 200
    assert add(team, owner, **{**BASELINE, "baseline_value": "0"}).status_code == 302


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"baseline_on": in_days(1)}, "baseline_on", "A baseline cannot be dated in the future."),
        ({"target_on": in_days(-30)}, "target_on", "The target comes after the baseline."),
        ({"target_on": in_days(-31)}, "target_on", "The target comes after the baseline."),
        ({"target_on": "soon"}, "target_on", "Enter a valid date."),
    ],
)
def test_dates_have_to_make_sense(team: Team, owner: User, fields: dict[str, Any], field: str, sentence: str) -> None:
    response = add(team, owner, **{**BASELINE, **fields})
    assert set(response.context["form"].errors) == {field}
    assert sentence in words(response)


# --- Scope ---------------------------------------------------------------------------------------------------------


def test_a_target_is_about_the_fleet_a_tier_or_a_site(team: Team, owner: User) -> None:
    """What does not belong to the scope is left out, whatever was chosen before."""
    site = SiteFactory()
    for scope, kept in (("fleet", ("", None)), ("tier", ("edge", None)), ("site", ("", site))):
        add(team, owner, name=scope, scope=scope, tier="edge", site=site.pk)
        saved = SuccessMetric.objects.get(name=scope)
        assert (saved.scope, (saved.tier, saved.site)) == (scope, kept)


@pytest.mark.parametrize(
    ("scope", "sentence"),
    [
        ("tier", "Choose the tier that this target is about."),
        ("site", "Choose the site that this target is about."),
    ],
)
def test_a_scope_has_to_be_whole(team: Team, owner: User, scope: str, sentence: str) -> None:
    response = add(team, owner, scope=scope)
    assert set(response.context["form"].errors) == {scope}
    assert sentence in words(response)


def test_the_database_keeps_scopes_whole_too(team: Team, owner: User) -> None:
    for values in ({"scope": "tier"}, {"scope": "site"}, {"scope": "fleet", "tier": "edge"}):
        with pytest.raises(IntegrityError, match="success_metric_scope_is_whole"), transaction.atomic():
            promise(team, owner, **values)


# --- Refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "x" * 121), ("kpi", "no_such_kpi"), ("scope", "galaxy"), ("tier", "cloud"), ("owner", 0)],
)
def test_odd_values_are_refused(team: Team, owner: User, field: str, value: Any) -> None:
    sent = {**form(team, owner), field: value}
    response = signed_in(owner).post(reverse("readiness:success_metric_add"), sent)
    assert set(response.context["form"].errors) == {field}
    assert not SuccessMetric.objects.exists()


def test_what_was_written_is_kept(team: Team, owner: User) -> None:
    response = add(team, owner, target_value="much", baseline_source="Report of May")
    assert response.context["form"]["baseline_source"].value() == "Report of May"
    assert "Please check this first" in words(response)


def test_nobody_promises_for_another_team(owner: User) -> None:
    other = TeamFactory()
    assert set(add(other, owner).context["form"].errors) == {"team"}
    assert not SuccessMetric.objects.exists()


def test_an_owner_is_somebody_who_may_sign_in(team: Team, owner: User) -> None:
    gone = UserFactory(is_active=False)
    assert set(add(team, owner, owner=gone).context["form"].errors) == {"owner"}


@pytest.mark.parametrize("role", [Role.EXECUTIVE])
def test_an_executive_promises_nothing(team: Team, role: Role) -> None:
    executive = member_of(team, role)
    assert "You are in no team that could own a target" in words(
        signed_in(executive).get(reverse("readiness:success_metric_add"))
    )
    add(team, executive)
    assert not SuccessMetric.objects.exists()


def test_a_kpi_that_the_company_defined_can_be_the_target(team: Team, owner: User) -> None:
    custom = CustomKpiFactory()
    response = add(team, owner, kpi=custom.key, target_value="2")
    page = signed_in(owner).get(response["Location"])
    assert custom.name_en in words(page)
    assert "J/request" in words(page)
