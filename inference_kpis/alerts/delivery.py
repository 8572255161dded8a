"""Sending the outbox: claim what is due under a lease, send it, write down what became of it.

A message is sent at least once: who is killed between sending and writing that down leaves a message that is sent
again when its lease ends, with the same id, by which a receiver knows it. Within a group messages keep their order.
"""

import smtplib
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.core import mail
from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inference_kpis.alerts import messages
from inference_kpis.alerts.evaluation import bump_version
from inference_kpis.alerts.models import AlertEvent, Notification
from inference_kpis.exceptions import KeyLost
from inference_kpis.pull.client import Limits, Posting, post_all
from inference_kpis.pull.problems import sentence

LEASE = timedelta(seconds=120)
AT_ONCE = 10
MOST_TRIES = 12
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=10), timedelta(hours=1)
POST_TIMEOUT_SECONDS = 10.0
State = Notification.State
SENTENCES: dict[str, str | Promise] = {"mail_failed": _("The mail server refused the message, or did not answer.")}

CLAIM = """
UPDATE inference_kpis_notification n SET lease = n.lease + 1, leased_until = %(until)s
WHERE n.id IN (
    SELECT d.id FROM inference_kpis_notification d
    WHERE d.state = 'waiting' AND d.due_at <= %(now)s AND (d.leased_until IS NULL OR d.leased_until < %(now)s)
        AND NOT EXISTS (
            SELECT FROM inference_kpis_notification e WHERE e.state = 'waiting' AND e.channel_id = d.channel_id
                AND e."group" = d."group" AND d."group" <> '' AND e.id < d.id)
    ORDER BY d.due_at, d.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING n.id
"""


def send_due(now: datetime) -> int:
    """Send what is due; the number of messages that arrived."""
    claimed = _claim(now)
    sent = 0
    posted = [each for each in claimed if each.channel.is_posted]
    for notification, problem in _post(posted, now):
        sent += _settle(notification, problem, now)
    for notification in claimed:
        if not notification.channel.is_posted:
            sent += _settle(notification, _mail(notification) if notification.channel.kind == "email" else "", now)
    if claimed:
        bump_version()
    return sent


def _claim(now: datetime) -> list[Notification]:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now, "until": now + LEASE, "limit": AT_ONCE})
        ids = [row[0] for row in cursor.fetchall()]
    return list(Notification.objects.filter(pk__in=ids).select_related("channel", "site").order_by("due_at", "pk"))


def events_of(notification: Notification) -> list[AlertEvent]:
    """What a message tells, the oldest first; one query."""
    whole = notification.events.select_related(
        *("alert__rule__site", "alert__rule__node", "alert__rule__custom_kpi", "alert__site", "alert__node")
    )
    return list(whole.order_by("at", "pk"))


def _post(notifications: Sequence[Notification], now: datetime) -> list[tuple[Notification, str]]:
    """Post to web hooks, all at once, each with its own deadline; with the code of what went wrong, or ''."""
    postings: list[tuple[Notification, Posting]] = []
    outcome: list[tuple[Notification, str]] = []
    for notification in notifications:
        try:
            body, headers = messages.posted(notification, events_of(notification), now)
            posting = Posting(notification.channel.url, body, POST_TIMEOUT_SECONDS, tuple(headers.items()))
            postings.append((notification, posting))
        except KeyLost as error:
            outcome.append((notification, error.code))
    limits = Limits(tuple(settings.NOTIFY_NETWORKS), frozenset())
    problems = post_all([posting for _, posting in postings], limits)
    return outcome + [(notification, problem) for (notification, _), problem in zip(postings, problems, strict=True)]


def _mail(notification: Notification) -> str:
    """Send an e-mail; the code of what went wrong, or ''. The subject is the first line of the message."""
    subject, text = messages.written(notification, events_of(notification))
    message = mail.EmailMessage(
        subject,
        text,
        to=[],
        bcc=list(notification.channel.recipients),
        headers={"Message-ID": f"<{notification.uuid}@vigie>", "Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except (OSError, smtplib.SMTPException):
        return "mail_failed"
    return ""


def _settle(notification: Notification, problem: str, now: datetime) -> bool:
    """Write down what became of a message, if the lease is still ours; whether it arrived."""
    tries = notification.tries + 1
    values: dict[str, object] = {"tries": tries, "problem": problem, "leased_until": None}
    if not problem:
        values |= {"state": State.SENT, "sent_at": now}
    elif tries >= MOST_TRIES or notification.kind == Notification.Kind.TEST:
        values["state"] = State.GIVEN_UP
    else:
        values["due_at"] = now + delay_after(tries)
    mine = Notification.objects.filter(pk=notification.pk, lease=notification.lease, state=State.WAITING)
    return bool(mine.update(**values)) and not problem


def delay_after(tries: int) -> timedelta:
    """How long to wait after so many failures: twice as long each time, an hour at most."""
    return min(FIRST_DELAY * 2 ** (tries - 1), LONGEST_DELAY)


def problem_sentence(code: str) -> str | Promise:
    """What to tell a person who wonders why a message did not arrive; '' for none."""
    return SENTENCES.get(code) or (sentence(code) if code else "")
