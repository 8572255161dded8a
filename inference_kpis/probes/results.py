"""From what one run of a probe found to the measures that are stored.

The bounds are one fixed geometric row, 32 to a decade: a quantile is then known to 7.5 % of itself before any interpolation,
from a device's millisecond to a large model's minute, every probe merges with every other one exactly, and the 161
bounds stay within what a distribution may hold.
"""

from bisect import bisect_left
from dataclasses import dataclass

from inference_kpis.catalogue import MEASURES
from inference_kpis.readings.algebra import Bounds, Distribution, Increase, MeasureValue, Reading

BOUNDS: Bounds = tuple(float(f"{10 ** (step / 32 - 3):.6g}") for step in range(161))


@dataclass(frozen=True, slots=True)
class Answer:
    """How one end answered: seconds from before connecting, None for what did not come; a `problem` is a failure.

    `status` is that of HTTP, 0 where no answer came.
    """

    problem: str = ""
    status: int = 0
    first_byte_seconds: float | None = None
    first_token_seconds: float | None = None
    total_seconds: float | None = None

    @property
    def is_good(self) -> bool:
        return not self.problem

    @property
    def first_byte_ms(self) -> float | None:
        return _ms(self.first_byte_seconds)

    @property
    def first_token_ms(self) -> float | None:
        return _ms(self.first_token_seconds)

    @property
    def total_ms(self) -> float | None:
        return _ms(self.total_seconds)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


@dataclass(frozen=True, slots=True)
class Run:
    """One run: when it began, how the edge answered, and its central counterpart where it has one."""

    started_ms: int
    edge: Answer
    central: Answer | None = None


def reading_of(run: Run, *, covered_ms: int) -> Reading:
    """The reading of a run, at the millisecond in which it began: a moment is never split between two minutes.

    `covered_ms` is how long it speaks for: the time since the run before.
    """
    edge, central = run.edge, run.central
    measures: dict[str, MeasureValue] = {
        "probes": Increase(1, covered_ms),
        "successful_probes": Increase(int(edge.is_good), covered_ms),
    }
    if central:
        measures["central_probes"] = Increase(1, covered_ms)
        measures["successful_central_probes"] = Increase(int(central.is_good), covered_ms)
    seen: dict[str, float | None] = {}
    if edge.is_good:
        seen["probe_latency"] = edge.total_seconds
        seen["probe_time_to_first_byte"] = edge.first_byte_seconds
        seen["probe_time_to_first_token"] = edge.first_token_seconds
    if central and edge.is_good and central.is_good:
        seen["compared_probe_latency"] = edge.total_seconds
        seen["central_probe_latency"] = central.total_seconds
        seen["central_probe_time_to_first_token"] = central.first_token_seconds
    for key, seconds in seen.items():
        if seconds is not None:
            measures[key] = _observed(key, seconds, covered_ms)
    return Reading(run.started_ms, run.started_ms + 1, measures)


def _observed(key: str, seconds: float, covered_ms: int) -> Distribution:
    counts = [0] * (len(BOUNDS) + 1)
    counts[bisect_left(BOUNDS, seconds)] = 1
    return Distribution({BOUNDS: tuple(counts)}, MEASURES[key].to_quanta(seconds), covered_ms)
