"""The page on which operators write a mapping, with the node's own series beside it and what it would read now."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import SignedInRequest, has_role
from accounts.models import Role
from inference_kpis import access
from inference_kpis.catalogue import MEASURES
from inference_kpis.dashboards import mapping_form
from inference_kpis.dashboards.mapping_form import MappingForm, RowForm, Values
from inference_kpis.dashboards.mapping_preview import Seen, look_at, preview, series_list
from inference_kpis.dashboards.mapping_words import problem_sentence
from inference_kpis.engines.generic import GENERIC
from inference_kpis.engines.mapping import Content, Row
from inference_kpis.engines.suggestion import row_of, usual_measure
from inference_kpis.fleet.models import Node
from inference_kpis.mappings.models import SeriesMapping
from inference_kpis.mappings.reading import content_of
from inference_kpis.mappings.saving import ChangedMeanwhile, NotGeneric, give_mapping, save_mapping

# Nodes that can be looked at from one mapping.
MOST_NODES = 50
# What changes rows or looks at something, and saves nothing.
ACTIONS = ("preview", "series", "add", "remove", "take", "use", "look")


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def mapping_add(request: SignedInRequest) -> HttpResponse:
    return _edit(request, SeriesMapping(), Content())


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def mapping_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    mapping = access.get_writable_mapping_for(request.user, pk)
    chosen = request.GET.get("version", "")
    earlier = content_of(mapping.pk, int(chosen)) if chosen.isdecimal() and len(chosen) < 9 else None
    return _edit(request, mapping, earlier or content_of(mapping.pk, mapping.version) or Content())


def _edit(request: SignedInRequest, mapping: SeriesMapping, content: Content) -> HttpResponse:
    node = _node(request)
    action = next((name for name in ACTIONS if name in request.POST), "")
    if request.method != "POST":
        form = MappingForm(instance=mapping, initial=_initial(mapping, content))
        rows: Sequence[Values] = [mapping_form.values_of(row) for row in content.rows] or [{}]
        return _page(request, mapping, form, mapping_form.unchecked(rows), look_at(node, ""), node)
    data = request.POST.copy()
    form = MappingForm(data, instance=mapping)
    rows = mapping_form.posted_rows(request.POST)
    if action in {"", "preview"}:
        forms_of_rows = mapping_form.checked(rows)
        if not action and (saved := _save(request, form, forms_of_rows)):
            return redirect(saved)
        is_late = not action and form.has_error(NON_FIELD_ERRORS, ChangedMeanwhile.code)
        if is_late:
            # Whoever saves again has been told.
            data["seen_version"] = str(access.get_writable_mapping_for(request.user, mapping.pk).version)
        seen = look_at(node, _pasted(request))
        return _page(request, mapping, form, forms_of_rows, seen, node, status=409 if is_late else 200)
    seen = look_at(node, _pasted(request))
    labels = request.POST.get("model_labels", "")
    if action == "take" and not labels:
        labels = seen.model_label
    kept = MappingForm(
        initial={name: request.POST.get(name, "") for name in ("name", "note", "seen_version")}, instance=mapping
    )
    kept.initial["model_labels"] = labels
    forms_of_rows = mapping_form.unchecked(_changed(request, action, rows, seen))
    return _page(request, mapping, kept, forms_of_rows, seen, node)


def _initial(mapping: SeriesMapping, content: Content) -> dict[str, object]:
    return {"model_labels": ", ".join(content.model_labels), "seen_version": mapping.version}


def _pasted(request: SignedInRequest) -> str:
    return request.POST.get("pasted", "")


def _node(request: SignedInRequest) -> Node | None:
    """The node whose series are shown: as chosen on the page, else as in the address."""
    chosen = request.POST.get("node", request.GET.get("node", ""))
    try:
        return Node.objects.in_service().filter(uuid=UUID(chosen)).first()
    except ValueError:
        return None


def _changed(request: SignedInRequest, action: str, rows: Sequence[Values], seen: Seen) -> list[Values]:
    """The rows after a button that adds or removes some; empty ones are dropped on the way."""
    removed = request.POST.get("remove", "") if action == "remove" else ""
    kept = [
        values
        for at, values in enumerate(rows)
        if str(at) != removed and (values.get("measure") or values.get("series"))
    ]
    added: list[Values] = []
    if action == "take":
        wanted = request.POST.get("take", "")
        suggestions = seen.suggestions(_mapped(kept))
        added = [mapping_form.values_of(row) for row in suggestions if wanted in {"all", row.measure}]
    elif action == "use":
        family = next((each for each in seen.families if each.name == request.POST.get("use")), None)
        measure = usual_measure(family) if family else ""
        if family and measure:
            added = [mapping_form.values_of(row_of(family, measure))]
        elif family:
            added = [{"series": family.name}]
    elif action == "add" or not kept:
        added = [{}]
    return [*kept, *added][: mapping_form.MOST_ROWS]


def _mapped(rows: Sequence[Values]) -> list[Row]:
    return [Row(values["measure"], "", "", "") for values in rows if values.get("measure")]


def _save(request: SignedInRequest, form: MappingForm, forms_of_rows: Sequence[RowForm]) -> SeriesMapping | None:
    """Save what is in order; None, with what is wrong said in the form, for what is not."""
    written = mapping_form.rows_of(forms_of_rows)
    if not form.is_valid():
        return None
    if mapping_form.has_errors(forms_of_rows):
        form.add_error(None, _("Some rows are not in order: each says below what is wrong."))
        return None
    if not written:
        form.add_error(None, problem_sentence("no_rows"))
        return None
    content = Content(tuple(row for _, row in written), form.cleaned_data["model_labels"])
    now, given = datetime.now(UTC), _node(request) if "give" in request.GET else None
    try:
        with transaction.atomic():
            saved = save_mapping(
                form.save(commit=False),
                content,
                seen_version=form.cleaned_data["seen_version"],
                by=request.user,
                now=now,
            )
            if given:
                give_mapping(given, saved, by=request.user)
    except (ChangedMeanwhile, NotGeneric) as error:
        form.add_error(None, ValidationError(str(error), code=error.code))
        return None
    except IntegrityError:
        # Somebody took the name since the form looked.
        form.add_error("name", _("Another mapping has this name."))
        return None
    messages.success(request, _("Mapping %(name)s saved; it counts from the next reading on.") % {"name": saved.name})
    return saved


def _page(
    request: SignedInRequest,
    mapping: SeriesMapping,
    form: MappingForm,
    forms_of_rows: Sequence[RowForm],
    seen: Seen,
    node: Node | None,
    *,
    status: int = 200,
) -> HttpResponse:
    judged = _judged(forms_of_rows)
    shown = preview(judged, _labels(form), seen)
    search = request.POST.get("q", "")[:100]
    rows = [(at, row, shown.rows.get(at) if shown else None) for at, row in enumerate(forms_of_rows)]
    mapped = [row for _, row in mapping_form.rows_of(judged)]
    context = {
        "mapping": mapping,
        "form": form,
        "rows": rows,
        "seen": seen,
        "preview": shown,
        "suggestions": [(row, MEASURES[row.measure].label) for row in seen.suggestions(mapped)],
        "listed": series_list(seen, search),
        "search": search,
        "pasted": _pasted(request),
        "node": node,
        "nodes": _nodes(mapping, node),
        "given": node if "give" in request.GET else None,
        "used_by": mapping.nodes.filter(node__retired_at=None).count() if mapping.pk else 0,
    }
    template = "inference_kpis/dashboards/mapping_edit.html"
    if request.htmx:
        template += "#series" if "series" in request.POST else "#preview" if "preview" in request.POST else ""
        context["is_fragment"] = True
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _judged(forms_of_rows: Sequence[RowForm]) -> Sequence[RowForm]:
    """The same rows as if they had been sent: a preview reads those that are in order."""
    if any(form.is_bound for form in forms_of_rows):
        return forms_of_rows
    return mapping_form.checked([{key: str(value) for key, value in form.initial.items()} for form in forms_of_rows])


def _labels(form: MappingForm) -> tuple[str, ...]:
    text = str(form["model_labels"].value() or "")
    try:
        return mapping_form.model_labels(text.split(","))
    except mapping_form.NotAMapping:
        return ()


def _nodes(mapping: SeriesMapping, node: Node | None) -> list[Node]:
    """The nodes whose series can be looked at: those of the mapping, or of the generic engine for a new one."""
    nodes = Node.objects.in_service().filter(source=Node.Source.PULL, engine=GENERIC.key).order_by("name")
    of_mapping = list(nodes.filter(node_mapping__mapping=mapping)[:MOST_NODES]) if mapping.pk else []
    found = of_mapping or list(nodes[:MOST_NODES])
    return found if node is None or node in found else [node, *found]
