"""Registering, changing, pausing and retiring nodes: counted at once, and written down."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEvent, User
from inference_kpis.fleet.models import Node, Site, SiteHealth
from inference_kpis.fleet.registration import retire_node, save_node, set_paused
from tests.factories import NodeFactory, SiteFactory, UserFactory
from tests.inference_kpis.pulls import at
from tests.inference_kpis.readings.storing import put, reading, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    return UserFactory(role="operator")


def audit() -> list[tuple[str, str]]:
    """The audit trail, oldest first."""
    return [(event.verb, event.subject) for event in AuditEvent.objects.order_by("id")]


def register(operator: User, site: Site, **values: object) -> Node:
    fields = {"name": "lyon-03", "site": site, "engine": "vllm", "url": "http://10.0.0.1/metrics", **values}
    return save_node(Node(**fields), credential="s3cret", changed=["name", "url"], by=operator, now=at(0))


def test_it_works(operator: User) -> None:
    node = register(operator, SiteFactory())
    assert Node.objects.get() == node
    assert (node.state, node.credential()) == (Node.State.WAITING, "s3cret")
    event = AuditEvent.objects.get()
    assert (event.verb, event.subject, event.actor) == ("node.register", "lyon-03", operator)
    assert event.details == {"fields": ["name", "url"]}
    health = SiteHealth.objects.get()
    assert (health.waiting, health.counted_at) == (1, at(0))


@pytest.mark.parametrize(("credential", "kept"), [(None, "s3cret"), ("", ""), ("other", "other")])
def test_a_credential_is_kept_forgotten_or_replaced(operator: User, credential: str | None, kept: str) -> None:
    node = register(operator, SiteFactory())
    save_node(node, credential=credential, changed=[], by=operator, now=at(1))
    assert Node.objects.get().credential() == kept
    assert [verb for verb, _ in audit()] == ["node.register", "node.change"]


def test_the_audit_trail_holds_no_credential(operator: User) -> None:
    register(operator, SiteFactory())
    assert "s3cret" not in str(AuditEvent.objects.values())


def test_a_node_that_moves_is_counted_where_it_is(operator: User) -> None:
    node = register(operator, SiteFactory())
    old, node.site = node.site, SiteFactory()
    save_node(node, credential=None, changed=["site"], by=operator, now=at(1))
    assert SiteHealth.objects.get(site=node.site).total == 1
    assert SiteHealth.objects.get(site=old).total == 0


def test_a_pause_and_going_on(operator: User) -> None:
    node = NodeFactory(state=Node.State.DOWN, problem="timed_out")
    set_paused([node], is_paused=True, by=operator, now=at(1))
    node.refresh_from_db()
    assert (node.state, node.problem, node.state_since, node.severity) == (Node.State.PAUSED, "", at(1), 4)
    assert SiteHealth.objects.get().paused == 1
    set_paused([node], is_paused=False, by=operator, now=at(2))
    node.refresh_from_db()
    assert (node.state, node.state_since) == (Node.State.WAITING, at(2))
    assert SiteHealth.objects.get().paused == 0
    assert audit() == [("node.pause", node.name), ("node.resume", node.name)]


def test_a_retired_node_frees_its_name_and_keeps_its_readings(operator: User) -> None:
    node = NodeFactory(name="lyon-03")
    put(node, reading(15))
    retire_node(node, by=operator, now=at(20))
    assert SiteHealth.objects.get().total == 0
    assert stored(node) == [reading(15)]
    again = NodeFactory(name="lyon-03", site=node.site)
    assert list(Node.objects.in_service()) == [again]


def test_the_longest_name_can_be_retired(operator: User) -> None:
    node = NodeFactory(name="x" * 120)
    retire_node(node, by=operator, now=at(20))
    node.refresh_from_db()
    assert len(node.name) == 120
    assert NodeFactory(name="x" * 120).pk != node.pk


def test_two_nodes_in_service_cannot_share_a_name(operator: User) -> None:
    site = SiteFactory()
    register(operator, site)
    with pytest.raises(IntegrityError), transaction.atomic():
        register(operator, site)
    assert Node.objects.count() == 1


def test_a_node_that_is_pulled_needs_an_address(operator: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        register(operator, SiteFactory(), url="")
    assert register(operator, SiteFactory(), url="", source=Node.Source.PUSH).pk
