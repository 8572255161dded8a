"""What stands on a chart beside its lines: annotations, and the times in which alerts fired."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from inference_kpis.alerts.areas import Place
from inference_kpis.alerts.models import AlertEvent, AlertRule
from inference_kpis.annotations.applying import meets
from inference_kpis.annotations.models import Annotation
from inference_kpis.catalogue import Kpi
from inference_kpis.dashboards.chart_marks import Mark, lettered
from inference_kpis.readings.queries import Window

# Read at most; a chart shows the last twenty of those that apply to it.
MOST_READ = 200
# An alert that has fired for longer than this began before any window that a chart shows it in.
FIRED_WITHIN = timedelta(days=90)
ENDS = (AlertEvent.Kind.RESOLVED, AlertEvent.Kind.CLOSED)


@dataclass(frozen=True)
class Happenings:
    """What happened in a window at a place; an alert on a KPI stands on the charts of that KPI alone."""

    everywhere: tuple[Mark, ...]
    by_kpi: tuple[tuple[str, Mark], ...]

    def on(self, kpi: Kpi) -> tuple[Mark, ...]:
        return lettered([*self.everywhere, *(mark for key, mark in self.by_kpi if key == kpi.key)])


def happenings(place: Place, window: Window) -> Happenings:
    """What applies to a chart of this place; two queries."""
    annotations = Annotation.objects.kept().whole().within(window.start, window.end)[:MOST_READ]
    marks = [_of_annotation(each, window) for each in annotations if meets(each.place, place)]
    by_kpi = []
    for event in _fired(window):
        rule = event.alert.rule
        if meets(event.alert.place, place):
            mark = _of_alert(event, window)
            if rule.kind in {AlertRule.Kind.KPI, AlertRule.Kind.ABSENCE}:
                by_kpi.append((rule.kpi, mark))
            else:
                marks.append(mark)
    return Happenings(tuple(marks), tuple(by_kpi))


def _fired(window: Window) -> Iterable[AlertEvent]:
    """The events with which alerts began that fired in the window, each with its end as `over_at`."""
    ends = AlertEvent.objects.filter(alert=OuterRef("alert"), kind__in=ENDS, at__gte=OuterRef("at")).order_by("at")
    began = AlertEvent.objects.filter(
        kind=AlertEvent.Kind.FIRED, at__lt=window.end, at__gt=window.start - FIRED_WITHIN
    ).annotate(over_at=Subquery(ends.values("at")[:1]))
    return began.filter(Q(over_at=None) | Q(over_at__gt=window.start)).select_related(
        "alert__rule__site", "alert__rule__node__site", "alert__site", "alert__node__site"
    )[:MOST_READ]


def _of_annotation(annotation: Annotation, window: Window) -> Mark:
    end = window.end if annotation.goes_on else annotation.ends_at
    return Mark(
        annotation.kind,
        annotation.get_kind_display(),
        annotation.title,
        _ms(annotation.starts_at),
        None if end is None else _ms(end),
        annotation.text,
        annotation.area_label,
        annotation.link or annotation.get_absolute_url(),
        is_open=annotation.goes_on,
    )


def _of_alert(event: AlertEvent, window: Window) -> Mark:
    over_at: datetime | None = event.over_at  # type: ignore[attr-defined]  # annotated by `_fired`
    return Mark(
        "alert",
        _("Alert"),
        event.alert.rule.name,
        _ms(event.at),
        _ms(over_at or window.end),
        place=event.alert.subject_label,
        url=event.alert.get_absolute_url(),
        is_open=over_at is None,
    )


def _ms(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
