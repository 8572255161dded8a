"""What one exposition says once an engine has put its series under the catalogue's measures."""

import hashlib
from base64 import b64encode
from dataclasses import dataclass, field


def series_digest(series: str) -> str:
    """What stands for a series wherever it is kept: some servers put keys and addresses of people into labels."""
    return b64encode(hashlib.blake2b(series.encode(), digest_size=12).digest()).decode()


@dataclass(frozen=True, slots=True)
class HistogramState:
    """A cumulative histogram as seen once: `cumulative` has one count more than `bounds`, the last being all."""

    bounds: tuple[float, ...]
    cumulative: tuple[int, ...]
    sum: float


@dataclass(slots=True)
class ModelObservation:
    """One model's raw values. Counters and histograms stay apart by series digest, because each may reset by itself."""

    counters: dict[str, dict[str, float]] = field(default_factory=dict)
    gauges: dict[str, float] = field(default_factory=dict)
    histograms: dict[str, dict[str, HistogramState]] = field(default_factory=dict)


@dataclass(slots=True)
class Observation:
    """One decoded exposition by model name; '' is the node itself.

    `started_at_ms` is when the server process started, where the exposition says so; `problems` are codes of series
    that were dropped because their values make no sense. `created_ms` has, by series digest, since when a counter or
    histogram counts, where the exposition says so.
    """

    models: dict[str, ModelObservation] = field(default_factory=dict)
    started_at_ms: int | None = None
    problems: tuple[str, ...] = ()
    created_ms: dict[str, int] = field(default_factory=dict)
