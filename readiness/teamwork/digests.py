"""The e-mail of the day: what is overdue, due today, due within three days, what somebody asked for again or named one in."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext, ngettext

from accounts.models import User
from readiness.teamwork.models import Mail, WorkPreference
from readiness.teamwork.waiting import work_for
from readiness.work import WorkItem, WorkKind

HOUR = 8
SOON = timedelta(days=3)
# People in one go: as much as fits well into the time of a task. The rest follows with the next tick.
AT_ONCE = 100


def write_digests(now: datetime) -> int:
    """Put the mail of the day of everybody who has not got it yet into the outbox; the number of mails.

    From 8:00 on by the clock of the company, whatever its distance from UTC on that day. Each person's day is ticked
    off in the transaction that writes their mail, so that two workers, or a worker that is killed, write one.
    """
    local = timezone.localtime(now)
    if local.hour < HOUR:
        return 0
    today = local.date()
    missing = User.objects.filter(is_active=True).exclude(pk__in=WorkPreference.objects.values("user"))
    WorkPreference.objects.bulk_create((WorkPreference(user=user) for user in missing), ignore_conflicts=True)
    due = _due(today).filter(user__is_active=True).order_by("user_id").values_list("pk", flat=True)
    return sum(_write_digest(pk, today, now) for pk in due[:AT_ONCE])


def _due(today: date) -> QuerySet[WorkPreference]:
    return WorkPreference.objects.filter(Q(digested_on=None) | Q(digested_on__lt=today), wants_digest=True)


def _write_digest(user_pk: int, today: date, now: datetime) -> bool:
    """Tick off the day and write what there is to say; whether there was something."""
    with transaction.atomic():
        if not _due(today).filter(pk=user_pk).update(digested_on=today):
            return False
        preference = WorkPreference.objects.select_related("user").get(pk=user_pk)
        with translation.override(preference.language):
            sections = sections_of(work_for(preference.user, today).items, today)
            if not sections:
                return False
            subject, text = written(sections)
        Mail.objects.create(
            recipient=preference.user,
            day=today,
            language=preference.language,
            subject=subject,
            text=text,
            created_at=now,
            due_at=now,
            # The addresses of the demo company lead nowhere.
            state=Mail.State.HELD if preference.user.is_demo else Mail.State.WAITING,
        )
    return True


def sections_of(items: Sequence[WorkItem], today: date) -> list[tuple[str, list[WorkItem]]]:
    """What is worth an e-mail, under its headings; what is due later or on no day waits on the page alone."""
    dated = [(item.due_on, item) for item in items if item.due_on]
    sections = [
        (gettext("Overdue"), [item for due_on, item in dated if due_on < today]),
        (gettext("Due today"), [item for due_on, item in dated if due_on == today]),
        (gettext("Due within three days"), [item for due_on, item in dated if today < due_on <= today + SOON]),
        (gettext("You are reminded"), [item for due_on, item in dated if due_on > today + SOON and item.is_reminded]),
        (gettext("You are named"), [item for item in items if item.kind is WorkKind.MENTION and not item.due_on]),
    ]
    return [(heading, found) for heading, found in sections if found]


def written(sections: Sequence[tuple[str, Sequence[WorkItem]]]) -> tuple[str, str]:
    """Subject and text of a digest in the current language."""
    count = sum(len(found) for _heading, found in sections)
    subject = ngettext("%(count)d thing waits for you", "%(count)d things wait for you", count) % {"count": count}
    context = {"sections": sections, "subject": subject, "base_url": settings.PUBLIC_URL}
    return subject, render_to_string("readiness/teamwork/digest.txt", context)
