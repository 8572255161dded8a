"""The words of a message, in the language of its channel."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inference_kpis.alerts.models import AlertEvent, AlertRule, Channel, Notification
from inference_kpis.alerts.payloads import Told, chat_json, own_json, signature

MOST_LINES = 20
Kind = AlertEvent.Kind
BEGINS = {Kind.FIRED, Kind.STILL_FIRING}


def written(notification: Notification, events: Sequence[AlertEvent]) -> tuple[str, str]:
    """The headline and the whole text."""
    with translation.override(notification.channel.language):
        first = _one_line(headline(notification, events))
        context = {
            "headline": first,
            "events": events[-MOST_LINES:],
            "left_out": max(len(events) - MOST_LINES, 0),
            "url": settings.PUBLIC_URL + reverse("kpis:alert_list"),
        }
        return first, render_to_string("inference_kpis/alerts/message.txt", context)


def posted(notification: Notification, events: Sequence[AlertEvent], now: datetime) -> tuple[bytes, dict[str, str]]:
    """Body and headers for the channel's web hook; a plain one is signed. Raises `KeyLost`."""
    channel = notification.channel
    headers = {"Content-Type": "application/json", "User-Agent": "Vigie", "X-Vigie-Delivery": str(notification.uuid)}
    first, text = written(notification, events)
    if channel.kind != Channel.Kind.WEBHOOK:
        return chat_json(channel.kind, text), headers
    with translation.override(channel.language):
        body = own_json(str(notification.uuid), status_of(notification, events), first, [_told(e) for e in events])
    if channel.secret:
        headers["X-Vigie-Signature"] = signature(channel.secret, body, now)
    return body, headers


def status_of(notification: Notification, events: Sequence[AlertEvent]) -> str:
    """`test`, or `firing` while anything that the message tells of still fires at its end, or `resolved`."""
    if notification.kind == Notification.Kind.TEST:
        return "test"
    return "firing" if still_firing(events) else "resolved"


def still_firing(events: Sequence[AlertEvent]) -> list[AlertEvent]:
    """The last line of each alert that has not ended by the end of the message."""
    last = {event.alert_id: event for event in events}
    return [event for event in last.values() if event.kind in BEGINS]


def headline(notification: Notification, events: Sequence[AlertEvent]) -> str:
    """The message in one line, in the language that is active."""
    if notification.kind == Notification.Kind.TEST:
        return _("Vigie: this is a test; the channel works")
    firing = still_firing(events)
    if notification.kind == Notification.Kind.SUMMARY:
        return _("Vigie: summary, %(firing)s firing, %(ended)s ended") % {
            "firing": len(firing),
            "ended": len({event.alert_id for event in events}) - len(firing),
        }
    if firing and notification.nodes_down and notification.site:
        text = ngettext(
            "Vigie: %(site)s is down, with its %(count)s node",
            "Vigie: %(site)s is down, with its %(count)s nodes",
            notification.nodes_down,
        )
        return text % {"site": notification.site, "count": notification.nodes_down}
    if len({event.alert_id for event in events}) == 1:
        event = events[-1]
        values = {"rule": event.alert.rule, "subject": event.alert.subject_label}
        if event.kind in BEGINS:
            return _("Vigie: %(rule)s, firing at %(subject)s") % values
        if event.kind == Kind.RESOLVED:
            return _("Vigie: %(rule)s, resolved at %(subject)s") % values
        return _("Vigie: %(rule)s, no longer watched at %(subject)s") % values
    where = notification.site or events[-1].alert.rule
    if firing:
        count = len(firing)
        text = ngettext("Vigie: %(count)s alert firing, %(where)s", "Vigie: %(count)s alerts firing, %(where)s", count)
        return text % {"count": count, "where": where}
    return _("Vigie: all resolved, %(where)s") % {"where": where}


def _told(event: AlertEvent) -> Told:
    rule, kpi = event.alert.rule, event.alert.rule.measured_kpi
    is_kpi = rule.kind == AlertRule.Kind.KPI
    return Told(
        alert=event.alert_id,
        rule=rule.name,
        severity=rule.severity,
        subject=event.alert.subject_label,
        happened=event.kind,
        at=event.at.isoformat(),
        value=event.value,
        threshold=event.threshold,
        unit=(kpi.unit if kpi and is_kpi else ""),
        url=settings.PUBLIC_URL + event.alert.get_absolute_url(),
    )


def _one_line(text: str) -> str:
    """No line break gets into the subject of an e-mail."""
    return " ".join(text.split())
