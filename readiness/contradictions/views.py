"""The pages of contradictions: those that are open, one with its history, and what people do with it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.access import SignedInRequest, signed_in
from accounts.alphabet import NameChoiceField
from accounts.models import User
from readiness import access
from readiness.contradictions import following
from readiness.contradictions.models import Contradiction
from readiness.contradictions.standing import lines_of, median_time_to_close, practice_of, windows_of
from readiness.exceptions import ReadinessError

PER_PAGE = 25
MEDIAN_OVER = timedelta(days=365)


class HandOverForm(forms.Form):
    owner = NameChoiceField(label=gettext_lazy("Owner"), queryset=User.objects.none())
    due_on = forms.DateField(
        label=gettext_lazy("Due on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, contradiction: Contradiction, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"owner": contradiction.owner_id, "due_on": contradiction.due_on}
        people = contradiction.team.members.filter(is_active=True) | User.objects.filter(pk=contradiction.owner_id)
        self.fields["owner"].queryset = people.distinct()  # type: ignore[attr-defined]


class CommentForm(forms.Form):
    text = forms.CharField(label=gettext_lazy("Comment"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


@signed_in
@require_safe
def contradiction_list(request: SignedInRequest) -> HttpResponse:
    visible = access.visible_contradictions(request.user)
    is_closed = request.GET.get("closed") == "1"
    found = visible.filter(state="closed").order_by("-closed_at") if is_closed else visible.open().order_by("due_on")
    page = Paginator(found.whole(), PER_PAGE).get_page(request.GET.get("page"))
    now = datetime.now(UTC)
    context = {
        "page": page,
        "rows": lines_of(page.object_list, now),
        "is_closed": is_closed,
        "open_count": visible.open().count(),
        "median": median_time_to_close(visible, now - MEDIAN_OVER),
    }
    return render(request, "readiness/contradictions/contradiction_list.html", context)


@signed_in
@require_safe
def contradiction_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    contradiction = access.get_contradiction_for(request.user, pk)
    can_work = access.can_work_on(request.user, contradiction)
    context = {
        "contradiction": contradiction,
        "practice": practice_of(contradiction),
        "kpi": contradiction.binding.figure if contradiction.binding else None,
        "windows": windows_of(contradiction),
        "events": contradiction.events.select_related("by"),
        "can_work": can_work and contradiction.is_open,
        "form": HandOverForm(contradiction=contradiction),
        "comment_form": CommentForm(),
        "can_bind": bool(contradiction.binding) and access.can_bind(request.user, contradiction.team),
    }
    return render(request, "readiness/contradictions/contradiction_detail.html", context)


@signed_in
@require_POST
def contradiction_acknowledge(request: SignedInRequest, pk: int) -> HttpResponse:
    contradiction = access.get_workable_contradiction_for(request.user, pk)
    try:
        following.acknowledge(contradiction, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Acknowledged: others see that it is being worked on."))
    return redirect(contradiction)


@signed_in
@require_POST
def contradiction_hand_over(request: SignedInRequest, pk: int) -> HttpResponse:
    contradiction = access.get_workable_contradiction_for(request.user, pk)
    form = HandOverForm(request.POST, contradiction=contradiction)
    if not form.is_valid():
        messages.error(request, _("Choose somebody of the team and a date."))
        return redirect(contradiction)
    try:
        following.hand_over(contradiction, **form.cleaned_data, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Owner and date saved."))
    return redirect(contradiction)


@signed_in
@require_POST
def contradiction_comment(request: SignedInRequest, pk: int) -> HttpResponse:
    contradiction = access.get_contradiction_for(request.user, pk)
    form = CommentForm(request.POST)
    if form.is_valid():
        following.comment(contradiction, text=form.cleaned_data["text"], by=request.user, now=datetime.now(UTC))
    else:
        messages.error(request, _("Write something first."))
    return redirect(contradiction)
