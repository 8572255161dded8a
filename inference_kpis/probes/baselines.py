"""Keeping what the central answer took, and comparing the edge with it."""

import math
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import User
from inference_kpis.exceptions import FleetError
from inference_kpis.probes.models import ProbeBaseline
from inference_kpis.readings.algebra import Distribution, merge_all
from inference_kpis.readings.queries import Window, groups, readings_of
from inference_kpis.readings.statistics import (
    NO_DATA,
    REDUCTION_CONFIDENCE,
    Bound,
    Quantity,
    quantile,
    quantile_interval,
    reduction,
)

MEASURE = "central_probe_latency"


class NothingToFreeze(FleetError):
    code = "nothing_to_freeze"
    message = _(
        "No central counterpart of this model was probed in this window. Choose another one, or enter the values."
    )


def freeze_baseline(
    model_name: str, *, start: datetime, end: datetime, note: str, by: User, now: datetime
) -> ProbeBaseline:
    """Keep the central latency of a model as all its probes saw it in [start, end). Raises `NothingToFreeze`."""
    wanted = [group for group in groups().values() if group.model == model_name]
    window = Window(start, end, end - start)
    merged = merge_all(each.reading for each in readings_of(wanted, window))
    found = merged.measures.get(MEASURE)
    if not isinstance(found, Distribution) or not found.count:
        raise NothingToFreeze
    baseline = ProbeBaseline(
        model_name=model_name, window_start=start, window_end=end, dated_on=now.date(), note=note, by=by
    )
    baseline.p50_seconds, baseline.p95_seconds = quantile(found, 0.5).value, quantile(found, 0.95).value
    baseline.keep(found)
    return _kept(baseline)


def enter_baseline(
    model_name: str,
    *,
    p50_seconds: float | None,
    p95_seconds: float | None,
    dated_on: date,
    note: str,
    by: User,
) -> ProbeBaseline:
    """Keep what somebody measured before there was any edge; `note` is where it comes from."""
    return _kept(
        ProbeBaseline(
            model_name=model_name, p50_seconds=p50_seconds, p95_seconds=p95_seconds, dated_on=dated_on, note=note, by=by
        )
    )


def _kept(baseline: ProbeBaseline) -> ProbeBaseline:
    with transaction.atomic():
        baseline.save()
        record("baseline.keep", baseline.model_name, actor=baseline.by, samples=baseline.samples)
    return baseline


def reduction_against(edge: Distribution | None, baseline: ProbeBaseline, q: float) -> Quantity:
    """By which share the edge's q-quantile is below the stored one, as a ratio of 1.

    A frozen baseline is a sample as the edge is. An entered one is taken as exact: its own uncertainty is not known.
    """
    if edge is None or not edge.count:
        return NO_DATA
    frozen = baseline.distribution
    if frozen is not None:
        return reduction(edge, frozen, q)
    before = baseline.p50_seconds if q == 0.5 else baseline.p95_seconds
    now = quantile(edge, q)
    if not before or now.value is None:
        return NO_DATA
    interval = quantile_interval(edge, q, REDUCTION_CONFIDENCE)
    low, high = (1 - interval[1] / before, 1 - interval[0] / before) if interval else (None, None)
    opposite = {Bound.EXACT: Bound.EXACT, Bound.AT_MOST: Bound.AT_LEAST, Bound.AT_LEAST: Bound.AT_MOST}
    return Quantity(
        1 - now.value / before,
        None if low == -math.inf else low,
        high,
        opposite[now.bound],
        now.is_approximate,
        now.samples,
        now.coverage_ms,
        confidence=REDUCTION_CONFIDENCE,
    )


def latest_baseline(model_name: str) -> ProbeBaseline | None:
    """The one that a model is compared with; one query."""
    return ProbeBaseline.objects.filter(model_name=model_name).select_related("by").first()
