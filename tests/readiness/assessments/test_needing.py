"""What of an earlier answer needs somebody again: every reason, its edges, and what is no reason."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from readiness.assessments.needing import EarlierAnswer, Need, is_reworded, needs
from readiness.bank import Text, load_bank
from readiness.scoring import Measurement, Piece

TODAY = date(2026, 11, 25)
PRACTICE = load_bank("2026.1").practice("UC3")
GATE = load_bank("2026.1").practice("UC1")
CONFIRMED = Measurement(level=4, latest_level=4, windows=2)
CONTRADICTED = Measurement(level=1, latest_level=1, windows=2)
DOUBTED = Measurement(level=3, latest_level=1, windows=2)
STALE = Measurement(is_stale=True)


def piece(days_old: int, *, is_reviewed: bool = True, validity_days: int = 180) -> Piece:
    return Piece(TODAY - timedelta(days=days_old), validity_days, is_reviewed)


def reasons(answer: EarlierAnswer | None, **values: bool) -> tuple[Need, ...]:
    return needs(answer, PRACTICE, PRACTICE, today=TODAY, **values)


def level(*pieces: Piece, measured: Measurement | None = None) -> EarlierAnswer:
    return EarlierAnswer(3, pieces=pieces, measurements=(measured,) if measured else ())


VECTORS = {
    "a level without evidence": (level(), ()),
    "level 0": (EarlierAnswer(0), ()),
    "fresh evidence": (level(piece(20)), ()),
    "31 days left": (level(piece(149)), ()),
    "30 days left": (level(piece(150)), ()),
    "29 days left": (level(piece(151)), (Need.EVIDENCE_EXPIRES,)),
    "its last day": (level(piece(180)), (Need.EVIDENCE_EXPIRES,)),
    "the day after": (level(piece(181)), (Need.EVIDENCE_EXPIRED,)),
    "past twice its validity": (level(piece(361)), (Need.EVIDENCE_EXPIRED,)),
    "expired, covered by a newer one": (level(piece(181), piece(5)), ()),
    "expired and reviewed, the newer one is not": (
        level(piece(181), piece(5, is_reviewed=False)),
        (Need.EVIDENCE_EXPIRED,),
    ),
    "dated tomorrow": (level(piece(-1)), ()),
    "confirmed by measurement": (level(piece(400), measured=CONFIRMED), ()),
    "contradicted": (level(piece(5), measured=CONTRADICTED), (Need.CONTRADICTED,)),
    "doubted once": (level(piece(5), measured=DOUBTED), ()),
    "a measurement that is too old": (level(piece(5), measured=STALE), (Need.STALE,)),
    "too old, and so is the evidence": (level(piece(181), measured=STALE), (Need.STALE, Need.EVIDENCE_EXPIRED)),
    "never answered": (None, (Need.UNANSWERED,)),
    "only a note": (EarlierAnswer(None), (Need.UNANSWERED,)),
    "set aside until today": (EarlierAnswer(None, True, TODAY), ()),
    "set aside until yesterday": (EarlierAnswer(None, True, TODAY - timedelta(days=1)), (Need.NOT_APPLICABLE_EXPIRED,)),
    "set aside for ever": (EarlierAnswer(None, True, None), (Need.NOT_APPLICABLE_EXPIRED,)),
}


@pytest.mark.parametrize("name", VECTORS)
def test_it_works(name: str) -> None:
    answer, expected = VECTORS[name]
    assert reasons(answer) == expected


def test_a_remark_comes_first() -> None:
    assert reasons(level(piece(181)), has_open_remark=True) == (Need.REMARK, Need.EVIDENCE_EXPIRED)


def test_what_was_not_asked_is_new() -> None:
    assert needs(None, None, PRACTICE, today=TODAY) == (Need.NEW,)


def test_what_became_a_gate_practice_cannot_stay_aside() -> None:
    aside = EarlierAnswer(None, True, TODAY + timedelta(days=90))
    assert needs(aside, PRACTICE, replace(PRACTICE, gate=True), today=TODAY) == (Need.NOW_A_GATE,)
    assert needs(EarlierAnswer(3), PRACTICE, replace(PRACTICE, gate=True), today=TODAY) == ()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_another_level_in_one_language_is_another_question(language: str) -> None:
    levels = (*PRACTICE.levels[:4], replace(PRACTICE.levels[4], **{language: "Otherwise."}))
    later = replace(PRACTICE, levels=levels)
    assert needs(level(), PRACTICE, later, today=TODAY) == (Need.REWORDED,)


def test_what_does_not_change_the_question_is_no_reason() -> None:
    question = Text(PRACTICE.question.en.replace(" ", "\n", 1), PRACTICE.question.fr)
    later = replace(PRACTICE, question=question, weight=9, minutes=9, help=Text("Other", "Autre"), evidence=())
    assert not is_reworded(PRACTICE, later)
    assert is_reworded(PRACTICE, replace(PRACTICE, question=Text("Other?", "Autre ?")))
