"""The navigation: who sees which entries, and which one is current."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import resolve, reverse

from accounts.models import Role, User
from config.context import navigation
from tests.factories import UserFactory, signed_in


def entries(role: str, path: str) -> list[tuple[str, bool]]:
    request = RequestFactory().get(path)
    request.user = User(email="someone@example.test", role=role)
    request.resolver_match = resolve(path)
    return [(str(label), is_current) for label, _, is_current in navigation(request)["navigation"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/en/", "Overview"),
        ("/en/rules/2/", "Overview"),
        ("/en/assessments/", "Assessments"),
        ("/en/assessments/1/result/", "Assessments"),
        ("/en/success-metrics/new/", "Success metrics"),
        ("/en/kpis/availability/", "KPIs"),
        ("/en/fleet/", "Fleet"),
        ("/en/fleet/nodes/new/", "Fleet"),
        ("/en/alerts/", "Alerts"),
        ("/en/alerts/rules/new/kpi/", "Alerts"),
        ("/en/alerts/silences/plan/", "Alerts"),
        ("/en/alerts/channels/1/", "Alerts"),
    ],
)
def test_it_works(path: str, current: str) -> None:
    assert [label for label, is_current in entries(Role.EXECUTIVE, path) if is_current] == [current]


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "sees"), [(Role.OPERATOR, False), (Role.ADMINISTRATOR, True)])
def test_only_administrators_see_the_administration(role: Role, sees: bool) -> None:
    page = signed_in(UserFactory(role=role)).get(reverse("readiness:my_work")).content.decode()
    assert (f'href="{reverse("admin:index")}"' in page) is sees


def test_nobody_sees_nothing() -> None:
    request = RequestFactory().get("/en/")
    request.user = AnonymousUser()
    assert navigation(request) == {"navigation": []}
