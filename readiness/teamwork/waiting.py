"""Everything that waits for one person, gathered from the subjects that give people work."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib.sessions.backends.base import SessionBase
from django.db.models import Exists, OuterRef, Q
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from readiness.access import visible_assessments
from readiness.assessments import waiting as assessments
from readiness.assessments.models import Assessment
from readiness.contradictions import waiting as contradictions
from readiness.evidence import waiting as evidence
from readiness.perceptions import waiting as perceptions
from readiness.planning import waiting as planning
from readiness.teamwork.models import Assignment, Mention, WorkPreference
from readiness.work import WorkItem, WorkKind

FRESH = timedelta(minutes=1)
KEPT = "waiting_work"
KIND_NAMES: dict[WorkKind, str | Promise] = {
    WorkKind.SENT_BACK: _("Sent back"),
    WorkKind.CONTRADICTION: _("Contradictions"),
    WorkKind.REVIEW: _("Reviews"),
    WorkKind.ASSIGNMENT: _("Assignments"),
    WorkKind.BLIND_ANSWER: _("Blind answers"),
    WorkKind.EVIDENCE: _("Evidence"),
    WorkKind.ACTION: _("Actions"),
    WorkKind.MENTION: _("Mentions"),
}


def assignments_for(user: User, today: date) -> list[WorkItem]:
    """What this person is asked to answer, and what they asked and others declined; two queries."""
    whole = Assignment.objects.unanswered().filter(assessment__state__in=Assessment.EDITABLE)
    whole = whole.select_related("assessment__team", "asked_by", "replied_by")
    taken_over = Assignment.objects.standing().filter(
        assessment=OuterRef("assessment"), practice=OuterRef("practice"), pk__gt=OuterRef("pk")
    )
    declined = whole.filter(~Exists(taken_over), asked_by=user, state=Assignment.State.DECLINED)
    standing = whole.filter(pk__in=Assignment.objects.held_by(user).values("pk"))
    return [*map(_asked, standing), *map(_declined, declined)]


def _asked(assignment: Assignment) -> WorkItem:
    said = gettext("Answer “%(practice)s”, asked by %(person)s")
    return _item(assignment, said % {"practice": _title(assignment), "person": assignment.asked_by})


def _declined(assignment: Assignment) -> WorkItem:
    said = gettext("%(person)s declined “%(practice)s”: ask somebody else")
    return _item(assignment, said % {"practice": _title(assignment), "person": assignment.replied_by})


def _item(assignment: Assignment, title: str) -> WorkItem:
    team = assignment.assessment.team.name
    return WorkItem(WorkKind.ASSIGNMENT, title, assignment.get_absolute_url(), team, assignment.due_on)


def _language() -> str:
    return (get_language() or "en").partition("-")[0]


def _title(assignment: Assignment) -> str:
    return assignment.asked_practice.title.in_language(_language())


def mentions_for(user: User, today: date) -> list[WorkItem]:
    """Where this person is named and has not read it yet, as far as they may still see it; one query."""
    unread = Mention.objects.filter(visible_mentions(user), user=user, read_at=None, comment__deleted_at=None)
    unread = unread.select_related("comment__assessment__team", "comment__written_by").order_by("comment__written_at")
    return [
        WorkItem(
            WorkKind.MENTION,
            gettext("%(person)s names you: “%(text)s”")
            % {"person": each.comment.written_by, "text": Truncator(each.comment.text).chars(80)},
            each.comment.get_absolute_url(),
            each.comment.assessment.team.name,
        )
        for each in unread.distinct()
    ]


def visible_mentions(user: User) -> Q:
    """The condition under which somebody who is named may still see the practice that it is about."""
    held = Assignment.objects.held_by(user).filter(
        assessment=OuterRef("comment__assessment"), practice=OuterRef("comment__practice")
    )
    return Q(comment__assessment__in=visible_assessments(user).values("pk")) | Q(Exists(held))


# What gives people work, each with its few queries. A subject that does so adds its function here.
PROVIDERS: tuple[Callable[[User, date], Sequence[WorkItem]], ...] = (
    assessments.work_for,
    contradictions.work_for,
    evidence.work_for,
    planning.work_for,
    perceptions.work_for,
    assignments_for,
    mentions_for,
)


@dataclass(frozen=True)
class Work:
    """What waits for somebody as of `today`: what is overdue or due first comes first, what has no date last."""

    items: tuple[WorkItem, ...]
    today: date

    @property
    def overdue(self) -> tuple[WorkItem, ...]:
        return tuple(item for item in self.items if item.due_on and item.due_on < self.today)

    @property
    def kinds(self) -> list[tuple[WorkKind, str | Promise, int]]:
        """Each kind of which there is something, with its name and how many there are."""
        counts = {kind: sum(item.kind is kind for item in self.items) for kind in WorkKind}
        return [(kind, KIND_NAMES[kind], count) for kind, count in counts.items() if count]


def work_for(user: User, today: date) -> Work:
    """Everything that waits for this person; a few queries for each subject, however much there is."""
    items = [item for provider in PROVIDERS for item in provider(user, today)]
    order = list(WorkKind)
    return Work(
        tuple(sorted(items, key=lambda item: (item.due_on or date.max, order.index(item.kind), item.title))), today
    )


def keep_count(session: SessionBase, count: int, now: datetime) -> None:
    """Remember in the session how much waits, so that the navigation of every page need not count it."""
    kept, is_fresh = kept_count(session, now)
    if kept != count or not is_fresh:
        session[KEPT] = [count, now.timestamp()]


def kept_count(session: SessionBase, now: datetime) -> tuple[int, bool]:
    """How much waited when it was last counted, and whether that was within the last minute; no query."""
    count, at = session.get(KEPT, (0, 0.0))
    return count, now.timestamp() - at < FRESH.total_seconds()


def remember_language(user: User) -> None:
    """Write to whoever is new here in the language that they read."""
    WorkPreference.objects.bulk_create([WorkPreference(user=user, language=_language())], ignore_conflicts=True)
