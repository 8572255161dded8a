"""What a team's bindings say now, practice by practice, and which of its measurable practices have none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Team
from inference_kpis.catalogue import Kpi
from readiness.assessments.models import Assessment, Binding
from readiness.assessments.results import latest_checks, measurement_of
from readiness.bank import Practice, load_bank
from readiness.scoring import BindingState, Measurement


@dataclass(frozen=True)
class BoundRow:
    """One binding: what it looks at, what it says, and what that makes of the declared level."""

    binding: Binding
    kpi: Kpi
    measurement: Measurement
    state: BindingState | None
    value: float | None


@dataclass(frozen=True)
class BoardRow:
    """One measurable practice; `declared` is None where no approved answer has a level."""

    practice: Practice
    declared: int | None
    bindings: tuple[BoundRow, ...]


@dataclass(frozen=True)
class Board:
    rows: tuple[BoardRow, ...]

    @property
    def bound(self) -> int:
        return sum(bool(row.bindings) for row in self.rows)


def board_of(team: Team, now: datetime) -> Board:
    """The measurable practices of the newest bank for one team; four queries."""
    assessment = Assessment.objects.latest_approved_per_team().filter(team=team).first()
    levels = dict(assessment.answers.values_list("practice", "level")) if assessment else {}
    bindings = list(Binding.objects.filter(team=team).order_by("practice", "pk"))
    checks = latest_checks(bindings)
    by_practice: dict[str, list[BoundRow]] = {}
    for binding in bindings:
        found = measurement_of(binding, checks[binding.pk], now)
        declared = levels.get(binding.practice)
        latest = next(iter(checks[binding.pk]), None)
        by_practice.setdefault(binding.practice, []).append(
            BoundRow(
                binding,
                binding.figure,
                found,
                None if declared is None else found.state(declared),
                latest.value if latest else None,
            )
        )
    practices = [practice for practice in load_bank().practices if practice.measurable]
    return Board(
        tuple(BoardRow(each, levels.get(each.key), tuple(by_practice.get(each.key, ()))) for each in practices)
    )


def ladder(binding: Binding) -> Sequence[tuple[int, float]]:
    """Level and threshold, the lowest level first."""
    return sorted((int(level), float(threshold)) for level, threshold in binding.thresholds.items())
