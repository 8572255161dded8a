"""Requests of known speed, stored as readings and rolled up, and bindings that look at them."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import Team
from inference_kpis.fleet.models import Node, Site
from inference_kpis.readings import store
from inference_kpis.readings.algebra import Distribution, Increase, Reading
from inference_kpis.readings.rollups import roll_up_touched
from readiness.assessments.models import Binding

BOUNDS = (0.5, 1.0, 2.0)
# A 95th percentile by bucket: 500 ms at most, 975 ms, 1950 ms, 2000 ms at least.
FAST, FAIR, SLOW, ENDLESS = range(4)
# So that fast nodes hold every level, fair ones level 2 and slow ones level 1.
THRESHOLDS = {"1": 2000, "2": 1000, "3": 500}
# Windows follow each other by a quarter of their length: one minute, as the roll-ups.
WINDOW = timedelta(minutes=4)
MINUTE = timedelta(minutes=1)


def serve(node: Node, start: datetime, speed: int, *, minutes: int = 4, requests: int = 30) -> None:
    """Let a node serve so many requests a minute from `start`, all of one speed, and roll them up."""
    readings = [
        (node, "m", _reading(start + number * MINUTE, speed, requests)) for number in range(minutes) if requests
    ]
    store.store_slots(store.slots_of(readings))
    roll_up_touched(start + minutes * MINUTE)


def _reading(start: datetime, speed: int, requests: int) -> Reading:
    counts = tuple(requests if bucket == speed else 0 for bucket in range(len(BOUNDS) + 1))
    measures = {
        "requests": Increase(requests, 60_000),
        "e2e_latency": Distribution({BOUNDS: counts}, requests * 1000, 60_000),
    }
    return Reading(store.as_ms(start), store.as_ms(start + MINUTE), measures)


def bind(team: Team, *sites: Site, practice: str = "INF3", **values: Any) -> Binding:
    """Join a practice to the 95th percentile of latency on these sites, or on all."""
    binding = Binding.objects.create(
        **{
            "team": team,
            "practice": practice,
            "kpi": "e2e_latency_p95",
            "comparator": "le",
            "thresholds": THRESHOLDS,
            "window_seconds": int(WINDOW.total_seconds()),
            "minimum_samples": 100,
            "minimum_coverage": "0.8",
            **values,
        }
    )
    binding.sites.set(sites)
    return binding
