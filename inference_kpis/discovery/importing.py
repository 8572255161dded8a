"""Writing nodes from a table: first what would change, then everything or nothing."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import User
from inference_kpis.dashboards.node_form import NodeForm
from inference_kpis.discovery.node_values import node_form, write_node
from inference_kpis.discovery.planning import shown
from inference_kpis.discovery.table import NUMBERS, Line, TableRefused, read_table, write_table
from inference_kpis.fleet.health import count_sites
from inference_kpis.fleet.models import Node, Site

# Each line that changes something is checked as a form is, a few milliseconds: a page may wait for so many.
MOST_CHECKED = 1000

SENTENCES: dict[str, str | Promise] = {
    "doubled_columns": _("These columns stand there twice: %(columns)s. Keep one of each."),
    "malformed": _("The file is no table that can be read. Export the nodes and change that file."),
    "missing_columns": _("These columns are missing: %(columns)s. The first line names the columns."),
    "too_large": _("The file is larger than 4 MB. Split it."),
    "too_many_changes": _("The file adds or changes more than 1,000 nodes. Split it."),
    "too_many_lines": _("The file has more than 20,000 lines. Split it."),
    "unknown_columns": _("These columns are not known: %(columns)s. Remove them."),
}


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong on a line; `column` is '' when it is the line as a whole."""

    number: int
    column: str
    message: str


@dataclass
class ImportPlan:
    """What a table would do: forms to save by line, what is wrong, and how many nodes stay as they are."""

    forms: list[tuple[int, NodeForm]] = field(default_factory=list)
    errors: list[LineError] = field(default_factory=list)
    unchanged: int = 0

    @property
    def changes(self) -> list[tuple[int, str, bool, list[str]]]:
        """Line, name, whether the node is new, and the fields that change."""
        return [
            (number, form.cleaned_data["name"], form.instance.pk is None, form.changed_data)
            for number, form in self.forms
        ]

    @property
    def added(self) -> int:
        return sum(is_new for _, _, is_new, _ in self.changes)

    @property
    def changed(self) -> int:
        return len(self.forms) - self.added

    @property
    def digest(self) -> str:
        """The same for the same changes: what somebody confirmed is what is done."""
        told = [
            (number, str(form.instance.pk), sorted((name, str(form.cleaned_data[name])) for name in form.changed_data))
            for number, form in self.forms
        ]
        return hashlib.sha256(repr(told).encode()).hexdigest()


def sentence(refused: TableRefused) -> str:
    columns = ", ".join(shown(name) for name in refused.columns[:10])
    return str(SENTENCES[refused.code]) % {"columns": columns}


def export_nodes() -> str:
    """All nodes in service as a table, without their credentials. One query."""
    nodes = Node.objects.in_service().select_related("site").order_by("name")
    return write_table(_row(node) for node in nodes)


def _row(node: Node) -> dict[str, object]:
    """A node as a line of the table; queries the site unless it was selected."""
    return {
        "uuid": node.uuid,
        "name": node.name,
        "site": node.site.key,
        "engine": node.engine,
        "source": node.source,
        "url": node.url,
        "pull_interval_seconds": node.pull_interval_seconds,
        "pull_timeout_seconds": node.pull_timeout_seconds,
        "price_per_hour": node.price_per_hour,
        "power_watts": node.power_watts,
    }


def _is_as_written(node: Node, line: Line) -> bool:
    """Whether a line says of a node exactly what an export says: most lines of most files, which need no form."""
    row = _row(node)
    return all(_is_same(column, text, row[column]) for column, text in line.values.items())


def _is_same(column: str, text: str, value: object) -> bool:
    written = "" if value is None else str(value)
    if column not in NUMBERS or text == written or not text or not written:
        return text == written
    try:
        return Decimal(text) == Decimal(written)
    except InvalidOperation:
        return False


def plan_import(text: str) -> ImportPlan:
    """What the table would change. Raises `TableRefused`; writes nothing."""
    lines = read_table(text)
    sites = dict(Site.objects.values_list("key", "pk"))
    by_uuid, by_name = _nodes(lines)
    planned, told = ImportPlan(), dict[str, int]()
    for line in lines:
        if len(planned.forms) + len(planned.errors) > MOST_CHECKED:
            raise TableRefused("too_many_changes")
        planned.errors += _plan_line(line, planned, by_uuid, by_name, sites, told)
    return planned


def _nodes(lines: list[Line]) -> tuple[dict[str, Node], dict[str, Node]]:
    """The nodes in service that the lines are about, by UUID and by name; locked within a transaction."""
    uuids = [uuid for line in lines if (uuid := _uuid(line.values.get("uuid", "")))]
    names = [line.values["name"] for line in lines]
    nodes = Node.objects.in_service().filter(uuid__in=uuids) | Node.objects.in_service().filter(name__in=names)
    found = list(nodes.select_related("site").order_by("pk"))
    return {str(node.uuid): node for node in found}, {node.name: node for node in found}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _plan_line(
    line: Line,
    planned: ImportPlan,
    by_uuid: Mapping[str, Node],
    by_name: Mapping[str, Node],
    sites: Mapping[str, int],
    told: dict[str, int],
) -> Iterator[LineError]:
    values: dict[str, object] = {name: text for name, text in line.values.items() if name != "uuid"}
    uuid, name = line.values.get("uuid", ""), line.values["name"]
    node = by_uuid.get(str(_uuid(uuid))) if uuid else by_name.get(name)
    if uuid and node is None:
        yield LineError(
            line.number, "uuid", str(_("No node in service has this identifier. Leave it empty to add one."))
        )
        return
    if node is None:
        # A column that is left empty means what a new form proposes.
        node = Node()
        values = {column: text for column, text in values.items() if text or column == "engine"}
    for who in {name, str(node.uuid)}:
        if who in told:
            message = _("Line %(line)s is about the same node.") % {"line": told[who]}
            yield LineError(line.number, "name", str(message))
            return
    told |= dict.fromkeys((name, str(node.uuid)), line.number)
    if node.pk and _is_as_written(node, line):
        planned.unchanged += 1
        return
    form = node_form(node, values, sites)
    if not form.is_valid():
        for column, messages in form.errors.items():
            for text in messages:
                yield LineError(line.number, "" if column == "__all__" else column, str(text))
    elif node.pk and not form.changed_data:
        planned.unchanged += 1
    else:
        planned.forms.append((line.number, form))


def import_nodes(text: str, *, digest: str, by: User, now: datetime) -> ImportPlan | None:
    """Write what the table says, all of it in one transaction; None when that is not what was confirmed, or not good."""
    try:
        return _import(text, digest=digest, by=by, now=now)
    except IntegrityError:
        # Somebody took a name since the plan was made; the next plan says so on its line.
        return None


def _import(text: str, *, digest: str, by: User, now: datetime) -> ImportPlan | None:
    with transaction.atomic():
        # Nodes, then sites, each in order: as pulls and pushes take them.
        lines = read_table(text)
        by_uuid, by_name = _nodes(lines)
        known = {node.pk for node in (*by_uuid.values(), *by_name.values())}
        locked = list(Node.objects.select_for_update(of=("self",)).filter(pk__in=known).order_by("pk"))
        planned = plan_import(text)
        if planned.errors or planned.digest != digest:
            return None
        touched = {node.site_id for node in locked} | {form.cleaned_data["site"].pk for _, form in planned.forms}
        count_sites(touched, now)
        for _number, form in planned.forms:
            write_node(form, by=by, now=now, via="csv")
        record("fleet.import", "csv", actor=by, added=planned.added, changed=planned.changed)
    return planned
