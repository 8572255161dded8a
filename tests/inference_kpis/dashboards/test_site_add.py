"""Adding a site: the operator's first step, and then straight on to its first node."""

import pytest
from django.test import Client

from accounts.models import AuditEvent
from inference_kpis.fleet.models import Site, SiteHealth
from tests.factories import SiteFactory, UserFactory, signed_in
from tests.inference_kpis.dashboards.asking import text_of

pytestmark = pytest.mark.django_db
URL = "/en/fleet/sites/new/"
LYON = {"name": "Lyon Gerland", "region": "Auvergne-Rhône-Alpes", "tier": "edge"}


@pytest.fixture
def operator() -> Client:
    return signed_in(UserFactory(role="operator"))


def test_it_works(operator: Client) -> None:
    answer = operator.post(URL, LYON)
    site = Site.objects.get()
    assert (site.key, site.name, site.tier, site.is_demo) == ("lyon-gerland", "Lyon Gerland", "edge", False)
    assert answer["Location"] == f"/en/fleet/nodes/new/?site={site.pk}"
    assert f'value="{site.pk}" selected' in operator.get(answer["Location"]).content.decode()
    assert SiteHealth.objects.get(site=site).total == 0
    assert AuditEvent.objects.filter(verb="site.add", subject="Lyon Gerland").count() == 1


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "—"}, "Write a name with at least one letter or digit."),
        ({"name": "lyon  GERLAND"}, "There is a site of this name, or of one that is written alike."),
        ({"name": "New"}, "This word is taken by a page. Add another word to the name."),
        ({"tier": "moon"}, "moon is not one of the available choices."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_added(operator: Client, values: dict[str, str], sentence: str) -> None:
    SiteFactory(key="lyon-gerland")
    assert sentence in text_of(operator.post(URL, {**LYON, **values}))
    assert Site.objects.count() == 1


def test_without_a_site_the_form_of_a_node_leads_here(operator: Client) -> None:
    page = operator.get("/en/fleet/nodes/new/")
    assert "There is no site yet." in text_of(page)
    assert URL in page.content.decode()


def test_only_who_writes_the_fleet_adds_sites() -> None:
    assert signed_in(UserFactory(role="contributor")).post(URL, LYON).status_code == 403
    assert Site.objects.count() == 0


def test_in_french(operator: Client) -> None:
    assert "Ajouter un site" in text_of(operator.get("/fr/fleet/sites/new/"))
