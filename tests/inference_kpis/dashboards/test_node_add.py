"""Registering a node: what is asked for, what is refused, and what happens with the credentials."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from pytest_django import Settings

from accounts.models import AuditEvent
from inference_kpis.fleet.models import Node, Site
from inference_kpis.pull.models import PullState
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.dashboards.asking import NOW, text_of

pytestmark = pytest.mark.django_db
URL = "/en/fleet/nodes/new/"


@pytest.fixture
def site() -> Site:
    return SiteFactory()


def node_form(site: Site, **values: object) -> dict[str, object]:
    """A form that is in order, but for these values."""
    return {
        "name": "lyon-03",
        "site": site.pk,
        "engine": "vllm",
        "source": "pull",
        "url": "http://10.0.3.7:8000/metrics",
        "credential_kind": "none",
        "pull_interval_seconds": 15,
        "pull_timeout_seconds": 10,
        "pull_body_mib": 8,
        "pull_samples": 50_000,
        **values,
    }


def test_it_works(operator: Client, site: Site) -> None:
    assert reverse("kpis:node_add") == URL
    form = operator.get(URL)
    assert form.status_code == 200
    assert b"csrfmiddlewaretoken" in form.content
    response = operator.post(URL, node_form(site, price_per_hour="1.25", power_watts="300"), follow=True)
    node = Node.objects.get()
    assert response.redirect_chain == [(node.get_absolute_url(), 302)]
    assert "Node lyon-03 saved." in text_of(response)
    assert (node.state, node.site, str(node.price_per_hour), node.has_credential) == ("waiting", site, "1.2500", False)
    due = PullState.objects.get(node=node).next_pull_at
    assert 0 <= (due - NOW).total_seconds() < 15
    assert AuditEvent.objects.get().verb == "node.register"


def test_a_node_that_pushes_is_not_scheduled(operator: Client, site: Site) -> None:
    operator.post(URL, node_form(site, source="push", url=""))
    assert Node.objects.get().source == "push"
    assert not PullState.objects.exists()


@pytest.mark.parametrize(("kind", "credential"), [("bearer", "s3cret"), ("basic", "user:s3cret")])
def test_credentials_are_sealed_and_never_shown(operator: Client, site: Site, kind: str, credential: str) -> None:
    operator.post(URL, node_form(site, credential_kind=kind, credential=credential))
    node = Node.objects.get()
    assert node.credential() == credential
    assert "s3cret" not in str(AuditEvent.objects.values())
    for page in (node.get_absolute_url(), reverse("kpis:node_edit", args=[node.uuid])):
        assert b"s3cret" not in operator.get(page).content


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"name": ""}, "name", "This field is required."),
        ({"name": "x" * 121}, "name", "at most 120 characters"),
        ({"name": "lyon\0"}, "name", "Null characters are not allowed."),
        ({"name": "taken"}, "name", "already exists"),
        ({"site": ""}, "site", "This field is required."),
        ({"site": "999999"}, "site", "not one of the available choices"),
        ({"engine": "ollama"}, "engine", "not one of the available choices"),
        ({"source": "both"}, "source", "not one of the available choices"),
        ({"url": ""}, "url", "A node that is pulled needs its metrics URL."),
        ({"url": "ftp://10.0.3.7/metrics"}, "url", ""),
        ({"url": "http://user:pw@10.0.3.7/metrics"}, "url", "write http or https, a host and no user name"),
        ({"url": "http://10.0.3.7/metrics#part"}, "url", "write http or https, a host and no user name"),
        ({"url": "http://10.0.3.7/" + "x" * 500}, "url", "at most 500 characters"),
        ({"credential_kind": "bearer"}, "credential", "Enter the token, or user:password."),
        ({"credential_kind": "basic", "credential": "no colon"}, "credential", "with a colon between them"),
        ({"pull_interval_seconds": "0"}, "pull_interval_seconds", "greater than or equal to 1"),
        ({"pull_interval_seconds": "3601"}, "pull_interval_seconds", "less than or equal to 3600"),
        ({"pull_interval_seconds": "soon"}, "pull_interval_seconds", "Enter a whole number."),
        (
            {"pull_timeout_seconds": "31", "pull_interval_seconds": "60"},
            "pull_timeout_seconds",
            "less than or equal to 30",
        ),
        ({"pull_interval_seconds": "5"}, "pull_timeout_seconds", "cannot be longer than the interval"),
        ({"pull_body_mib": "0"}, "pull_body_mib", "greater than or equal to 1"),
        ({"pull_body_mib": "33"}, "pull_body_mib", "less than or equal to 32"),
        ({"pull_samples": "99"}, "pull_samples", "greater than or equal to 100"),
        ({"pull_samples": "200001"}, "pull_samples", "less than or equal to 200000"),
        ({"price_per_hour": "-1"}, "price_per_hour", "greater than or equal to 0"),
        ({"price_per_hour": "NaN"}, "price_per_hour", "Enter a number."),
        ({"power_watts": "1e9"}, "power_watts", "no more than"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    operator: Client, site: Site, values: dict[str, Any], field: str, message: str
) -> None:
    NodeFactory(name="taken")
    page = operator.post(URL, {**node_form(site), **values})
    assert page.status_code == 200
    assert list(page.context["form"].errors) == [field]
    assert message in text_of(page)
    assert "Please check this first" in text_of(page)
    assert f'href="#id_{field}"' in page.content.decode()
    assert (Node.objects.count(), PullState.objects.count(), AuditEvent.objects.count()) == (1, 0, 0)


def test_what_was_typed_is_kept_but_for_the_credential(operator: Client, site: Site) -> None:
    page = operator.post(URL, node_form(site, name="", url="http://10.0.3.7/x", credential="s3cret")).content
    assert b"http://10.0.3.7/x" in page
    assert b"s3cret" not in page


def test_a_credential_without_a_kind_is_forgotten(operator: Client, site: Site) -> None:
    operator.post(URL, node_form(site, credential="s3cret"))
    assert not Node.objects.get().has_credential


def test_what_is_missing_around_it_is_said(operator: Client, settings: Settings) -> None:
    settings.PULL_NETWORKS = []
    page = text_of(operator.get(URL))
    assert "No network may be pulled yet." in page
    assert "There is no site yet." in page
    settings.PULL_NETWORKS = ["10.0.0.0/8"]
    SiteFactory()
    page = text_of(operator.get(URL))
    assert "No network may be pulled yet." not in page
    assert "There is no site yet." not in page


def test_who_only_reads_is_refused(browser: Client, site: Site) -> None:
    assert browser.get(URL).status_code == 403
    assert browser.post(URL, node_form(site)).status_code == 403
    assert not Node.objects.exists()


def test_other_methods_are_refused(operator: Client) -> None:
    assert operator.put(URL).status_code == 405


def test_without_the_token_of_the_form_nothing_is_written(operator: Client, site: Site) -> None:
    operator.handler.enforce_csrf_checks = True
    assert operator.post(URL, node_form(site)).status_code == 403
    assert not Node.objects.exists()


def test_in_french(operator: Client, site: Site) -> None:
    page = operator.post("/fr/fleet/nodes/new/", node_form(site, url=""))
    assert b'<html lang="fr">' in page.content
    with translation.override("fr"):
        assert gettext("A node that is pulled needs its metrics URL.") in text_of(page)
