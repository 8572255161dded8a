"""Bindings and target levels in the administration site: only what makes sense is taken."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, Role, Team
from inference_kpis.fleet.models import Site
from readiness.assessments.models import Binding, RuleTarget
from tests.factories import SiteFactory, UserFactory, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    return signed_in(UserFactory(role=Role.ADMINISTRATOR))


@pytest.fixture
def site() -> Site:
    return SiteFactory()


def bind(browser: Client, team: Team, site: Site, **fields: Any) -> Any:
    """Send the form of a binding, a new one unless told."""
    url = fields.pop("url", reverse("admin:readiness_binding_add"))
    sent = {
        "team": team.pk,
        "practice": "INF3",
        "kpi": "e2e_latency_p95",
        "sites": [site.pk],
        "site_share": "0.8",
        "comparator": "le",
        "thresholds": '{"1": 900, "3": 400}',
        "window_seconds": "3600",
        "minimum_samples": "100",
        "minimum_coverage": "0.8",
        **fields,
    }
    return browser.post(url, sent)


def test_it_works(browser: Client, team: Team, site: Site) -> None:
    assert bind(browser, team, site).status_code == 302
    binding = Binding.objects.get()
    assert (binding.team, binding.practice, binding.kpi) == (team, "INF3", "e2e_latency_p95")
    assert (list(binding.sites.all()), binding.thresholds) == ([site], {"1": 900, "3": 400})


def test_it_leaves_a_line_in_the_trail(browser: Client, team: Team, site: Site) -> None:
    """A threshold decides what counts as contradicted."""
    bind(browser, team, site)
    change = reverse("admin:readiness_binding_change", args=[Binding.objects.get().pk])
    bind(browser, team, site, url=change, thresholds='{"1": 5000}')
    added, changed = AuditEvent.objects.order_by("id")
    assert (added.verb, added.subject) == ("binding.add", "INF3 e2e_latency_p95")
    assert (changed.verb, changed.details) == ("binding.change", {"fields": ["thresholds"]})


@pytest.mark.parametrize(
    ("comparator", "thresholds"),
    [
        ("le", {"1": 400, "3": 900}),
        ("ge", {"1": 99, "3": 90}),
        ("le", {"0": 900}),
        ("le", {"5": 900}),
        ("le", {"high": 900}),
        ("le", {"1": "fast"}),
        ("le", {"1": None}),
        ("le", [900, 400]),
        ("le", 900),
    ],
)
def test_thresholds_have_to_make_a_ladder(
    browser: Client, team: Team, site: Site, comparator: str, thresholds: Any
) -> None:
    response = bind(browser, team, site, comparator=comparator, thresholds=json.dumps(thresholds))
    errors = response.context["adminform"].form.errors
    assert errors == {"thresholds": ['Write a number per level, stricter with each one: {"1": 900, "3": 400}.']}
    assert not Binding.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("practice", "UC1"), ("practice", "INF99"), ("kpi", "no_such_kpi"), ("thresholds", "{"), ("thresholds", "{}")],
)
def test_odd_values_are_refused(browser: Client, team: Team, site: Site, field: str, value: str) -> None:
    """UC1 cannot be measured."""
    assert set(bind(browser, team, site, **{field: value}).context["adminform"].form.errors) == {field}


def test_twice_the_same_is_refused(browser: Client, team: Team, site: Site) -> None:
    bind(browser, team, site)
    assert bind(browser, team, site).status_code == 200
    assert Binding.objects.count() == 1


@pytest.mark.parametrize(("level", "is_good"), [("0", False), ("1", True), ("4", True), ("5", False)])
def test_a_target_level_is_one_to_four(browser: Client, level: str, is_good: bool) -> None:
    browser.post(reverse("admin:readiness_ruletarget_add"), {"rule": "2", "level": level})
    assert RuleTarget.objects.exists() is is_good


def test_others_are_refused(team: Team, site: Site) -> None:
    person = signed_in(UserFactory(role=Role.OPERATOR))
    assert bind(person, team, site).status_code in {302, 403}
    assert not Binding.objects.exists()
