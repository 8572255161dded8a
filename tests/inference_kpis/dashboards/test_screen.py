"""Links for screens without a person: one wall, nothing else, until revoked."""

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, Role
from config.logs import without_secrets
from inference_kpis.dashboards import screens
from inference_kpis.dashboards.models import ScreenLink
from tests.factories import SiteFactory, UserFactory, signed_in
from tests.inference_kpis.dashboards.asking import busy_node, text_of

pytestmark = pytest.mark.django_db
QUERY = "kpi=request_rate&window=1h&site=lyon"


@pytest.fixture
def administrator() -> Client:
    cache.clear()
    return signed_in(UserFactory(role=Role.ADMINISTRATOR))


def make(administrator: Client, query: str = QUERY, name: str = "Hall") -> Any:
    return administrator.post(reverse("kpis:screen_add"), {"name": name, "query": query}, follow=True)


def link_of(page: Any) -> str:
    """The address that the page shows once."""
    found = re.search(r"http://testserver(/\S+)", text_of(page))
    assert found
    return found[1]


def test_it_works(administrator: Client) -> None:
    busy_node(site=SiteFactory(name="Lyon", key="lyon"))
    url = link_of(make(administrator))
    page = Client().get(url)
    assert "Request rate 0.95 req/s" in text_of(page)
    assert page["X-Robots-Tag"] == "noindex"
    assert "no-store" in page["Cache-Control"]
    assert AuditEvent.objects.filter(verb="screen_link.add").exists()
    secret = url.rstrip("/").rpartition("/")[2]
    assert secret not in str(ScreenLink.objects.values().get())
    assert url not in text_of(administrator.get(reverse("kpis:screen_list")))


def test_it_shows_its_own_wall_whatever_the_address_says(administrator: Client) -> None:
    busy_node(site=SiteFactory(name="Lyon", key="lyon"))
    page = Client().get(link_of(make(administrator)), {"kpi": "availability", "site": ""})
    assert [tile.kpi.key for tile in page.context["wall"].tiles] == ["request_rate"]


def test_it_opens_nothing_else(administrator: Client) -> None:
    SiteFactory(key="lyon")
    stranger = Client()
    stranger.get(link_of(make(administrator)))
    for name in ("kpis:wall_screen", "kpis:fleet", "kpis:screen_list", "kpis:kpi_explore"):
        assert stranger.get(reverse(name)).status_code == 302
    assert stranger.get("/api/v1/kpis").status_code == 401


def test_a_revoked_link_shows_nothing(administrator: Client) -> None:
    SiteFactory(key="lyon")
    url = link_of(make(administrator))
    administrator.post(reverse("kpis:screen_revoke", args=[ScreenLink.objects.get().pk]))
    assert Client().get(url).status_code == 404
    assert "No screen has a link." in text_of(administrator.get(reverse("kpis:screen_list")))


@pytest.mark.parametrize("secret", ["x", "a" * 43, "%00", "..", "é"])
def test_a_wrong_secret_is_not_found(administrator: Client, secret: str) -> None:
    assert Client().get(f"/en/screens/show/{secret}/").status_code == 404


def test_it_is_read_only(administrator: Client) -> None:
    SiteFactory(key="lyon")
    assert Client().post(link_of(make(administrator))).status_code == 405


@pytest.mark.parametrize(("query", "name"), [("kpi=no_such", "Hall"), (QUERY, ""), (QUERY, "x" * 81)])
def test_what_cannot_be_shown_gets_no_link(administrator: Client, query: str, name: str) -> None:
    SiteFactory(key="lyon")
    make(administrator, query, name)
    assert not ScreenLink.objects.exists()


def test_more_than_enough_is_too_many(administrator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    SiteFactory(key="lyon")
    url = link_of(make(administrator))
    monkeypatch.setattr(screens, "MOST_PER_MINUTE", 2)
    answers = [Client().get(url).status_code for _ in range(3)]
    assert answers == [200, 200, 429]
    guesses = [Client().get("/en/screens/show/guess/").status_code for _ in range(3)]
    assert guesses == [404, 404, 429]


def test_a_screen_goes_on_without_redis(administrator: Client, settings: Any) -> None:
    SiteFactory(key="lyon")
    url = link_of(make(administrator))
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "redis://127.0.0.1:1/0"}}
    assert Client().get(url).status_code == 200


def test_no_log_holds_the_secret() -> None:
    said = {"request": "GET /en/screens/show/abc123/?v=1", "event": "Too Many Requests: /en/screens/show/abc123/"}
    assert "abc123" not in str(without_secrets(None, "info", said))
