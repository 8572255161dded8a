"""What of an earlier answer needs a person again, and why; what has no reason stands until somebody confirms it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from readiness.bank import Practice, Text
from readiness.scoring import BindingState, EvidenceClass, Measurement, Piece, combined_state, evidence_class

# Evidence that ends within a month would end while the assessment is being reviewed.
SOON = timedelta(days=30)


class Need(StrEnum):
    """Why a practice needs somebody, the most urgent reason first."""

    REMARK = "remark"
    NEW = "new"  # the earlier version of the bank did not ask it
    UNANSWERED = "unanswered"
    NOW_A_GATE = "now_a_gate"  # it was set aside as not applicable, and no longer can be
    REWORDED = "reworded"
    NOT_APPLICABLE_EXPIRED = "not_applicable_expired"
    CONTRADICTED = "contradicted"
    STALE = "stale"
    EVIDENCE_EXPIRED = "evidence_expired"
    EVIDENCE_EXPIRES = "evidence_expires"


@dataclass(frozen=True, slots=True)
class EarlierAnswer:
    """What stands for one practice. `level` is None while unanswered or set aside, which lasts `until` its last day."""

    level: int | None
    is_not_applicable: bool = False
    until: date | None = None
    pieces: tuple[Piece, ...] = ()
    measurements: tuple[Measurement, ...] = ()


def is_reworded(then: Practice, now: Practice) -> bool:
    """Whether the question or a level says something else, in any language; spaces and line ends do not count."""
    return _asked(then) != _asked(now)


def _asked(practice: Practice) -> list[list[str]]:
    texts: Iterable[Text] = (practice.question, *practice.levels)
    return [language.split() for text in texts for language in (text.en, text.fr)]


def needs(
    answer: EarlierAnswer | None,
    practice_then: Practice | None,
    practice_now: Practice,
    *,
    today: date,
    has_open_remark: bool = False,
) -> tuple[Need, ...]:
    """Every reason why somebody has to look at the answer again, in the order of `Need`; empty where it stands.

    `practice_then` is the practice as it was worded when it was answered, None where it was not asked.
    """
    found = {Need.REMARK} if has_open_remark else set()
    if practice_then is None:
        found.add(Need.NEW)
    elif answer is None or (answer.level is None and not answer.is_not_applicable):
        found.add(Need.UNANSWERED)
    else:
        if is_reworded(practice_then, practice_now):
            found.add(Need.REWORDED)
        found |= _set_aside(answer, practice_now, today) if answer.is_not_applicable else _backing(answer, today)
    return tuple(need for need in Need if need in found)


def _set_aside(answer: EarlierAnswer, practice: Practice, today: date) -> set[Need]:
    if practice.gate:
        return {Need.NOW_A_GATE}
    return {Need.NOT_APPLICABLE_EXPIRED} if answer.until is None or answer.until < today else set()


def _backing(answer: EarlierAnswer, today: date) -> set[Need]:
    """What measurements and evidence have against a level; confirmed by measurement, evidence is not looked at."""
    state = combined_state(answer.measurements, answer.level or 0)
    if state is BindingState.CONFIRMED:
        return set()
    found = {Need.CONTRADICTED} if state is BindingState.CONTRADICTED else set()
    if state is BindingState.STALE:
        found.add(Need.STALE)
    # A newer piece of the same class covers an older one, so classes are compared and not pieces.
    at_best = max((_when_fresh(piece, today) for piece in answer.pieces), default=EvidenceClass.NONE)
    current = evidence_class(answer.pieces, today=today)
    if current < at_best:
        found.add(Need.EVIDENCE_EXPIRED)
    elif evidence_class(answer.pieces, today=today + SOON) < current:
        found.add(Need.EVIDENCE_EXPIRES)
    return found


def _when_fresh(piece: Piece, today: date) -> EvidenceClass:
    if piece.dated_on > today:
        return EvidenceClass.NONE
    return EvidenceClass.REVIEWED if piece.is_reviewed else EvidenceClass.ATTACHED
