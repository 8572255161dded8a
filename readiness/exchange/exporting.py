"""An assessment as a sheet of values: what was answered with its scores, or the questions alone to be answered offline."""

from datetime import UTC, datetime

from readiness.assessments.models import Answer, Assessment, Evidence
from readiness.assessments.results import Result, RuleResult, result_of
from readiness.bank import Practice, load_bank
from readiness.exchange.sheets import Piece, Row, Sheet, Value
from readiness.scoring import OverallScore, PracticeScore, RuleScore, rounded

FORMAT = "vigie-assessment"
FORMAT_VERSION = 1


def export_of(assessment: Assessment, language: str, now: datetime) -> Sheet:
    """Every practice with its answer and scores as of `now`; five queries."""
    result = result_of(assessment, now)
    return Sheet(
        head=_head(assessment, now),
        overall=_score(result.overall),
        rules=tuple(
            {
                "number": each.rule.number,
                "key": each.rule.key,
                "title": each.rule.title.in_language(language),
                **_score(each.score),
            }
            for each in result.rules
        ),
        rows=tuple(
            _row(result, rule, score, practice, language)
            for rule in result.rules
            for score, practice in zip(rule.score.practices, rule.rule.practices, strict=True)
        ),
    )


def template_of(assessment: Assessment, language: str, now: datetime) -> Sheet:
    """The questions with the words of their levels and nothing answered; one query.

    The version of each answer comes along, so that filling it in overwrites nothing that was changed meanwhile.
    """
    standing = dict(assessment.answers.values_list("practice", "version"))
    bank = load_bank(assessment.bank_version)
    rows = [
        Row(
            {
                **_asked(rule.number, practice, language),
                **{f"level_{level}": text.in_language(language) for level, text in enumerate(practice.levels)},
                **dict.fromkeys(("level", "not_applicable_reason", "not_applicable_until", "note")),
                **_origin(assessment, standing.get(practice.key, 0)),
            }
        )
        for rule in bank.rules
        for practice in rule.practices
    ]
    return Sheet(_head(assessment, now), {}, (), tuple(rows))


def _head(assessment: Assessment, now: datetime) -> dict[str, Value]:
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "assessment": assessment.pk,
        "team": assessment.team.name,
        "state": assessment.state,
        "bank_version": assessment.bank_version,
        "as_of": _moment(now),
    }


def _asked(number: int, practice: Practice, language: str) -> dict[str, Value]:
    return {
        "practice": practice.key,
        "rule": number,
        "title": practice.title.in_language(language),
        "question": practice.question.in_language(language),
    }


def _origin(assessment: Assessment, version: int) -> dict[str, Value]:
    return {"assessment": assessment.pk, "bank_version": assessment.bank_version, "version": version}


def _row(result: Result, rule: RuleResult, score: PracticeScore, practice: Practice, language: str) -> Row:
    answer = result.answers.get(practice.key)
    approver = answer and answer.not_applicable_approved_by
    values = {
        **_asked(rule.rule.number, practice, language),
        "level": score.declared,
        "not_applicable_reason": answer.not_applicable_reason if answer else "",
        "not_applicable_until": answer.not_applicable_until if answer else None,
        "note": answer.note if answer else "",
        "not_applicable_approved_by": str(approver) if approver else "",
        "verified": score.verified if score.is_applicable else None,
        "measured": score.measured_level,
        "measurement": score.state.value if score.state else "",
        "evidence_class": score.evidence.code,
        "answered_by": str(answer.answered_by) if answer else "",
        "answered_at": _moment(answer.answered_at) if answer else "",
        **{f"rule_{key}": value for key, value in _score(rule.score).items()},
        **{f"overall_{key}": value for key, value in _score(result.overall).items()},
        "team": result.assessment.team.name,
        "as_of": _moment(result.as_of),
        **_origin(result.assessment, answer.version if answer else 0),
    }
    return Row(values, _pieces(answer))


def _pieces(answer: Answer | None) -> tuple[Piece, ...]:
    return tuple(_piece(each) for each in answer.evidence.all()) if answer else ()


def _piece(each: Evidence) -> Piece:
    return Piece(
        title=each.title,
        dated_on=each.dated_on,
        valid_until=each.valid_until,
        url=each.url,
        file_name=each.file_name,
        sha256=each.blob_id or "",
        is_reviewed=each.reviewed_at is not None,
    )


def _score(score: RuleScore | OverallScore) -> dict[str, Value]:
    return {
        "level": score.level,
        "index": None if score.index is None else rounded(score.index),
        "declared_index": None if score.declared_index is None else rounded(score.declared_index),
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
