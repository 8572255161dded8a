"""The pages of working together: my work, what somebody was asked, the outbox."""

from datetime import UTC, datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, signed_in
from accounts.models import Team
from readiness import access
from readiness.bank import load_bank
from readiness.exceptions import ReadinessError
from readiness.teamwork import assigning, waiting
from readiness.teamwork.delivery import problem_sentence
from readiness.teamwork.forms import AssignForm, DeclineForm, HandOnForm, WorkPreferenceForm
from readiness.teamwork.models import Assignment, Mail, WorkPreference
from readiness.work import WorkKind

ITEMS_PER_PAGE = 50
MAILS_PER_PAGE = 20


@signed_in
@require_safe
def my_work(request: SignedInRequest) -> HttpResponse:
    work = waiting.work_for(request.user, timezone.localdate())
    kind = next((each for each in WorkKind if each == request.GET.get("kind")), None)
    shown = [item for item in work.items if kind in {None, item.kind}]
    return render(
        request,
        "readiness/teamwork/my_work.html",
        {
            "work": work,
            "kind": kind,
            "kind_names": waiting.KIND_NAMES,
            "items": Paginator(shown, ITEMS_PER_PAGE).get_page(request.GET.get("page")),
        },
    )


@signed_in
@require_safe
def my_work_count(request: SignedInRequest) -> HttpResponse:
    """What the navigation asks for when its count is older than a minute."""
    now = datetime.now(UTC)
    count, is_fresh = waiting.kept_count(request.session, now)
    if not is_fresh:
        count = len(waiting.work_for(request.user, timezone.localdate()).items)
        waiting.keep_count(request.session, count, now)
        waiting.remember_language(request.user)
    return render(request, "readiness/teamwork/my_work_count.html", {"count": count})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def work_preference(request: SignedInRequest) -> HttpResponse:
    standing = WorkPreference.objects.filter(user=request.user).first()
    preference = standing or WorkPreference(user=request.user, language=get_language() or "en")
    form = WorkPreferenceForm(request.POST if request.method == "POST" else None, instance=preference)
    if form.is_valid():
        chosen = {name: form.cleaned_data[name] for name in form.fields}
        WorkPreference.objects.update_or_create(user=request.user, defaults=chosen)
        messages.success(request, _("Kept."))
        return redirect("readiness:my_work")
    return render(request, "readiness/teamwork/work_preference.html", {"form": form})


@signed_in
@require_safe
def outbox(request: SignedInRequest) -> HttpResponse:
    """One's own e-mails; administrators see everybody's."""
    mails = Mail.objects.select_related("recipient")
    mails = mails if request.user.is_administrator else mails.filter(recipient=request.user)
    page = Paginator(mails, MAILS_PER_PAGE).get_page(request.GET.get("page"))
    rows = [(mail, problem_sentence(mail.problem)) for mail in page]
    return render(request, "readiness/teamwork/outbox.html", {"page": page, "rows": rows})


# --- Assignments -----------------------------------------------------------------------------------------------------


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def assignment_add(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask somebody for what was ticked on the task list, or is ticked here."""
    assessment = access.get_answerable_assessment_for(request.user, pk)
    form = AssignForm(
        request.POST if request.method == "POST" else None,
        bank=load_bank(assessment.bank_version),
        language=get_language() or "en",
        people=access.people_to_ask(),
        teams=Team.objects.all(),
    )
    if form.is_valid():
        person, team = form.cleaned_data["to"]
        try:
            asked = assigning.assign(
                assessment=assessment,
                practices=form.cleaned_data["practices"],
                person=person,
                team=team,
                due_on=form.cleaned_data["due_on"],
                note=form.cleaned_data["note"],
                by=request.user,
                now=datetime.now(UTC),
            )
        except ReadinessError as error:
            form.add_error(None, str(error))
        else:
            said = ngettext("%(count)d practice assigned.", "%(count)d practices assigned.", len(asked))
            messages.success(request, said % {"count": len(asked)})
            return redirect(assessment)
    ticked = request.POST.getlist("practice") or request.GET.getlist("practice")
    rules = [
        (rule, [(each, each.key in ticked) for each in rule.practices])
        for rule in load_bank(assessment.bank_version).rules
    ]
    context = {"assessment": assessment, "form": form, "rules": rules}
    return render(request, "readiness/teamwork/assignment_add.html", context)


@signed_in
@require_safe
def assignment_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    assignment = access.get_assignment_for(request.user, pk)
    is_mine = assignment.is_standing and access.holds(request.user, assignment)
    return render(
        request,
        "readiness/teamwork/assignment_detail.html",
        {
            "assignment": assignment,
            "assessment": assignment.assessment,
            "practice": assignment.asked_practice,
            "chain": assigning.chain_of(assignment),
            "today": timezone.localdate(),
            "is_mine": is_mine,
            "is_guest": access.is_guest(request.user, assignment.assessment),
            "can_withdraw": assignment.is_withdrawable and access.can_withdraw(request.user, assignment),
            "decline_form": DeclineForm(),
            "hand_on_form": _hand_on_form(request, assignment) if is_mine else None,
        },
    )


def _hand_on_form(request: SignedInRequest, assignment: Assignment) -> HandOnForm:
    return HandOnForm(
        request.POST if request.method == "POST" else None,
        people=access.people_to_hand_on_to(request.user, assignment.assessment),
        teams=access.teams_to_hand_on_to(request.user, assignment.assessment),
    )


@signed_in
@require_POST
def assignment_accept(request: SignedInRequest, pk: int) -> HttpResponse:
    assignment = access.get_held_assignment_for(request.user, pk)
    try:
        assigning.accept(assignment=assignment, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
        return redirect("readiness:my_work")
    messages.success(request, _("It is yours. It is done as soon as the practice is answered."))
    return redirect("readiness:assessment_practice", assignment.assessment_id, assignment.practice)


@signed_in
@require_POST
def assignment_decline(request: SignedInRequest, pk: int) -> HttpResponse:
    assignment = access.get_held_assignment_for(request.user, pk)
    try:
        reason = request.POST.get("reason", "")[:500]
        assigning.decline(assignment=assignment, reason=reason, by=request.user, now=datetime.now(UTC))
    except assigning.NoReason as error:
        messages.error(request, str(error))
        return redirect(assignment)
    except ReadinessError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Declined. Who asked you finds it under their work."))
    return redirect("readiness:my_work")


@signed_in
@require_POST
def assignment_hand_on(request: SignedInRequest, pk: int) -> HttpResponse:
    assignment = access.get_held_assignment_for(request.user, pk)
    form = _hand_on_form(request, assignment)
    if not form.is_valid():
        messages.error(request, _("Choose a person or a team to hand it on to."))
        return redirect(assignment)
    person, team = form.cleaned_data["to"]
    note, now = form.cleaned_data["note"], datetime.now(UTC)
    try:
        assigning.hand_on(assignment=assignment, person=person, team=team, note=note, by=request.user, now=now)
    except ReadinessError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Handed on to %(name)s.") % {"name": person or team})
    return redirect("readiness:my_work")


@signed_in
@require_POST
def assignment_withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    assignment = access.get_withdrawable_assignment_for(request.user, pk)
    assigning.withdraw(assignment=assignment, by=request.user, now=datetime.now(UTC))
    messages.success(request, _("Nobody in particular is asked to answer this practice any more."))
    return redirect(assignment.assessment)
