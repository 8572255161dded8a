"""Views of the explorer that people keep."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inference_kpis.dashboards.explore_views import MOST_VIEWS
from inference_kpis.dashboards.models import SavedView
from tests.factories import UserFactory, signed_in
from tests.inference_kpis.dashboards.asking import text_of

pytestmark = pytest.mark.django_db
QUERY = "kpi=availability&split=tier&window=24h&v=7&colour=red"


def save(browser: Client, name: str = "Morning", query: str = QUERY, **more: str) -> Any:
    return browser.post(reverse("kpis:kpi_view_save"), {"name": name, "query": query, **more}, follow=True)


def test_it_works(browser: Client) -> None:
    page = save(browser)
    view = SavedView.objects.get()
    # Only what the explorer asks is kept.
    assert view.query == "kpi=availability&split=tier&top=8&window=24h"
    assert page.request["QUERY_STRING"] == view.query
    assert "View saved: Morning." in text_of(page)


def test_the_same_name_is_replaced(browser: Client) -> None:
    save(browser)
    save(browser, query="kpi=request_rate", is_shared="on")
    view = SavedView.objects.get()
    assert view.is_shared
    assert view.query.startswith("kpi=request_rate")


def test_a_shared_one_is_seen_by_all_and_removed_by_its_owner(browser: Client) -> None:
    save(browser, "Mine")
    save(browser, "Ours", is_shared="on")
    other = signed_in(UserFactory())
    text = text_of(other.get(reverse("kpis:kpi_explore")))
    assert "Ours" in text
    assert "Mine" not in text
    shared = SavedView.objects.get(name="Ours")
    assert other.post(reverse("kpis:kpi_view_forget", args=[shared.pk])).status_code == 404
    browser.post(reverse("kpis:kpi_view_forget", args=[shared.pk]))
    assert not SavedView.objects.filter(name="Ours").exists()


@pytest.mark.parametrize(
    ("name", "query"),
    [("", QUERY), ("x" * 81, QUERY), ("a\0b", QUERY), ("Odd", "kpi=no_such"), ("Long", "node=" + "x" * 2001)],
)
def test_what_shows_nothing_is_not_kept(browser: Client, name: str, query: str) -> None:
    assert save(browser, name, query).status_code == 200
    assert not SavedView.objects.exists()


def test_nobody_keeps_more_than_fifty(browser: Client) -> None:
    save(browser, "0")
    owner = SavedView.objects.get().owner
    SavedView.objects.bulk_create(SavedView(owner=owner, name=str(i), query="x") for i in range(1, MOST_VIEWS))
    assert "You keep 50 views already." in text_of(save(browser, "one more"))
    assert SavedView.objects.count() == MOST_VIEWS
