"""The pages of mappings: all of them, one with its history, copies, files, and which node is read with which."""

import json
from datetime import UTC, datetime
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import IntegrityError
from django.db.models import Count, Q
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, has_role, signed_in
from accounts.models import Role
from inference_kpis import access
from inference_kpis.catalogue import MEASURES
from inference_kpis.dashboards import mapping_files
from inference_kpis.dashboards.mapping_words import COMBINES, KINDS, UNIT_NAMES, problem_sentence
from inference_kpis.engines.generic import GENERIC
from inference_kpis.engines.mapping import Content, written_conditions
from inference_kpis.mappings.models import NodeMapping, SeriesMapping, SeriesMappingVersion
from inference_kpis.mappings.reading import content_of
from inference_kpis.mappings.saving import (
    MappingInUse,
    NotGeneric,
    copy_mapping,
    give_mapping,
    remove_mapping,
    save_mapping,
)

MOST_NODES = 50
MOST_VERSIONS = 50
MOST_FILE_BYTES = 256 * 1024


@signed_in
@require_safe
def mapping_list(request: SignedInRequest) -> HttpResponse:
    in_service = Count("nodes", filter=Q(nodes__node__retired_at=None))
    latest = {
        version.mapping_id: version
        for version in SeriesMappingVersion.objects.order_by("mapping_id", "-number")
        .distinct("mapping_id")
        .select_related("saved_by")
    }
    rows = [(mapping, latest.get(mapping.pk)) for mapping in SeriesMapping.objects.annotate(nodes_count=in_service)]
    context = {"rows": rows, "can_write": access.can_write_fleet(request.user)}
    return render(request, "inference_kpis/dashboards/mapping_list.html", context)


@signed_in
@require_safe
def mapping_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    mapping = access.get_mapping(pk)
    chosen = request.GET.get("version", "")
    number = int(chosen) if chosen.isdecimal() and len(chosen) < 9 else mapping.version
    content = content_of(pk, number)
    if content is None:
        raise Http404
    nodes = mapping.nodes.filter(node__retired_at=None).select_related("node__site").order_by("node__name")
    context = {
        "mapping": mapping,
        "number": number,
        "content": content,
        "rows": [
            (
                MEASURES[row.measure].label,
                row,
                KINDS[row.kind],
                UNIT_NAMES[row.unit],
                COMBINES[row.combine],
                written_conditions(row.conditions),
            )
            for row in content.rows
        ],
        "nodes": nodes[:MOST_NODES],
        "nodes_count": nodes.count(),
        "versions": mapping.versions.select_related("saved_by")[:MOST_VERSIONS],
        "can_write": access.can_write_fleet(request.user),
    }
    return render(request, "inference_kpis/dashboards/mapping_detail.html", context)


@has_role(Role.OPERATOR)
@require_POST
def mapping_copy(request: SignedInRequest, pk: int) -> HttpResponse:
    mapping = access.get_writable_mapping_for(request.user, pk)
    content = content_of(mapping.pk, mapping.version) or Content()
    taken = set(SeriesMapping.objects.values_list("name", flat=True))
    names = (
        _("%(name)s (copy %(number)s)") % {"name": mapping.name[:100], "number": number} for number in range(1, 1000)
    )
    try:
        name = next(name for name in names if name not in taken)
        copied = copy_mapping(mapping, content, name=name, by=request.user, now=datetime.now(UTC))
    except (IntegrityError, StopIteration):
        messages.error(request, _("The copy was not made: somebody took its name. Copy again."))
        return redirect(mapping)
    messages.success(request, _("Copied as %(name)s. Give it a name of its own.") % {"name": copied.name})
    return redirect("kpis:mapping_edit", copied.pk)


@has_role(Role.OPERATOR)
@require_POST
def mapping_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    mapping = access.get_writable_mapping_for(request.user, pk)
    try:
        remove_mapping(mapping, by=request.user)
    except MappingInUse as error:
        messages.error(request, str(error))
        return redirect(mapping)
    messages.success(request, _("Mapping %(name)s removed.") % {"name": mapping.name})
    return redirect("kpis:mapping_list")


@signed_in
@require_safe
def mapping_export(request: SignedInRequest, pk: int) -> HttpResponse:
    """The mapping as JSON, as `mapping_import` reads it."""
    mapping = access.get_mapping(pk)
    content = content_of(pk, mapping.version) or Content()
    written = mapping_files.written(mapping, content)
    response = JsonResponse(written, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="{slugify(mapping.name) or "mapping"}.json"'
    return response


class MappingImportForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("JSON file"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )
    text = forms.CharField(
        label=gettext_lazy("or its text"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, object]:
        """The mapping that was given; each row that is wrong is said by its number."""
        cleaned = super().clean() or self.cleaned_data
        file = cleaned.get("file")
        body = file.read(MOST_FILE_BYTES + 1) if file else str(cleaned.get("text", "")).encode()
        if len(body) > MOST_FILE_BYTES:
            raise forms.ValidationError(_("The file is larger than 256 KB."))
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            raise forms.ValidationError(problem_sentence("not_a_mapping")) from None
        return {**cleaned, "written": mapping_files.read(found)}


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def mapping_import(request: SignedInRequest) -> HttpResponse:
    form = MappingImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        written = form.cleaned_data["written"]
        mapping = SeriesMapping(name=written.name, note=written.note)
        try:
            saved = save_mapping(mapping, written.content, seen_version=0, by=request.user, now=datetime.now(UTC))
        except IntegrityError:
            # Somebody took the name since the form looked.
            form.add_error(None, _("Another mapping has this name."))
        else:
            messages.success(request, _("Mapping %(name)s imported.") % {"name": saved.name})
            return redirect(saved)
    return render(request, "inference_kpis/dashboards/mapping_import.html", {"form": form})


class NodeMappingForm(forms.Form):
    mapping = forms.ModelChoiceField(
        SeriesMapping.objects.all(),
        label=gettext_lazy("Mapping"),
        required=False,
        empty_label=gettext_lazy("none: the usual names"),
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def node_mapping(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """What a node of the generic engine is read with; operators choose another mapping here."""
    node, can_write = access.get_node(uuid), access.can_write_fleet(request.user)
    if request.method == "POST":
        node = access.get_writable_node_for(request.user, uuid)
    kept = NodeMapping.objects.select_related("mapping").filter(node=node).first()
    form = NodeMappingForm(request.POST or None, initial={"mapping": kept.mapping if kept else None})
    if request.method == "POST" and form.is_valid():
        try:
            give_mapping(node, form.cleaned_data["mapping"], by=request.user)
        except NotGeneric as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, _("Node %(name)s is read like this from its next reading on.") % {"name": node.name}
            )
            return redirect(node)
    context = {
        "node": node,
        "kept": kept,
        "form": form,
        "is_generic": node.engine == GENERIC.key,
        "engine": GENERIC,
        "can_write": can_write,
    }
    return render(request, "inference_kpis/dashboards/node_mapping.html", context)
