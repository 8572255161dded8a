"""The pages of annotations: the list, its file, and the form that writes them."""

import csv
from datetime import UTC, datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, has_role, signed_in
from accounts.models import Role
from inference_kpis import access
from inference_kpis.annotations import annotating
from inference_kpis.annotations.forms import AnnotationForm
from inference_kpis.annotations.models import PUT_BACK_WITHIN, Annotation
from inference_kpis.fleet.models import Site
from inference_kpis.spreadsheet import as_text, csv_answer

ANNOTATIONS_PER_PAGE = 50
MOST_REMOVED = 20
# More lines than anybody reads in a spreadsheet; the newest come first.
MOST_IN_CSV = 10_000


@signed_in
@require_safe
def annotation_list(request: SignedInRequest) -> HttpResponse:
    now = datetime.now(UTC)
    chosen = request.GET.get("kind", "")
    kind = chosen if chosen in Annotation.Kind.values else ""
    kept = Annotation.objects.kept().whole()
    removed = Annotation.objects.whole().filter(removed_at__gt=now - PUT_BACK_WITHIN).order_by("-removed_at")
    page = Paginator(kept.filter(kind=kind) if kind else kept, ANNOTATIONS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": [(each, access.can_change_annotation(request.user, each)) for each in page.object_list],
        "removed": [each for each in removed[:MOST_REMOVED] if access.can_change_annotation(request.user, each)],
        "kinds": Annotation.Kind,
        "kind": kind,
        "can_write": access.can_annotate(request.user),
    }
    return render(request, "inference_kpis/annotations/annotation_list.html", context)


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def annotation_add(request: SignedInRequest) -> HttpResponse:
    """`?site=` suggests the site of the chart that one comes from, by its key."""
    annotation = Annotation(starts_at=datetime.now(UTC).replace(second=0, microsecond=0))
    site = Site.objects.filter(key=request.GET.get("site", "").replace("\0", "")).first()
    if site:
        annotation.scope, annotation.site = Annotation.Scope.SITE, site
    return _write(request, annotation)


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def annotation_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    return _write(request, access.get_writable_annotation_for(request.user, pk))


def _write(request: SignedInRequest, annotation: Annotation) -> HttpResponse:
    is_new = annotation.pk is None
    form = AnnotationForm(request.POST or None, instance=annotation)
    if request.method == "POST" and form.is_valid():
        annotating.save_annotation(form.save(commit=False), by=request.user)
        messages.success(request, _("Annotation saved. The charts that it applies to show it."))
        return redirect("kpis:annotation_list")
    return render(request, "inference_kpis/annotations/annotation_edit.html", {"form": form, "is_new": is_new})


@has_role(Role.OPERATOR)
@require_POST
def annotation_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    annotation = access.get_writable_annotation_for(request.user, pk)
    annotating.remove_annotation(annotation, by=request.user, now=datetime.now(UTC))
    messages.success(request, _("Annotation removed. For 7 days it can be put back at the end of this page."))
    return redirect("kpis:annotation_list")


@has_role(Role.OPERATOR)
@require_POST
def annotation_restore(request: SignedInRequest, pk: int) -> HttpResponse:
    annotation = access.get_removed_annotation_for(request.user, pk, datetime.now(UTC))
    annotating.put_annotation_back(annotation, by=request.user)
    messages.success(request, _("Annotation put back."))
    return redirect("kpis:annotation_list")


@signed_in
@require_safe
def annotation_csv(request: SignedInRequest) -> HttpResponse:
    """Every annotation, the newest first; times in UTC."""
    response = csv_answer("annotations")
    writer = csv.writer(response)
    writer.writerow(["start_utc", "end_utc", "kind", "title", "text", "scope", "of", "link", "author"])
    for each in Annotation.objects.kept().whole()[:MOST_IN_CSV]:
        of = "" if each.scope == Annotation.Scope.FLEET else each.area_label
        end = each.ends_at.isoformat() if each.ends_at else ""
        cells = [each.kind, each.title, each.text, each.scope, of, each.link, each.author]
        writer.writerow([each.starts_at.isoformat(), end, *(as_text(cell) for cell in cells)])
    return response
