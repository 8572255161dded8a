"""Writing mappings: a save is a new version, and of two people who edit at once the second is told."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import User
from inference_kpis.engines.generic import GENERIC
from inference_kpis.engines.mapping import Content, as_json
from inference_kpis.exceptions import FleetError
from inference_kpis.fleet.models import Node
from inference_kpis.mappings.models import NodeMapping, SeriesMapping, SeriesMappingVersion


class ChangedMeanwhile(FleetError):
    code = "changed_meanwhile"
    message = _(
        "Somebody saved this mapping while you edited it. Save again to put yours over it; theirs stays in the history."
    )
    can_retry = True


class MappingInUse(FleetError):
    code = "mapping_in_use"
    message = _("Nodes are still read with this mapping. Give them another one first.")


class NotGeneric(FleetError):
    code = "not_generic"
    message = _("Only nodes of the engine Prometheus are read with a mapping. Choose that engine for the node first.")


def save_mapping(
    mapping: SeriesMapping, content: Content, *, seen_version: int, by: User | None, now: datetime, via: str = ""
) -> SeriesMapping:
    """Write name, note and a new version of what it says. Raises `ChangedMeanwhile`, and IntegrityError for a taken name.

    `seen_version` is the version that the editor started from, 0 for a new mapping; `via` what wrote it when no person did.
    """
    with transaction.atomic():
        if mapping.pk:
            held = (
                SeriesMapping.objects.select_for_update()
                .filter(pk=mapping.pk)
                .values_list("version", flat=True)
                .first()
            )
            if held != seen_version:
                raise ChangedMeanwhile
        mapping.version = seen_version + 1
        mapping.save()
        SeriesMappingVersion.objects.create(
            mapping=mapping, number=mapping.version, content=as_json(content), saved_at=now, saved_by=by
        )
        record(
            "mapping.change" if seen_version else "mapping.add",
            mapping.name,
            actor=by,
            version=mapping.version,
            measures=sorted({row.measure for row in content.rows}),
            via=via,
        )
    return mapping


def copy_mapping(mapping: SeriesMapping, content: Content, *, name: str, by: User, now: datetime) -> SeriesMapping:
    """A new mapping that says the same. Raises IntegrityError when the name is taken."""
    return save_mapping(SeriesMapping(name=name, note=mapping.note), content, seen_version=0, by=by, now=now)


def remove_mapping(mapping: SeriesMapping, *, by: User | None, via: str = "") -> None:
    """Remove a mapping and its history. Raises `MappingInUse`."""
    with transaction.atomic():
        mapping = SeriesMapping.objects.select_for_update().get(pk=mapping.pk)
        if mapping.nodes.exists():
            raise MappingInUse
        record("mapping.remove", mapping.name, actor=by, via=via)
        mapping.delete()


def give_mapping(node: Node, mapping: SeriesMapping | None, *, by: User | None, via: str = "") -> None:
    """Read a node with this mapping from its next pull on; None: with the usual names. Raises `NotGeneric`."""
    with transaction.atomic():
        # The node first, as pulls and pushes take it: none is under way while what it is read by changes.
        node = Node.objects.select_for_update(no_key=True).get(pk=node.pk)
        if mapping is None:
            NodeMapping.objects.filter(node=node).delete()
        elif node.engine != GENERIC.key:
            raise NotGeneric
        else:
            NodeMapping.objects.update_or_create(node=node, defaults={"mapping": mapping})
        record(
            "node.mapping",
            node.name,
            actor=by,
            mapping=mapping.name if mapping else "",
            via=via,
        )
