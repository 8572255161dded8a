"""Following a list that a real server serves: nodes come, change, go and return; a bad answer changes nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from inference_kpis.discovery import refreshing
from inference_kpis.discovery.models import DiscoverySource
from inference_kpis.discovery.refreshing import LEASE, claim_due, follow, refresh_claimed
from inference_kpis.discovery.sources import forget_source
from inference_kpis.fleet.models import Node, Site
from inference_kpis.fleet.registration import retire_node
from inference_kpis.pull.models import PullState
from tests.factories import NodeFactory, SiteFactory, UserFactory
from tests.inference_kpis.discovery.registry import Registry, group, refresh, source_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)


def fleet() -> list[tuple[str, str, str]]:
    """Name, URL and site of every node in service."""
    return list(Node.objects.in_service().values_list("name", "url", "site__key"))


def everything() -> list[dict[str, object]]:
    return list(Node.objects.order_by("pk").values())


def test_it_works(registry: Registry) -> None:
    registry.lists(group("10.0.1.1:8000", "10.0.1.2:8000", tier="region", engine="vllm", __scrape_interval__="30s"))
    source = refresh(source_of(registry), NOW)
    assert fleet() == [
        ("10.0.1.1:8000", "http://10.0.1.1:8000/metrics", "lyon"),
        ("10.0.1.2:8000", "http://10.0.1.2:8000/metrics", "lyon"),
    ]
    node = Node.objects.select_related("site").first()
    assert node is not None
    assert (node.engine, node.pull_interval_seconds, node.site.tier, node.state) == ("vllm", 30, "region", "waiting")
    assert PullState.objects.count() == 2
    assert (source.problem, source.answered_at, source.next_refresh_at) == ("", NOW, NOW + timedelta(seconds=60))
    assert registry.asked[0]["Accept"] == "application/json"
    assert registry.asked[0]["X-Prometheus-Refresh-Interval-Seconds"] == "60"


def test_the_same_list_again_changes_nothing(registry: Registry) -> None:
    registry.lists_nodes(3)
    source = refresh(source_of(registry), NOW)
    before, lines = everything(), AuditEvent.objects.count()
    refresh(source, NOW + timedelta(minutes=1))
    assert (everything(), AuditEvent.objects.count()) == (before, lines)


def test_a_node_follows_its_target(registry: Registry) -> None:
    SiteFactory(key="paris")
    registry.lists(group("10.0.1.1:8000", instance="gpu-1"))
    source = refresh(source_of(registry), NOW)
    node = Node.objects.get()
    PullState.objects.update(counters=b"old")
    registry.lists(group("10.0.9.9:8000", instance="gpu-1", site="paris"))
    refresh(source, NOW + timedelta(minutes=1))
    assert fleet() == [("gpu-1", "http://10.0.9.9:8000/metrics", "paris")]
    assert Node.objects.get().pk == node.pk
    assert PullState.objects.get().counters is None


def test_what_vanishes_is_retired_and_returns_as_the_same_node(registry: Registry) -> None:
    registry.lists_nodes(2)
    source = refresh(source_of(registry), NOW)
    uuids = set(Node.objects.values_list("uuid", flat=True))
    registry.lists_nodes(1)
    refresh(source, NOW + timedelta(minutes=1))
    assert [name for name, _, _ in fleet()] == ["10.0.1.1:8000"]
    registry.lists_nodes(2)
    refresh(source, NOW + timedelta(minutes=2))
    assert [name for name, _, _ in fleet()] == ["10.0.1.1:8000", "10.0.1.2:8000"]
    assert set(Node.objects.values_list("uuid", flat=True)) == uuids
    verbs = list(
        AuditEvent.objects.filter(subject__contains="10.0.1.2").order_by("pk").values_list("verb", "details__via")
    )
    assert verbs == [(f"node.{verb}", "discovery: Registry") for verb in ("register", "retire", "restore")]


@pytest.mark.parametrize(
    ("status", "content_type", "body", "problem"),
    [
        (500, "application/json", b"[]", "status"),
        (401, "application/json", b"[]", "not_allowed"),
        (302, "application/json", b"[]", "redirected"),
        (200, "text/html", b"[]", "not_json"),
        (200, "application/json", b'[{"targets": ', "bad_list"),
        (200, "application/json", b"[]", "emptied"),
    ],
)
def test_a_bad_answer_keeps_everything_as_it_was(
    registry: Registry, status: int, content_type: str, body: bytes, problem: str
) -> None:
    registry.lists_nodes(5)
    source = refresh(source_of(registry), NOW)
    before = everything()
    registry.status, registry.content_type, registry.body = status, content_type, body
    later = refresh(source, NOW + timedelta(minutes=1))
    assert everything() == before
    assert (later.problem, later.problem_at, later.answered_at) == (problem, NOW + timedelta(minutes=1), NOW)
    registry.lists_nodes(5)
    assert refresh(source, NOW + timedelta(minutes=2)).problem == ""


def test_a_server_that_is_gone_changes_nothing(registry: Registry) -> None:
    registry.lists_nodes(2)
    source = refresh(source_of(registry), NOW)
    DiscoverySource.objects.update(url="http://10.255.255.1/sd")
    assert refresh(source, NOW + timedelta(minutes=1)).problem == "address_refused"
    assert len(fleet()) == 2


def test_a_small_list_may_become_empty(registry: Registry) -> None:
    registry.lists_nodes(4)
    source = refresh(source_of(registry), NOW)
    registry.lists()
    assert refresh(source, NOW + timedelta(minutes=1)).problem == ""
    assert fleet() == []


def test_what_somebody_registered_by_hand_is_never_touched(registry: Registry) -> None:
    NodeFactory(name="by hand", url="http://10.0.1.1:8000/metrics", pull_interval_seconds=60)
    NodeFactory(name="10.0.1.2:8000", url="http://10.0.7.7:8000/metrics")
    before = everything()
    registry.lists_nodes(2, engine="triton")
    source = refresh(source_of(registry), NOW)
    registry.lists()
    refresh(source, NOW + timedelta(minutes=1))
    assert everything() == before


def test_what_somebody_took_out_of_service_stays_out(registry: Registry) -> None:
    registry.lists_nodes(2)
    source = refresh(source_of(registry), NOW)
    retire_node(Node.objects.get(name="10.0.1.1:8000"), by=UserFactory(), now=NOW)
    refresh(source, NOW + timedelta(minutes=1))
    assert [name for name, _, _ in fleet()] == ["10.0.1.2:8000"]


def test_credentials_are_not_sent_where_a_list_points(registry: Registry) -> None:
    registry.lists(group("10.0.1.1:8000", instance="gpu-1"))
    source = refresh(source_of(registry), NOW)
    node = Node.objects.get()
    node.set_credential("s3cret")
    node.save()
    registry.lists(group("10.6.6.6:8000", instance="gpu-1"))
    refresh(source, NOW + timedelta(minutes=1))
    assert fleet() == [("gpu-1", "http://10.0.1.1:8000/metrics", "lyon")]


def test_credentials_of_the_source_are_sent(registry: Registry) -> None:
    source = source_of(registry, credential_kind="bearer")
    source.set_credential("s3cret")
    source.save()
    assert b"s3cret" not in bytes(source.credential_sealed)
    refresh(source, NOW)
    assert registry.asked[0]["Authorization"] == "Bearer s3cret"


def test_credentials_that_cannot_be_opened_are_a_problem(registry: Registry) -> None:
    source = source_of(registry, credential_kind="bearer", credential_sealed=b"of another key")
    assert refresh(source, NOW).problem == "key_lost"
    assert registry.asked == []


def test_a_source_that_is_off_shows_and_changes_nothing(registry: Registry) -> None:
    registry.lists_nodes(2)
    source = refresh(source_of(registry, is_on=False), NOW)
    assert (fleet(), Site.objects.count()) == ([], 0)
    assert (source.answered_at, source.next_refresh_at, source.leased_until) == (NOW, None, None)


def test_a_source_is_claimed_by_one(registry: Registry) -> None:
    source = source_of(registry, next_refresh_at=NOW)
    [claim] = claim_due(NOW)
    assert claim_due(NOW + timedelta(seconds=1)) == []
    # The worker died: the next claim is another lease, and what the first one brings late is dropped.
    [second] = claim_due(NOW + LEASE + timedelta(seconds=1))
    registry.lists_nodes(1)
    refresh_claimed(claim, NOW)
    assert (registry.asked, fleet()) == ([], [])
    refresh_claimed(second, NOW)
    assert len(fleet()) == 1
    source.refresh_from_db()
    assert source.leased_until is None


def test_what_is_asked_of_a_source_that_is_off_survives_a_dead_worker(registry: Registry) -> None:
    source_of(registry, is_on=False, next_refresh_at=NOW)
    assert len(claim_due(NOW)) == 1
    assert len(claim_due(NOW + LEASE + timedelta(seconds=1))) == 1


def test_a_long_list_is_followed_in_steps(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refreshing, "MOST_CHANGES_AT_ONCE", 2)
    registry.lists_nodes(3)
    source = refresh(source_of(registry), NOW)
    assert (len(fleet()), source.next_refresh_at) == (2, NOW)
    refresh(source, NOW)
    assert len(fleet()) == 3


def test_one_change_that_fails_leaves_the_others(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody registers a node of that name between the plan and its making."""
    registry.lists_nodes(3)
    source = refresh(source_of(registry, is_on=False), NOW)
    planned = refreshing.plan_of(source)
    NodeFactory(name="10.0.1.2:8000", url="http://10.0.8.8:1/metrics")
    monkeypatch.setattr(refreshing, "plan_of", lambda source: planned)
    assert follow(source, NOW) == 2
    assert len(fleet()) == 3


def test_a_forgotten_source_leaves_its_nodes(registry: Registry) -> None:
    registry.lists_nodes(2)
    source = refresh(source_of(registry), NOW)
    forget_source(source, by=UserFactory())
    assert len(fleet()) == 2
    again = refresh(source_of(registry), NOW)
    assert (len(fleet()), again.discovered.count()) == (2, 0)


def test_an_unchanged_list_costs_the_same_however_long(registry: Registry) -> None:
    counts = []
    for size in (1, 20):
        registry.lists_nodes(size)
        source = refresh(source_of(registry, name=f"Registry {size}"), NOW)
        with CaptureQueriesContext(connection) as captured:
            refresh(source, NOW + timedelta(minutes=1))
        counts.append(len(captured))
        forget_source(source, by=UserFactory())
        Node.objects.all().delete()
    assert counts[0] == counts[1]
