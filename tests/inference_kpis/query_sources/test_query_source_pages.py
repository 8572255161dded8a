"""The pages of query sources: try one, add it, see what comes from it, pause it and remove it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from inference_kpis.fleet.models import Node
from inference_kpis.query_sources.models import QueriedNode, QuerySource
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.query_sources.servers import Prometheus, ask, source_of
from tests.pages import queries, words

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
FORM = {
    "name": "Metrics",
    "credential_kind": "none",
    "interval_seconds": "60",
    "timeout_seconds": "10",
    "node_label": "instance",
    "site_labels": "site",
    "tier_labels": "tier",
    "engine_labels": "engine",
}


def post(operator: Client, name: str, source: QuerySource, **values: Any) -> Any:
    return operator.post(reverse(f"kpis:query_source_{name}", args=[source.pk]), values, follow=True)


def test_it_works(operator: Client, prometheus: Prometheus) -> None:
    site, now = SiteFactory(key="lyon", name="Lyon"), datetime.now(UTC)
    prometheus.scrapes("10.0.0.1:8000", vllm(10), now, site="lyon")
    prometheus.scrapes("10.0.0.2:8000", vllm(10), now, site="mars")
    form = {**FORM, "url": prometheus.url, "default_site": site.pk}
    tried = words(operator.post(reverse("kpis:query_source_add"), {**form, "try": "1"}))
    assert "2 nodes found. To be added: 1; left out: 1. Nothing was stored." in tried
    assert "10.0.0.2:8000 There is no site with this key" in tried
    assert (QuerySource.objects.count(), Node.objects.count()) == (0, 0)
    assert "Source Metrics saved." in words(operator.post(reverse("kpis:query_source_add"), form, follow=True))
    source = ask(QuerySource.objects.get(), datetime.now(UTC))
    page = words(operator.get(source.get_absolute_url()))
    assert "Asked every 60 s: 1 node in service comes from this source." in page
    assert "1 node left out" in page
    assert "10.0.0.2:8000 There is no site with this key" in page
    node = Node.objects.get()
    assert "Query source Metrics" in words(operator.get(node.get_absolute_url()))
    verbs = list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["query_source.try", "query_source.add", "node.register", "query_source.follow"]


def test_a_trial_names_what_is_wrong(operator: Client, prometheus: Prometheus) -> None:
    form = {**FORM, "url": prometheus.url, "try": "1"}
    assert "shows no series of an engine" in words(operator.post(reverse("kpis:query_source_add"), form))
    prometheus.status = 404
    assert "There is no query API at this address" in words(operator.post(reverse("kpis:query_source_add"), form))
    form["url"] = "http://10.0.0.1:9090"
    assert "in no network that the administrator allowed" in words(
        operator.post(reverse("kpis:query_source_add"), form)
    )


def test_a_source_is_paused_and_asked_again(operator: Client, prometheus: Prometheus) -> None:
    source = source_of(prometheus, next_ask_at=NOW)
    assert "The source is paused" in words(post(operator, "switch", source))
    source.refresh_from_db()
    assert (source.is_on, source.next_ask_at, source.edition) == (False, None, 1)
    assert "The source is asked again." in words(post(operator, "switch", source))
    source.refresh_from_db()
    assert source.is_on
    assert source.next_ask_at is not None


def test_a_removed_source_leaves_its_nodes(operator: Client, prometheus: Prometheus) -> None:
    prometheus.scrapes("10.0.0.1:8000", vllm(10), NOW, site="lyon")
    source = ask(source_of(prometheus), NOW)
    assert "Source Prometheus removed; its nodes stay." in words(post(operator, "forget", source))
    assert (QuerySource.objects.count(), Node.objects.in_service().count()) == (0, 1)


def test_a_changed_source_is_asked_at_once_and_its_nodes_know_the_interval(
    operator: Client, prometheus: Prometheus
) -> None:
    prometheus.scrapes("10.0.0.1:8000", vllm(10), NOW, site="lyon")
    source = ask(source_of(prometheus), NOW)
    changed = {**FORM, "url": prometheus.url, "may_create_sites": "on", "interval_seconds": "120"}
    operator.post(reverse("kpis:query_source_edit", args=[source.pk]), changed)
    source.refresh_from_db()
    assert (source.name, source.indexed_at, source.edition) == ("Metrics", None, 1)
    assert source.next_ask_at is not None
    assert Node.objects.get().pull_interval_seconds == 120


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"url": "ftp://a"}, "Enter a valid URL."),
        ({"url": "http://user:pw@a.example"}, "write http or https, a host, no user name and no query"),
        ({"url": "http://a.example/?a=b"}, "write http or https, a host, no user name and no query"),
        ({"selector": "up"}, "Write label matchers in braces and nothing else"),
        ({"selector": '{a="b"}[5m]'}, "Write label matchers in braces and nothing else"),
        ({"interval_seconds": "1"}, "greater than or equal to 5"),
        ({"timeout_seconds": "31"}, "less than or equal to 30"),
        ({"node_label": "a-b"}, "A label is letters, digits and underscores"),
        ({"site_labels": "a b"}, "Labels are letters, digits and underscores, separated by commas."),
        ({"tenant": "a b"}, "A tenant has no spaces"),
        ({"engine": "x"}, "Select a valid choice"),
        ({"credential_kind": "bearer"}, "Enter the token, or user:password."),
        ({"credential_kind": "basic", "credential": "x"}, "with a colon between them"),
        ({"name": ""}, "This field is required."),
    ],
    ids=str,
)
def test_a_wrong_value_is_refused(operator: Client, values: dict[str, str], sentence: str) -> None:
    response = operator.post(reverse("kpis:query_source_add"), {**FORM, "url": "http://10.0.0.1:9090", **values})
    assert sentence in words(response)
    assert QuerySource.objects.count() == 0


def test_credentials_are_sealed_kept_and_never_sent_elsewhere(operator: Client, prometheus: Prometheus) -> None:
    form = {**FORM, "url": prometheus.url, "credential_kind": "bearer"}
    operator.post(reverse("kpis:query_source_add"), {**form, "credential": "s3cret"})
    source = QuerySource.objects.get()
    url = reverse("kpis:query_source_edit", args=[source.pk])
    assert b"s3cret" not in operator.get(url).content
    elsewhere = operator.post(url, {**form, "url": "http://10.0.0.9:9090", "try": "1"})
    assert "what is there is sent to no other server" in words(elsewhere)
    operator.post(url, form)
    assert QuerySource.objects.get().credential() == "s3cret"
    operator.post(url, {**form, "credential_kind": "none"})
    assert QuerySource.objects.get().credential() == ""


def test_what_a_server_says_is_shown_as_text(browser: Client, prometheus: Prometheus) -> None:
    prometheus.scrapes("<b>x</b>", vllm(10), NOW)
    source = ask(source_of(prometheus), NOW)
    page = browser.get(source.get_absolute_url()).content
    assert b"<b>x" not in page
    assert b"&lt;b&gt;x" in page


def test_a_server_without_series_says_what_to_check(browser: Client, prometheus: Prometheus) -> None:
    source = source_of(prometheus, next_ask_at=NOW)
    assert "not yet: reload this page" in words(browser.get(source.get_absolute_url()))
    source = ask(source, NOW)
    assert "shows no series of an engine. Check the selector" in words(browser.get(source.get_absolute_url()))


def test_nothing_there_is_not_found(operator: Client) -> None:
    for name in ("detail", "edit"):
        assert operator.get(reverse(f"kpis:query_source_{name}", args=[0])).status_code == 404


def test_without_any_it_says_what_to_do(operator: Client, browser: Client) -> None:
    add = reverse("kpis:query_source_add").encode()
    page = operator.get(reverse("kpis:query_source_list"))
    assert "No query source yet" in words(page)
    assert add in page.content
    assert add not in browser.get(reverse("kpis:query_source_list")).content


def test_who_only_reads_sees_no_buttons(browser: Client, prometheus: Prometheus) -> None:
    page = words(browser.get(source_of(prometheus).get_absolute_url()))
    assert "Pause" not in page
    assert "Remove the source" not in page


def test_the_pages_cost_the_same_however_much_there_is(browser: Client, prometheus: Prometheus) -> None:
    source = source_of(prometheus)
    QueriedNode.objects.create(source=source, node=NodeFactory(source="push", url=""), name="0", problem="in_future")
    pages = [reverse("kpis:query_source_list"), source.get_absolute_url()]
    few = [queries(browser, url) for url in pages]
    for number in range(1, 20):
        node = NodeFactory(source="push", url="")
        QueriedNode.objects.create(source=source, node=node, name=str(number), problem="timed_out")
        source_of(prometheus, name=f"Prometheus {number}")
    QuerySource.objects.update(refused=[[f"node {number}", "no_site"] for number in range(20)])
    assert [queries(browser, url) for url in pages] == few
    page = words(browser.get(source.get_absolute_url()))
    assert "19 nodes: No complete answer arrived within the time-out." in page
    assert "1 node: The reading ends more than 5 minutes in the future." in page


def test_a_site_out_of_service_is_not_offered(operator: Client) -> None:
    SiteFactory(name="Closed site", retired_at=NOW)
    assert "Closed site" not in words(operator.get(reverse("kpis:query_source_add")))


def test_a_site_out_of_service_stays_where_it_is_chosen(operator: Client, prometheus: Prometheus) -> None:
    source = source_of(prometheus, default_site=SiteFactory(name="Closed site", retired_at=NOW))
    assert "Closed site" in words(operator.get(reverse("kpis:query_source_edit", args=[source.pk])))
