"""Who may see and change what on the machine side: everybody who signs in reads the fleet, operators write it."""

from collections.abc import Collection
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, QuerySet
from django.http import Http404

from accounts.models import MachineKey, Role, User
from inference_kpis.alerts.models import Alert, AlertRule, Channel, Silence
from inference_kpis.annotations.models import PUT_BACK_WITHIN, Annotation
from inference_kpis.catalogue import Kpi
from inference_kpis.dashboards.models import SavedView, ScreenLink
from inference_kpis.fleet.models import Node, ServedModel, Site
from inference_kpis.formulas.known import kpis_by_key
from inference_kpis.formulas.models import CustomKpi
from inference_kpis.mappings.models import SeriesMapping
from inference_kpis.probes.models import Probe
from inference_kpis.push.models import WaitingNode

Row = TypeVar("Row", bound=Model)
WRITE_FLEET = {Role.OPERATOR, Role.ADMINISTRATOR}


def can_write_fleet(user: User) -> bool:
    return user.role in WRITE_FLEET


def can_read_kpis(reader: User | AnonymousUser | MachineKey) -> bool:
    """Everybody who is signed in, and keys with that scope. Both read the whole fleet: a key's sites bound its writing."""
    if isinstance(reader, MachineKey):
        return MachineKey.Scope.READ_KPIS in reader.scopes
    return reader.is_authenticated


def get_node(uuid: UUID) -> Node:
    """A node in service; everybody who is signed in may see it."""
    node = Node.objects.in_service().select_related("site").filter(uuid=uuid).first()
    if node is None:
        raise Http404
    return node


def get_writable_node_for(user: User, uuid: UUID) -> Node:
    """A node, for somebody who writes the fleet."""
    if not can_write_fleet(user):
        raise Http404
    return get_node(uuid)


def get_mapping(pk: int) -> SeriesMapping:
    """A mapping; everybody who is signed in may see it."""
    return _or_404(SeriesMapping.objects.filter(pk=pk))


def get_writable_mapping_for(user: User, pk: int) -> SeriesMapping:
    return _or_404(SeriesMapping.objects.filter(pk=pk) if can_write_fleet(user) else SeriesMapping.objects.none())


def get_probe(pk: int) -> Probe:
    """A probe; everybody who is signed in may see it."""
    return _or_404(Probe.objects.filter(pk=pk).select_related("node__site"))


def get_writable_probe_for(user: User, pk: int) -> Probe:
    """A probe, for somebody who writes the fleet."""
    return _or_404(
        Probe.objects.filter(pk=pk).select_related("node__site") if can_write_fleet(user) else Probe.objects.none()
    )


def get_writable_custom_kpi_for(user: User, key: str) -> CustomKpi:
    """A custom KPI in use, for somebody who writes the fleet."""
    return _or_404(CustomKpi.objects.in_use().filter(key=key) if can_write_fleet(user) else CustomKpi.objects.none())


def get_writable_nodes_for(user: User, uuids: Collection[UUID]) -> list[Node]:
    """Those of these nodes that are in service, for somebody who writes the fleet."""
    if not can_write_fleet(user):
        raise Http404
    return list(Node.objects.in_service().filter(uuid__in=uuids).order_by("pk"))


def get_waiting_node_for(user: User, pk: int) -> WaitingNode:
    """A name in the inbox, for somebody who writes the fleet."""
    found = WaitingNode.objects.unregistered().filter(pk=pk).select_related("key")
    return _or_404(found if can_write_fleet(user) else found.none())


def get_site(key: str) -> Site:
    """A site with its counts, retired ones included: their history stays."""
    return _or_404(Site.objects.select_related("health").filter(key=key))


def get_writable_site_for(user: User, key: str) -> Site:
    return _or_404(Site.objects.filter(key=key) if can_write_fleet(user) else Site.objects.none())


def get_served_model(name: str) -> ServedModel:
    """A model by its name, which PostgreSQL takes no NUL in; the node itself ('') is none."""
    return _or_404(ServedModel.objects.exclude(name="").filter(name=name.replace("\0", "")))


def get_kpi(key: str) -> Kpi:
    """A KPI of the catalogue or of the company."""
    kpi = kpis_by_key([key]).get(key)
    if kpi is None:
        raise Http404
    return kpi


# --- Alerts ----------------------------------------------------------------------------------------------------------


def can_write_alerts(user: User) -> bool:
    """Rules, silences and channels, and acknowledging; everybody who is signed in reads them."""
    return user.role in WRITE_FLEET


def get_alert(pk: int) -> Alert:
    """An alert that was ever raised, with what its page reads."""
    return _or_404(Alert.objects.whole().filter(pk=pk))


def get_alert_rule(pk: int) -> AlertRule:
    """A rule, retired ones included: their history stays."""
    return _or_404(AlertRule.objects.whole().filter(pk=pk))


def get_writable_alert_rule_for(user: User, pk: int) -> AlertRule:
    return _or_404(
        AlertRule.objects.in_use().whole().filter(pk=pk) if can_write_alerts(user) else AlertRule.objects.none()
    )


def get_channel(pk: int) -> Channel:
    return _or_404(Channel.objects.in_use().filter(pk=pk))


def get_writable_channel_for(user: User, pk: int) -> Channel:
    return _or_404(Channel.objects.in_use().filter(pk=pk) if can_write_alerts(user) else Channel.objects.none())


def get_silence_to_end_for(user: User, pk: int) -> Silence:
    return _or_404(Silence.objects.filter(pk=pk) if can_write_alerts(user) else Silence.objects.none())


# --- Annotations -----------------------------------------------------------------------------------------------------


def can_annotate(user: User) -> bool:
    """Operators write annotations; everybody who is signed in reads them."""
    return user.role in WRITE_FLEET


def can_change_annotation(user: User, annotation: Annotation) -> bool:
    """One's own and those of machines; administrators all."""
    is_own = annotation.created_by_id in {None, user.pk}
    return can_annotate(user) and (is_own or user.is_administrator)


def get_writable_annotation_for(user: User, pk: int) -> Annotation:
    return _changeable(user, Annotation.objects.kept().whole().filter(pk=pk))


def get_removed_annotation_for(user: User, pk: int, now: datetime) -> Annotation:
    """One that was removed so lately that it can be put back."""
    return _changeable(user, Annotation.objects.whole().filter(pk=pk, removed_at__gt=now - PUT_BACK_WITHIN))


def _changeable(user: User, found: QuerySet[Annotation]) -> Annotation:
    annotation = _or_404(found)
    if not can_change_annotation(user, annotation):
        raise Http404
    return annotation


# --- Views of the explorer -------------------------------------------------------------------------------------------


def get_own_view_for(user: User, pk: int) -> SavedView:
    """A view that this person may remove: whoever shares one alone takes it back."""
    return _or_404(SavedView.objects.filter(pk=pk, owner=user))


# --- Links of wall screens -------------------------------------------------------------------------------------------


def can_link_screens(user: User) -> bool:
    """A link shows figures to whoever has it: making one is for administrators."""
    return user.is_administrator


def get_screen_link_for(user: User, pk: int) -> ScreenLink:
    return _or_404(ScreenLink.objects.filter(pk=pk) if can_link_screens(user) else ScreenLink.objects.none())


def _or_404(found: QuerySet[Row]) -> Row:
    row = found.first()
    if row is None:
        raise Http404
    return row
