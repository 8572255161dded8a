"""Changing a node: what was there stays unless it was changed, and another server starts counting anew."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from inference_kpis.fleet.models import Node, SiteHealth
from inference_kpis.pull.models import PullState
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.dashboards.asking import busy_node, text_of
from tests.inference_kpis.pulls import at

pytestmark = pytest.mark.django_db


def edit(browser: Client, node: Node, **values: object) -> Any:
    """Send the form of a node as it stands, but for these values."""
    kept = (
        *("name", "engine", "source", "url", "credential_kind"),
        *("pull_interval_seconds", "pull_timeout_seconds", "pull_body_mib", "pull_samples"),
    )
    form = {"site": node.site_id, **{name: getattr(node, name) for name in kept}, **values}
    return browser.post(reverse("kpis:node_edit", args=[node.uuid]), form)


def test_it_works(operator: Client) -> None:
    node = busy_node(name="lyon-03")
    page = operator.get(reverse("kpis:node_edit", args=[node.uuid]))
    assert b'value="lyon-03"' in page.content
    assert edit(operator, node, name="lyon-04", power_watts="250")["Location"] == node.get_absolute_url()
    changed = Node.objects.get()
    assert (changed.pk, changed.name, changed.power_watts, changed.state) == (node.pk, "lyon-04", 250, "up")
    event = AuditEvent.objects.get()
    assert (event.verb, event.subject, sorted(event.details["fields"])) == (
        "node.change",
        "lyon-04",
        ["name", "power_watts"],
    )


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({}, "s3cret"),
        ({"credential": ""}, "s3cret"),
        ({"credential": "other"}, "other"),
        ({"credential_kind": "none"}, ""),
        ({"credential_kind": "basic", "credential": "user:pw"}, "user:pw"),
    ],
)
def test_credentials_stay_until_they_are_replaced_or_forgotten(
    operator: Client, values: dict[str, object], kept: str
) -> None:
    node = NodeFactory(credential_kind="bearer")
    node.set_credential("s3cret")
    node.save()
    edit(operator, node, **values)
    assert Node.objects.get().credential() == kept


@pytest.mark.parametrize(
    ("url", "is_refused"),
    [
        ("http://10.0.0.1:8000/other", False),
        ("http://10.0.0.1:9000/metrics", True),
        ("https://10.0.0.1:8000/metrics", True),
        ("http://10.0.0.2:8000/metrics", True),
    ],
)
def test_credentials_that_are_there_go_to_no_other_server(operator: Client, url: str, is_refused: bool) -> None:
    node = NodeFactory(credential_kind="bearer")
    node.set_credential("s3cret")
    node.save()
    page = edit(operator, node, url=url)
    assert (page.status_code == 200) is is_refused
    assert ("what is there is sent to no other server" in text_of(page)) is is_refused
    assert edit(operator, node, url=url, credential="s3cret").status_code == 302


@pytest.mark.parametrize(
    ("values", "is_forgotten"),
    [
        ({"url": "http://10.0.0.9:8000/metrics"}, True),
        ({"engine": "triton"}, True),
        ({"name": "other"}, False),
        ({"pull_interval_seconds": 60}, False),
        ({}, False),
    ],
)
def test_the_counters_of_another_server_are_forgotten(
    operator: Client, values: dict[str, object], is_forgotten: bool
) -> None:
    node = busy_node()
    edit(operator, node, **values)
    assert (PullState.objects.get().counters is None) is is_forgotten


def test_a_node_that_moves_is_counted_at_its_new_site(operator: Client) -> None:
    node, other = busy_node(), SiteFactory()
    edit(operator, node, site=other.pk)
    assert {health.site_id: health.up for health in SiteHealth.objects.all()} == {node.site_id: 0, other.pk: 1}


@pytest.mark.parametrize("values", [{"name": "taken"}, {"url": ""}, {"credential_kind": "bearer"}])
def test_what_is_refused_changes_nothing(operator: Client, values: dict[str, object]) -> None:
    NodeFactory(name="taken")
    node = NodeFactory(name="lyon-03")
    page = edit(operator, node, **values)
    assert "Please check this first" in text_of(page)
    same = Node.objects.get(pk=node.pk)
    assert (same.name, same.url, same.credential_kind) == ("lyon-03", node.url, "none")
    assert not AuditEvent.objects.exists()


def test_a_name_may_be_kept(operator: Client) -> None:
    node = NodeFactory()
    assert edit(operator, node).status_code == 302


def test_who_only_reads_is_refused(browser: Client) -> None:
    node = NodeFactory(name="lyon-03")
    assert browser.get(reverse("kpis:node_edit", args=[node.uuid])).status_code == 403
    assert edit(browser, node, name="mine").status_code == 403
    assert Node.objects.get().name == "lyon-03"


def test_a_retired_or_unknown_node_is_not_found(operator: Client) -> None:
    assert edit(operator, NodeFactory(retired_at=at(0))).status_code == 404
    assert operator.get(reverse("kpis:node_edit", args=[uuid4()])).status_code == 404
