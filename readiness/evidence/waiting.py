"""Evidence that waits for somebody: for a reviewer's decision, or to be renewed by who added it."""

from collections import Counter
from datetime import date

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Role, User
from readiness.assessments.models import Assessment, Evidence
from readiness.assessments.progress import shown_piece
from readiness.bank import load_bank, versions
from readiness.work import WorkItem, WorkKind

REVIEWERS = {Role.REVIEWER, Role.ADMINISTRATOR}


def waiting_for(user: User) -> QuerySet[Evidence]:
    """What nobody has decided on yet in what is submitted or counts, the longest waiting first; never one's own."""
    if user.role not in REVIEWERS:
        return Evidence.objects.none()
    return (
        Evidence.objects.filter(_counts() | Q(answer__assessment__state="submitted"), reviewed_by=None, refusal="")
        .exclude(added_by=user)
        .select_related("answer__assessment__team", "added_by")
        .order_by("added_at", "pk")
    )


def _counts() -> Q:
    """Evidence of the latest approved assessment of each team."""
    return Q(answer__assessment__in=Assessment.objects.latest_approved_per_team().values("pk"))


def of_rule(pieces: QuerySet[Evidence], number: int) -> QuerySet[Evidence]:
    """Those behind the practices of a rule, whichever version of the bank is answered."""
    rules = [rule for version in versions() for rule in load_bank(version).rules if rule.number == number]
    return pieces.filter(answer__practice__in=sorted({practice.key for rule in rules for practice in rule.practices}))


def work_for(user: User, today: date) -> list[WorkItem]:
    """Pieces to review, one line a team, and own pieces that count for less within 30 days; two queries at most."""
    return [*_to_review(user), *_to_renew(user, today)]


def _to_review(user: User) -> list[WorkItem]:
    teams = Counter(waiting_for(user).values_list("answer__assessment__team", "answer__assessment__team__name"))
    url = reverse("readiness:evidence_queue")
    return [
        WorkItem(
            WorkKind.REVIEW,
            ngettext("Review %(count)s piece of evidence", "Review %(count)s pieces of evidence", count)
            % {"count": count},
            f"{url}?team={pk}",
            name,
        )
        for (pk, name), count in teams.items()
    ]


def _to_renew(user: User, today: date) -> list[WorkItem]:
    """Those of assessments that are answered now or count, with the last day on which they count in full."""
    in_progress = Q(answer__assessment__state__in=("open", "submitted", "sent_back"))
    own = Evidence.objects.filter(_counts() | in_progress, added_by=user)
    found = []
    for piece in own.select_related("answer__assessment__team"):
        assessment, key = piece.answer.assessment, piece.answer.practice
        shown = shown_piece(piece, load_bank(assessment.bank_version).practice(key), today=today)
        if shown.is_ending and today < shown.nothing_from:
            title = _("Renew the evidence “%(title)s”") % {"title": piece.title}
            url = reverse("readiness:assessment_practice", args=[assessment.pk, key])
            found.append(WorkItem(WorkKind.EVIDENCE, title, url, assessment.team.name, shown.full_until))
    return sorted(found, key=lambda item: (item.due_on or today, item.title))
