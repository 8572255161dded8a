"""What one exposition says once an engine has put its series under the catalogue's measures."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HistogramState:
    """A cumulative histogram as seen once: `cumulative` has one count more than `bounds`, the last being all."""

    bounds: tuple[float, ...]
    cumulative: tuple[int, ...]
    sum: float


@dataclass(slots=True)
class ModelObservation:
    """One model's raw values. Counters and histograms stay apart by series, because each may reset by itself."""

    counters: dict[str, dict[str, float]] = field(default_factory=dict)
    gauges: dict[str, float] = field(default_factory=dict)
    histograms: dict[str, dict[str, HistogramState]] = field(default_factory=dict)


@dataclass(slots=True)
class Observation:
    """One decoded exposition by model name; '' is the node itself.

    `started_at_ms` is when the server process started, where the exposition says so; `problems` are codes of series
    that were dropped because their values make no sense.
    """

    models: dict[str, ModelObservation] = field(default_factory=dict)
    started_at_ms: int | None = None
    problems: tuple[str, ...] = ()
