"""How an alert moves: timing, previous state, what was observed and now in; next state and what happened out.

Unknown moves nothing: an undecidable reading neither fires nor resolves, and the time it lasts counts neither way. To
fire it takes bad readings for as long as the rule says, to resolve good ones; between the two thresholds an alert stays
what it is.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Phase(StrEnum):
    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"


class Verdict(StrEnum):
    """What a reading says: beyond the threshold, beyond the clear threshold, between the two, or nothing."""

    BAD = "bad"
    GOOD = "good"
    BETWEEN = "between"
    UNKNOWN = "unknown"


class Happening(StrEnum):
    FIRED = "fired"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Timing:
    """How long it has to be bad before it fires, and good before it is resolved."""

    raise_after: timedelta
    clear_after: timedelta


@dataclass(frozen=True, slots=True)
class State:
    """`since` is when it became bad (pending) or when it fired; `good_since` and `unknown_since` are set while it is."""

    phase: Phase = Phase.OK
    since: datetime | None = None
    good_since: datetime | None = None
    unknown_since: datetime | None = None


QUIET = State()


@dataclass(frozen=True, slots=True)
class Observed:
    """A verdict; `since` where somebody knows better than by watching when it began, such as a node's own state."""

    verdict: Verdict
    since: datetime | None = None


def advance(
    timing: Timing, previous: State, observed: Observed, now: datetime, *, watched_since: datetime | None = None
) -> tuple[State, Happening | None]:
    """The next state. Nobody watched before `watched_since`: what was bad or good then proves nothing about between."""
    if observed.verdict is Verdict.UNKNOWN:
        return _undecided(previous, now), None
    known = _as_watched(previous, now, watched_since)
    if known.phase is Phase.FIRING:
        return _firing(timing, known, observed, now)
    if observed.verdict is not Verdict.BAD:
        return QUIET, None
    since = min((moment for moment in (known.since, observed.since) if moment), default=now)
    if now - since >= timing.raise_after:
        return State(Phase.FIRING, now), Happening.FIRED
    return State(Phase.PENDING, since), None


def _undecided(previous: State, now: datetime) -> State:
    if previous.phase is Phase.OK or previous.unknown_since:
        return previous
    return replace(previous, unknown_since=now)


def _as_watched(previous: State, now: datetime, watched_since: datetime | None) -> State:
    """The state with its clocks moved on by the time in which nothing was known or nobody watched."""
    unknown_for = now - previous.unknown_since if previous.unknown_since else timedelta(0)

    def moved(moment: datetime | None) -> datetime | None:
        if moment is None:
            return None
        later = min(moment + unknown_for, now)
        return max(later, watched_since) if watched_since else later

    since = moved(previous.since) if previous.phase is Phase.PENDING else previous.since
    return State(previous.phase, since, moved(previous.good_since))


def _firing(timing: Timing, known: State, observed: Observed, now: datetime) -> tuple[State, Happening | None]:
    if observed.verdict is not Verdict.GOOD:
        return replace(known, good_since=None), None
    good_since = min((moment for moment in (known.good_since, observed.since) if moment), default=now)
    if now - good_since >= timing.clear_after:
        return QUIET, Happening.RESOLVED
    return replace(known, good_since=good_since), None
