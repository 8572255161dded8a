"""The pages of sources: add one, look at what it would do, switch it on, and see what it does."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from inference_kpis.discovery.models import DiscoverySource
from inference_kpis.discovery.refreshing import claim_due, refresh_claimed
from inference_kpis.fleet.models import Node
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.discovery.registry import Registry, group, refresh, source_of
from tests.pages import queries, words

pytestmark = pytest.mark.django_db
FORM = {
    "name": "Ray cluster",
    "credential_kind": "none",
    "refresh_seconds": "60",
    "site_labels": "__meta_vigie_site, site",
    "tier_labels": "tier",
    "engine_labels": "engine",
    "name_labels": "instance",
}


def work() -> None:
    """What the worker does at its next tick."""
    now = datetime.now(UTC)
    for claim in claim_due(now):
        refresh_claimed(claim, now)


def post(operator: Client, name: str, source: DiscoverySource, **data: object) -> Any:
    return operator.post(reverse(f"kpis:discovery_{name}", args=[source.pk]), data, follow=True)


def page_of(browser: Client, source: DiscoverySource) -> str:
    return words(browser.get(source.get_absolute_url()))


def test_it_works(operator: Client, registry: Registry) -> None:
    SiteFactory(key="lyon")
    registry.lists(group("10.0.1.1:8000", engine="vllm"), group("10.0.1.2:8000", site="mars"))
    added = operator.post(reverse("kpis:discovery_add"), {**FORM, "url": registry.url}, follow=True)
    source = DiscoverySource.objects.get()
    assert "The list is being read. Reload this page" in words(added)
    work()
    preview = page_of(operator, source)
    assert "Preview: what switching on would change" in preview
    assert "Add 1 · change 0 · bring back 0 · take out of service 0" in preview
    assert "1 target left out" in preview
    assert "10.0.1.2:8000 There is no site with this key, and the source may not create it." in preview
    assert Node.objects.count() == 0
    assert "its list is followed" in words(post(operator, "switch", source))
    work()
    assert Node.objects.get().name == "10.0.1.1:8000"
    assert "On: 1 node in service comes from this list." in page_of(operator, source)
    verbs = list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["discovery.add", "discovery.on", "node.register", "discovery.follow"]


def test_a_source_that_was_not_read_cannot_be_switched_on(operator: Client, registry: Registry) -> None:
    source = source_of(registry, is_on=False)
    assert "Wait for the preview" in words(post(operator, "switch", source))
    registry.status = 500
    refresh(source, datetime.now(UTC))
    assert "Wait for the preview" in words(post(operator, "switch", source))
    source.refresh_from_db()
    assert not source.is_on


def test_a_source_that_reads_otherwise_is_off_until_it_is_checked(operator: Client, registry: Registry) -> None:
    registry.lists_nodes(3, pool="a")
    source = refresh(source_of(registry), datetime.now(UTC))
    form = {**FORM, "url": registry.url, "may_create_sites": "on", "name_labels": "pool"}
    edited = operator.post(reverse("kpis:discovery_edit", args=[source.pk]), form, follow=True)
    assert "check the preview, switch it on" in words(edited)
    work()
    assert "take out of service 3" in page_of(operator, source)
    assert Node.objects.in_service().count() == 3


def test_a_change_names_what_changes(operator: Client, registry: Registry) -> None:
    registry.lists(group("10.0.1.1:8000", instance="gpu-1"))
    source = refresh(source_of(registry), datetime.now(UTC))
    post(operator, "switch", source)
    registry.lists(group("10.0.1.2:8000", instance="gpu-1", __scrape_interval__="30s"))
    post(operator, "ask", source)
    work()
    assert "gpu-1 change metrics URL, pull interval (s) lyon http://10.0.1.2:8000/metrics" in page_of(operator, source)


def test_a_new_name_keeps_it_on(operator: Client, registry: Registry) -> None:
    source = source_of(registry)
    form = {**FORM, "url": registry.url, "may_create_sites": "on", "refresh_seconds": "30"}
    operator.post(reverse("kpis:discovery_edit", args=[source.pk]), form)
    source.refresh_from_db()
    assert (source.name, source.refresh_seconds, source.is_on) == ("Ray cluster", 30, True)


def test_an_emptied_list_says_what_to_do_and_can_be_believed(operator: Client, registry: Registry) -> None:
    registry.lists_nodes(6)
    source = refresh(source_of(registry), datetime.now(UTC))
    registry.lists()
    refresh(source, datetime.now(UTC))
    assert "everything stays as it was. The list came back empty" in page_of(operator, source)
    post(operator, "switch", source)
    post(operator, "ask", source)
    work()
    assert "take out of service 6" in page_of(operator, source)
    assert Node.objects.in_service().count() == 6
    post(operator, "switch", source)
    work()
    assert Node.objects.in_service().count() == 0
    source.refresh_from_db()
    assert not source.may_be_empty


def test_a_source_that_is_off_changes_nothing_more(operator: Client, registry: Registry) -> None:
    registry.lists_nodes(2)
    source = refresh(source_of(registry), datetime.now(UTC))
    post(operator, "switch", source)
    registry.lists()
    post(operator, "ask", source)
    work()
    assert Node.objects.in_service().count() == 2


def test_a_removed_source_leaves_its_nodes(operator: Client, registry: Registry) -> None:
    registry.lists_nodes(2)
    source = refresh(source_of(registry), datetime.now(UTC))
    assert "Source Registry removed; its nodes stay." in words(post(operator, "forget", source))
    assert (DiscoverySource.objects.count(), Node.objects.in_service().count()) == (0, 2)
    assert AuditEvent.objects.first().details == {"nodes": 2}


def test_what_a_list_says_is_shown_as_text(browser: Client, registry: Registry) -> None:
    registry.lists(group("<script>alert(1)</script>", "a\0b\n", "10.0.0.1:1", instance="<b>x</b>"))
    source = refresh(source_of(registry, is_on=False), datetime.now(UTC))
    page = browser.get(source.get_absolute_url()).content
    assert b"<script>alert" not in page
    assert b"<b>x" not in page
    assert b"&lt;b&gt;x" in page


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"url": "ftp://a/sd"}, "Enter a valid URL."),
        ({"url": "http://user:pw@a.example/sd"}, "write http or https, a host and no user name"),
        ({"refresh_seconds": "1"}, "greater than or equal to 5"),
        ({"name": ""}, "This field is required."),
        ({"site_labels": ""}, "This field is required."),
        ({"credential_kind": "bearer"}, "Enter the token, or user:password."),
        ({"credential_kind": "basic", "credential": "x"}, "with a colon between them"),
    ],
)
def test_a_wrong_value_is_refused(operator: Client, values: dict[str, str], sentence: str) -> None:
    response = operator.post(reverse("kpis:discovery_add"), {**FORM, "url": "http://10.0.0.1/sd", **values})
    assert sentence in words(response)
    assert DiscoverySource.objects.count() == 0


def test_credentials_are_sealed_kept_and_forgotten(operator: Client, registry: Registry) -> None:
    form = {**FORM, "url": registry.url, "credential_kind": "bearer"}
    operator.post(reverse("kpis:discovery_add"), {**form, "credential": "s3cret"})
    source = DiscoverySource.objects.get()
    url = reverse("kpis:discovery_edit", args=[source.pk])
    assert b"s3cret" not in operator.get(url).content
    operator.post(url, form)
    assert DiscoverySource.objects.get().credential() == "s3cret"
    operator.post(url, {**form, "credential_kind": "none"})
    assert DiscoverySource.objects.get().credential() == ""


def test_a_fetch_under_way_does_not_count_for_a_changed_source(operator: Client, registry: Registry) -> None:
    registry.lists_nodes(1)
    source = source_of(registry, next_refresh_at=datetime.now(UTC))
    [claim] = claim_due(datetime.now(UTC))
    operator.post(reverse("kpis:discovery_edit", args=[source.pk]), {**FORM, "url": "http://10.0.0.9/sd"})
    refresh_claimed(claim, datetime.now(UTC))
    assert Node.objects.count() == 0


def test_nothing_there_is_not_found(operator: Client) -> None:
    for name in ("detail", "edit"):
        assert operator.get(reverse(f"kpis:discovery_{name}", args=[0])).status_code == 404


def test_without_any_it_says_what_to_do(operator: Client, browser: Client) -> None:
    assert "No discovery source yet" in words(operator.get(reverse("kpis:discovery_list")))
    assert reverse("kpis:discovery_add").encode() in operator.get(reverse("kpis:discovery_list")).content
    assert reverse("kpis:discovery_add").encode() not in browser.get(reverse("kpis:discovery_list")).content


def test_who_only_reads_sees_no_buttons(browser: Client, registry: Registry) -> None:
    page = page_of(browser, source_of(registry))
    assert "Switch off" not in page
    assert "Remove the source" not in page


def test_the_pages_cost_the_same_however_much_there_is(browser: Client, registry: Registry) -> None:
    registry.lists_nodes(1)
    source = refresh(source_of(registry), datetime.now(UTC))
    pages = [reverse("kpis:discovery_list"), source.get_absolute_url()]
    few = [queries(browser, url) for url in pages]
    registry.lists_nodes(20)
    refresh(source, datetime.now(UTC))
    registry.lists_nodes(10, tier="moon")
    refresh(source, datetime.now(UTC))
    NodeFactory.create_batch(5)
    for number in range(19):
        source_of(registry, name=f"Registry {number}")
    assert [queries(browser, url) for url in pages] == few
