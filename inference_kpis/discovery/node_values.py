"""A node written from named values, by a machine or a file: checked by the form that people fill in."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from inference_kpis.dashboards.node_form import NodeForm
from inference_kpis.fleet.models import Node
from inference_kpis.fleet.registration import save_node
from inference_kpis.pull.schedule import schedule_node

UNKNOWN_SITE = _("There is no site with this key that may be written here.")


def node_form(node: Node, values: Mapping[str, object], sites: Mapping[str, int]) -> NodeForm:
    """The bound form of a node with these values in place of its own; `sites` are the ids of those allowed, by key."""
    kept = NodeForm(instance=node)
    given = {name: kept.get_initial_for_field(field, name) for name, field in kept.fields.items()} | dict(values)
    key = values.get("site")
    if "site" in values:
        given["site"] = sites.get(key, "") if isinstance(key, str) else ""
    form = NodeForm({name: "" if value is None else value for name, value in given.items()}, instance=node)
    if "site" in values and key and given["site"] == "":
        form.errors.pop("site", None)
        form.add_error("site", UNKNOWN_SITE)
    return form


def write_node(form: NodeForm, *, by: User | None, now: datetime, via: str) -> Node:
    """Save a valid form as the node's page does; a node in which nothing differs is left as it is."""
    node: Node = form.instance
    if node.pk and not form.changed_data:
        return node
    with transaction.atomic():
        saved = save_node(
            form.save(commit=False),
            credential=form.credential_to_store,
            changed=[name for name in form.changed_data if name != "credential"],
            by=by,
            now=now,
            via=via,
        )
        if saved.source == Node.Source.PULL:
            schedule_node(saved, now, is_another_server=not {"url", "engine"}.isdisjoint(form.changed_data))
    return saved
