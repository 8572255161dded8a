"""What stands behind an answer: the evidence class E0–E3 and the level up to which it is believed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum

HIGHEST_LEVEL = 4
LEVEL_ONLY_MEASUREMENT_PROVES = 4


class EvidenceClass(IntEnum):
    """How well an answer is backed; the better class is the greater one."""

    NONE = 0
    ATTACHED = 1
    REVIEWED = 2
    MEASURED = 3

    @property
    def code(self) -> str:
        """`E0` … `E3`, as pages and reports write it."""
        return f"E{self.value}"


CAPS = {
    EvidenceClass.NONE: 2,
    EvidenceClass.ATTACHED: 3,
    EvidenceClass.REVIEWED: 4,
    EvidenceClass.MEASURED: 4,
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A file, link or note behind an answer. `is_reviewed` means by somebody other than who added it."""

    dated_on: date
    validity_days: int
    is_reviewed: bool = False

    def __post_init__(self) -> None:
        if self.validity_days < 1:
            raise ValueError(f"Evidence is valid for at least one day, not {self.validity_days}.")

    @property
    def valid_until(self) -> date:
        """The last day on which the piece counts in full."""
        return self.dated_on + timedelta(days=self.validity_days)


def piece_class(piece: Piece, *, today: date) -> EvidenceClass:
    """One class lower past its validity, nothing past twice of it, nothing before its own date."""
    age_days = (today - piece.dated_on).days
    if age_days < 0 or age_days > 2 * piece.validity_days:
        return EvidenceClass.NONE
    fresh = EvidenceClass.REVIEWED if piece.is_reviewed else EvidenceClass.ATTACHED
    return EvidenceClass(fresh - 1) if age_days > piece.validity_days else fresh


def evidence_class(pieces: Iterable[Piece], *, today: date) -> EvidenceClass:
    """The class of the best piece still valid. Measurement is added by whoever knows the bindings."""
    return max((piece_class(piece, today=today) for piece in pieces), default=EvidenceClass.NONE)


def level_cap(evidence: EvidenceClass, *, is_measurable: bool) -> int:
    """The highest level that evidence of this class can carry; what can be measured needs measuring for level 4."""
    if is_measurable and evidence is not EvidenceClass.MEASURED:
        return min(CAPS[evidence], LEVEL_ONLY_MEASUREMENT_PROVES - 1)
    return CAPS[evidence]
