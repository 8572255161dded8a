"""What the pages about alerts show: who fires, who is silenced, how it stands in one sentence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, IntegerField, QuerySet, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inference_kpis.alerts.models import Alert, AlertEvent, AlertQuerySet, AlertRule, AlertWatch, Silence

# Rules are evaluated every few seconds; when it is longer ago than this, the background work stands still.
LATE_AFTER = timedelta(seconds=60)
RECENT = timedelta(hours=24)
MOST_RECENT = 20
Severity = AlertRule.Severity


@dataclass(frozen=True)
class AlertLine:
    """An alert as a list shows it, with the silence that hides it now."""

    alert: Alert
    silence: Silence | None


def watch() -> AlertWatch:
    """When rules were last evaluated, and the version that pages compare; one query."""
    return AlertWatch.objects.filter(pk=1).first() or AlertWatch()


def is_late(watch: AlertWatch, now: datetime) -> bool:
    """Whether rules exist that nobody evaluates."""
    return watch.evaluated_at is not None and now - watch.evaluated_at > LATE_AFTER


def worst_first(alerts: AlertQuerySet) -> "QuerySet[Alert]":
    """Critical before warning before information, those that nobody looks after first, then the oldest."""
    rank = Case(
        *(When(rule__severity=severity, then=Value(place)) for place, severity in enumerate(Severity.values)),
        output_field=IntegerField(),
    )
    is_looked_after = Case(When(acknowledged_at=None, then=Value(0)), default=Value(1), output_field=IntegerField())
    return alerts.whole().order_by(rank, is_looked_after, "since", "pk")


def alert_lines(alerts: Iterable[Alert], silences: Sequence[Silence], now: datetime) -> list[AlertLine]:
    return [AlertLine(alert, silence_over(alert, silences, now)) for alert in alerts]


def silence_over(alert: Alert, silences: Iterable[Silence], now: datetime) -> Silence | None:
    return next((each for each in silences if each.covers(alert.rule_id, alert.place, now)), None)


def silences_now(now: datetime) -> list[Silence]:
    return list(Silence.objects.filter(starts_at__lte=now, ends_at__gt=now).select_related("site", "node", "rule"))


def headline(firing: int, pending: int, rules: int) -> str:
    """How it stands, in one sentence."""
    if firing:
        return ngettext("%(count)s alert firing", "%(count)s alerts firing", firing) % {"count": firing}
    if pending:
        return ngettext("No alert firing, %(count)s pending", "No alert firing, %(count)s pending", pending) % {
            "count": pending
        }
    return _("No alert firing") if rules else _("Alerts")


def recent_ends(now: datetime) -> list[AlertEvent]:
    """What ended lately, the newest first."""
    ends = AlertEvent.objects.filter(kind__in=(AlertEvent.Kind.RESOLVED, AlertEvent.Kind.CLOSED), at__gt=now - RECENT)
    return list(_whole(ends)[:MOST_RECENT])


def history_of(alert: Alert, most: int = 100) -> list[AlertEvent]:
    return list(_whole(alert.events.all())[:most])


def history_of_rule(rule: AlertRule, most: int = 50) -> list[AlertEvent]:
    return list(_whole(AlertEvent.objects.filter(alert__rule=rule))[:most])


def _whole(events: "QuerySet[AlertEvent]") -> "QuerySet[AlertEvent]":
    return events.select_related(
        *("alert__rule__site", "alert__rule__node", "alert__rule__custom_kpi", "alert__site", "alert__node"),
        *("actor", "silence", "notification"),
    )


def count_by_phase() -> dict[str, int]:
    """How many alerts are pending and how many fire."""
    return dict(Alert.objects.awake().order_by().values_list("phase").annotate(Count("pk")))
