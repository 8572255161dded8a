"""Changing a site, taking an empty one out of service, and bringing it back."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import AuditEvent
from inference_kpis.fleet.health import count_sites
from inference_kpis.fleet.models import Site, SiteHealth
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.dashboards.asking import NOW, text_of
from tests.inference_kpis.pulls import at

pytestmark = pytest.mark.django_db
LYON = {"name": "Lyon Gerland", "region": "Rhône", "tier": "region"}


@pytest.fixture
def site() -> Site:
    return SiteFactory(key="lyon", name="Lyon")


def post(browser: Client, name: str, values: dict[str, str] | None = None) -> Any:
    return browser.post(reverse(f"kpis:{name}", args=["lyon"]), values or {}, follow=True)


def test_it_works(operator: Client, site: Site) -> None:
    page = post(operator, "site_edit", LYON)
    assert page.redirect_chain == [("/en/fleet/sites/lyon/", 302)]
    site.refresh_from_db()
    assert (site.key, site.name, site.region, site.tier) == ("lyon", "Lyon Gerland", "Rhône", "region")
    assert AuditEvent.objects.get(verb="site.change").details == {"fields": ["name", "region", "tier"]}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [({"name": ""}, "This field is required."), ({"tier": "moon"}, "moon is not one of the available choices.")],
)
def test_what_is_wrong_is_said_and_nothing_changes(
    operator: Client, site: Site, values: dict[str, str], sentence: str
) -> None:
    page = text_of(post(operator, "site_edit", {**LYON, **values}))
    assert sentence in page
    assert "Lyon · Vigie" in page
    site.refresh_from_db()
    assert (site.name, site.tier) == ("Lyon", "edge")


def test_the_region_that_pulls_it_is_chosen(operator: Client, site: Site, settings: Settings) -> None:
    settings.WORKER_REGIONS = ["rhone"]
    post(operator, "site_edit", {**LYON, "worker_region": "rhone"})
    site.refresh_from_db()
    assert site.worker_region == "rhone"
    assert "mars is not one of the available choices." in text_of(
        post(operator, "site_edit", {**LYON, "worker_region": "mars"})
    )


def test_a_region_that_is_configured_no_longer_stays(operator: Client, site: Site) -> None:
    Site.objects.update(worker_region="rhone")
    post(operator, "site_edit", {**LYON, "worker_region": "rhone"})
    site.refresh_from_db()
    assert (site.name, site.worker_region) == ("Lyon Gerland", "rhone")


@pytest.mark.parametrize("name", ["site_edit", "site_retire", "site_restore"])
def test_who_only_reads_is_refused(browser: Client, site: Site, name: str) -> None:
    assert post(browser, name, LYON).status_code == 403
    site.refresh_from_db()
    assert (site.name, site.retired_at) == ("Lyon", None)


def test_an_empty_site_is_retired(operator: Client, site: Site) -> None:
    NodeFactory(site=site, retired_at=at(0))
    count_sites({site.pk}, NOW)
    page = post(operator, "site_retire")
    assert "Site Lyon is out of service; its readings are kept." in text_of(page)
    site.refresh_from_db()
    assert site.retired_at == NOW
    assert not SiteHealth.objects.exists()
    assert '<option value="lyon"' not in operator.get("/en/fleet/").content.decode()
    assert ">Lyon</option>" not in operator.get(reverse("kpis:node_add")).content.decode()


def test_a_site_with_nodes_stays(operator: Client, site: Site) -> None:
    NodeFactory(site=site)
    page = post(operator, "site_retire")
    assert "This site still hosts nodes." in text_of(page)
    site.refresh_from_db()
    assert site.retired_at is None


def test_it_is_brought_back(operator: Client, site: Site) -> None:
    post(operator, "site_retire")
    assert "Site Lyon is in service again." in text_of(post(operator, "site_restore"))
    site.refresh_from_db()
    assert site.retired_at is None
    assert SiteHealth.objects.get(site=site).total == 0


def test_a_node_brings_its_site_back(operator: Client, site: Site) -> None:
    """However it comes there: by discovery, a file, or because its retirement was taken back."""
    post(operator, "site_retire")
    NodeFactory(site=site)
    count_sites({site.pk}, NOW)
    site.refresh_from_db()
    assert site.retired_at is None
    assert SiteHealth.objects.get(site=site).waiting == 1


def test_a_link_retires_nothing(operator: Client, site: Site) -> None:
    assert operator.get(reverse("kpis:site_retire", args=["lyon"])).status_code == 405
    assert operator.get(reverse("kpis:site_restore", args=["lyon"])).status_code == 405
