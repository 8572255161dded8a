"""Writing the outbox: which message tells of an event, in the transaction in which the event happened."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Count

from inference_kpis.alerts.grouping import Message, News, Outbox, placed
from inference_kpis.alerts.models import AlertEvent, AlertRule, Channel, Notification

HOUR = timedelta(hours=1)
Kind, State = Notification.Kind, Notification.State


def enqueue(events: Sequence[AlertEvent], now: datetime, dead_sites: Mapping[int, int]) -> None:
    """Give each of these unsaved events its message. Must run in a transaction; the same queries for any number.

    Channels are locked, so that two workers cannot both open a message for one group.
    """
    if not events:
        return
    channel_ids = sorted({event.alert.rule.channel_id for event in events})
    limits = dict(
        Channel.objects.select_for_update().filter(pk__in=channel_ids).order_by("pk").values_list("pk", "most_per_hour")
    )
    messages, places = placed([_news(event) for event in events], _outbox(limits, now), now, dead_sites)
    rows = _save(messages)
    for event, place in zip(events, places, strict=True):
        event.notification = rows[place]


def _news(event: AlertEvent) -> News:
    alert = event.alert
    is_outage = alert.rule.kind == AlertRule.Kind.STATE and event.kind == AlertEvent.Kind.FIRED
    return News(alert.rule.channel_id, alert.rule_id, alert.site_id, is_outage)


def _outbox(limits: dict[int, int], now: datetime) -> Outbox:
    """The newest message of each group, and how many each channel got within the hour; messages not taken are locked.

    A message that a sender is taking at this moment is skipped by none: whoever comes second waits for the first.
    """
    messages = Notification.objects.filter(channel__in=limits).exclude(kind=Kind.TEST)
    list(messages.select_for_update().filter(state=State.WAITING).order_by("pk").values_list("pk"))
    newest = messages.order_by("channel_id", "group", "-created_at", "-pk").distinct("channel_id", "group")
    recent = messages.filter(created_at__gt=now - HOUR).exclude(kind=Kind.SUMMARY).order_by()
    return Outbox(
        {(row.channel_id, row.group): _message(row) for row in newest},
        dict(recent.values_list("channel_id").annotate(Count("pk"))),
        limits,
    )


def _message(row: Notification) -> Message:
    is_open = row.state == State.WAITING and row.lease == 0
    return Message(row.channel_id, row.group, row.site_id, row.created_at, row.due_at, row.pk, is_open, row.nodes_down)


def _save(messages: Sequence[Message]) -> list[Notification]:
    rows = [
        Notification(
            pk=message.id,
            channel_id=message.channel_id,
            kind=Kind.SUMMARY if message.group == "summary" else Kind.ALERTS,
            group=message.group,
            site_id=message.site_id,
            created_at=message.created_at,
            due_at=message.due_at,
            nodes_down=message.nodes_down,
        )
        for message in messages
    ]
    Notification.objects.bulk_create([row for row in rows if row.pk is None])
    known = [row for row, message in zip(rows, messages, strict=True) if message.id and message.is_open]
    Notification.objects.bulk_update(known, ("due_at", "nodes_down"))
    return rows


def enqueue_test(channel: Channel, now: datetime) -> Notification:
    """A message that says nothing but that the channel works."""
    return Notification.objects.create(channel=channel, kind=Kind.TEST, created_at=now, due_at=now)
