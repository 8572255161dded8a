"""Sending the outbox: claim what is due under a lease, send it, write down what became of it.

A mail that is sent keeps its day, so that nobody gets two. Who is killed between sending and writing that down leaves
a mail that is sent again when its lease ends, with the same id, by which a mail server knows it.
"""

import smtplib
from datetime import datetime, timedelta

from django.core import mail
from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from readiness.teamwork.models import Mail

# Longer than sending all of them can take: each waits ten seconds at most for the mail server.
LEASE = timedelta(seconds=120)
AT_ONCE = 4
MOST_TRIES = 12
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=30), timedelta(hours=1)
State = Mail.State
SENTENCES: dict[str, str | Promise] = {
    "mail_failed": _("The mail server refused the e-mail, or did not answer."),
    "no_longer_here": _("This person may no longer sign in."),
}

CLAIM = """
UPDATE readiness_mail SET lease = lease + 1, leased_until = %(until)s
WHERE id IN (
    SELECT id FROM readiness_mail
    WHERE state = 'waiting' AND due_at <= %(now)s AND (leased_until IS NULL OR leased_until < %(now)s)
    ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING id
"""


def send_due(now: datetime) -> int:
    """Send what is due; the number of mails that left."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now, "until": now + LEASE, "limit": AT_ONCE})
        ids = [row[0] for row in cursor.fetchall()]
    claimed = Mail.objects.filter(pk__in=ids).select_related("recipient").order_by("due_at", "pk")
    return sum(_settle(each, _send(each), now) for each in claimed)


def _send(row: Mail) -> str:
    """Send one e-mail; the code of what went wrong, or ''."""
    if not row.recipient.is_active:
        return "no_longer_here"
    headers = {"Message-ID": f"<{row.uuid}@vigie>", "Auto-Submitted": "auto-generated"}
    try:
        mail.EmailMessage(row.subject, row.text, to=[row.recipient.email], headers=headers).send()
    except (OSError, smtplib.SMTPException):
        return "mail_failed"
    return ""


def _settle(row: Mail, problem: str, now: datetime) -> bool:
    """Write down what became of a mail, if the lease is still ours; whether it left."""
    tries = row.tries + 1
    values: dict[str, object] = {"tries": tries, "problem": problem, "leased_until": None}
    if not problem:
        values |= {"state": State.SENT, "sent_at": now}
    elif tries >= MOST_TRIES or problem == "no_longer_here":
        values["state"] = State.GIVEN_UP
    else:
        values["due_at"] = now + delay_after(tries)
    mine = Mail.objects.filter(pk=row.pk, lease=row.lease, state=State.WAITING)
    return bool(mine.update(**values)) and not problem


def delay_after(tries: int) -> timedelta:
    """How long to wait after so many failures: twice as long each time, an hour at most."""
    return min(FIRST_DELAY * 2 ** (tries - 1), LONGEST_DELAY)


def problem_sentence(code: str) -> str | Promise:
    """What to tell a person who wonders why an e-mail did not arrive; '' for none."""
    return SENTENCES[code] if code else ""
