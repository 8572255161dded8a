"""Evidence as work: pieces that wait for a reviewer, and one's own that count less before long."""

from datetime import date, timedelta

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from readiness import access
from readiness.assessments.models import Assessment, Evidence
from readiness.assessments.progress import WARN_WITHIN
from readiness.bank import load_bank, versions
from readiness.work import WorkItem, WorkKind


def counting() -> QuerySet[Assessment]:
    """The assessments that count now, to be asked for within another query."""
    return Assessment.objects.filter(pk__in=Assessment.objects.latest_approved_per_team().values("pk"))


def to_review(user: User) -> QuerySet[Evidence]:
    """What somebody other than its author has not looked at yet, in what is submitted or counts."""
    where = Q(answer__assessment__state=Assessment.State.SUBMITTED) | Q(answer__assessment__in=counting())
    return Evidence.objects.filter(where, reviewed_by=None, refusal="").exclude(added_by=user)


def of_rule(pieces: QuerySet[Evidence], number: int) -> QuerySet[Evidence]:
    """Those behind the practices of a rule, whichever version of the bank is answered."""
    rules = [rule for version in versions() for rule in load_bank(version).rules if rule.number == number]
    return pieces.filter(answer__practice__in=sorted({practice.key for rule in rules for practice in rule.practices}))


def work_for(user: User, today: date) -> list[WorkItem]:
    """How much waits for a reviewer, and each piece that this person added and that runs out; four queries at most."""
    return [*_to_review(user), *_running_out(user, today)]


def _to_review(user: User) -> list[WorkItem]:
    count = to_review(user).count() if user.role in access.REVIEW else 0
    if not count:
        return []
    title = ngettext("Look at %(count)s piece of evidence", "Look at %(count)s pieces of evidence", count)
    return [WorkItem(WorkKind.REVIEW, title % {"count": count}, reverse("readiness:evidence_queue"), "")]


def _running_out(user: User, today: date) -> list[WorkItem]:
    found = []
    mine = Evidence.objects.filter(added_by=user, answer__assessment__in=counting())
    for piece in mine.select_related("answer__assessment__team"):
        answer = piece.answer
        usual = load_bank(answer.assessment.bank_version).practice(answer.practice).validity_days
        last = piece.dated_on + timedelta(days=piece.validity_days(usual))
        if today - WARN_WITHIN <= last <= today + WARN_WITHIN:
            title = _("Renew “%(piece)s” before it counts less") % {"piece": piece.title}
            url = reverse("readiness:assessment_practice", args=[answer.assessment_id, answer.practice])
            found.append(WorkItem(WorkKind.EVIDENCE, title, url, answer.assessment.team.name, last))
    return found
