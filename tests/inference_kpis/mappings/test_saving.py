"""Writing mappings: versions, two editors at once, copies, and nodes that use them."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError

from accounts.models import AuditEvent
from inference_kpis.engines.mapping import Content
from inference_kpis.mappings.models import NodeMapping, SeriesMapping
from inference_kpis.mappings.reading import content_of, readers_of
from inference_kpis.mappings.saving import (
    ChangedMeanwhile,
    MappingInUse,
    NotGeneric,
    copy_mapping,
    give_mapping,
    remove_mapping,
    save_mapping,
)
from tests.factories import NodeFactory, UserFactory
from tests.inference_kpis.mappings.makers import ACME, REQUESTS, a_mapping, changed, mapped_node

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_it_works() -> None:
    person = UserFactory()
    mapping = save_mapping(SeriesMapping(name="Acme"), ACME, seen_version=0, by=person, now=NOW)
    save_mapping(mapping, Content((REQUESTS,)), seen_version=1, by=person, now=NOW)
    assert [(each.number, each.saved_by, each.saved_at) for each in mapping.versions.all()] == [
        (2, person, NOW),
        (1, person, NOW),
    ]
    assert content_of(mapping.pk, 1) == ACME
    assert content_of(mapping.pk, 2) == Content((REQUESTS,))
    assert content_of(mapping.pk, 3) is None
    assert list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True)) == ["mapping.add", "mapping.change"]


def test_the_second_of_two_editors_is_told() -> None:
    mapping = a_mapping()
    changed(SeriesMapping.objects.get(pk=mapping.pk), REQUESTS)
    with pytest.raises(ChangedMeanwhile):
        changed(mapping, *ACME.rows)
    assert SeriesMapping.objects.get().version == 2
    assert mapping.versions.count() == 2


def test_a_mapping_that_is_gone_is_not_brought_back() -> None:
    mapping, stale = a_mapping(), SeriesMapping.objects.get()
    remove_mapping(mapping, by=UserFactory())
    with pytest.raises(ChangedMeanwhile):
        changed(stale, REQUESTS)
    assert not SeriesMapping.objects.exists()


def test_a_changed_mapping_counts_at_once() -> None:
    mapping = a_mapping()
    node = mapped_node(mapping)
    assert readers_of([node])[node.pk].engine.exposes > {"requests"}
    changed(mapping, REQUESTS)
    assert readers_of([node])[node.pk].engine.exposes == {"requests"}


def test_a_copy_is_a_mapping_of_its_own() -> None:
    copied = copy_mapping(a_mapping(), ACME, name="Other", by=UserFactory(), now=NOW)
    assert (copied.version, content_of(copied.pk, 1)) == (1, ACME)
    with pytest.raises(IntegrityError):
        copy_mapping(copied, ACME, name="Acme", by=UserFactory(), now=NOW)


def test_one_in_use_is_not_removed() -> None:
    mapping = a_mapping()
    node = mapped_node(mapping)
    with pytest.raises(MappingInUse):
        remove_mapping(mapping, by=UserFactory())
    give_mapping(node, None, by=UserFactory())
    remove_mapping(mapping, by=UserFactory())
    assert not SeriesMapping.objects.exists()


def test_only_nodes_of_the_generic_engine_are_given_one() -> None:
    node, mapping = NodeFactory(), a_mapping()
    with pytest.raises(NotGeneric):
        give_mapping(node, mapping, by=UserFactory())
    assert not NodeMapping.objects.exists()
