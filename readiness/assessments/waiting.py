"""What assessments ask of people: practices that were sent back, and whole ones that wait for a review."""

from datetime import date

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import User
from readiness import access
from readiness.assessments.models import Assessment
from readiness.bank import load_bank
from readiness.work import WorkItem, WorkKind

State = Assessment.State


def work_for(user: User, today: date) -> list[WorkItem]:
    """Sent-back practices of this person's teams, and what waits for their review; two queries at most."""
    return [*_sent_back(user), *_to_review(user)]


def _sent_back(user: User) -> list[WorkItem]:
    if user.role not in access.ANSWER:
        return []
    open_remarks = ArrayAgg("remarks__practice", filter=Q(remarks__resolved_at=None), distinct=True, default=[])
    of_teams = Assessment.objects.filter(state=State.SENT_BACK, team__members=user).annotate(asked=open_remarks)
    found = []
    for assessment in of_teams.select_related("team"):
        bank = load_bank(assessment.bank_version)
        practices = sorted(practice for practice in assessment.asked if practice)
        if not practices:
            title = _("Change what the reviewer asks for, and submit again")
            found.append(WorkItem(WorkKind.SENT_BACK, title, assessment.get_absolute_url(), assessment.team.name))
        for key in practices:
            words = bank.practice(key).title.in_language(get_language() or "en")
            title = _("Change “%(practice)s”, which was sent back") % {"practice": words}
            url = reverse("readiness:assessment_practice", args=[assessment.pk, key])
            found.append(WorkItem(WorkKind.SENT_BACK, title, url, assessment.team.name))
    return found


def _to_review(user: User) -> list[WorkItem]:
    if user.role not in access.REVIEW:
        return []
    submitted = Assessment.objects.filter(state=State.SUBMITTED).exclude(started_by=user).exclude(submitted_by=user)
    return [
        WorkItem(
            WorkKind.REVIEW,
            _("Review the assessment of %(team)s") % {"team": each.team},
            reverse("readiness:assessment_review", args=[each.pk]),
            each.team.name,
        )
        for each in submitted.select_related("team").order_by("submitted_at", "pk")
    ]
