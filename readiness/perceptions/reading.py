"""Reading rounds: how far the invited people are while one is open, and what it shows once it is closed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from accounts.alphabet import alphabetical
from readiness.assessments.models import Answer
from readiness.bank import Practice, Rule, load_bank
from readiness.perceptions.models import BlindAnswer, BlindDecision, BlindInvitation, BlindRound
from readiness.perceptions.spread import Agreement, BlindReply, Circle, Gap, Perception, agreement, findings, perception
from readiness.perceptions.strips import Strip, strip


def invited(blind_round: BlindRound) -> list[BlindInvitation]:
    """Who is asked, by name, each with how many practices they have answered; one query."""
    found = blind_round.invitations.with_given().select_related("person")
    return sorted(found, key=lambda each: alphabetical(str(each.person)))


@dataclass(frozen=True)
class PracticeResult:
    """One practice of a closed round. `named` is empty in an anonymous one; `comments` stand without their levels."""

    practice: Practice
    perception: Perception
    strip: Strip
    named: tuple[BlindAnswer, ...]
    comments: tuple[str, ...]
    answer: Answer | None
    decision: BlindDecision | None
    # Whether the assessment still asks it: it may have moved to another version of the bank since.
    is_asked: bool

    @property
    def median(self) -> int | None:
        """The lower median of everybody; None where nothing can be shown."""
        return self.perception.total.median if self.perception.total else None

    @property
    def seen_version(self) -> int:
        return self.answer.version if self.answer else 0


@dataclass(frozen=True)
class RuleResult:
    rule: Rule
    practices: tuple[PracticeResult, ...]
    agreement: Agreement


@dataclass(frozen=True)
class Result:
    """What a closed round shows; `findings` have the widest gap first."""

    rules: tuple[RuleResult, ...]
    findings: tuple[tuple[Practice, Gap], ...]
    agreement: Agreement
    answered: int


def perceptions_of(blind_round: BlindRound, answers: list[BlindAnswer]) -> dict[str, Perception]:
    """How the circles see each practice, in the order of the bank."""
    return {
        practice.key: perception(
            (
                BlindReply(Circle(answer.invitation.circle), answer.level)
                for answer in answers
                if answer.practice == practice.key
            ),
            is_anonymous=blind_round.is_anonymous,
        )
        for practice in blind_round.asked
    }


def answers_of(blind_round: BlindRound) -> list[BlindAnswer]:
    """Every answer of a round, with who gave it; one query. Not for pages before the round is closed."""
    found = BlindAnswer.objects.filter(invitation__round=blind_round).select_related("invitation__person")
    return sorted(found, key=lambda answer: alphabetical(str(answer.invitation.person)))


def result_of(blind_round: BlindRound, today: date) -> Result:
    """What there is to see of a closed round; three queries. Raises ValueError while it is open."""
    if blind_round.is_open(today):
        raise ValueError("The answers of an open round are shown to nobody.")
    answers = answers_of(blind_round)
    seen = perceptions_of(blind_round, answers)
    standing = {each.practice: each for each in Answer.objects.filter(assessment=blind_round.assessment_id)}
    decisions = {each.practice: each for each in blind_round.decisions.select_related("decided_by")}
    asked_now = {each.key for each in load_bank(blind_round.assessment.bank_version).practices}
    given = _by_practice(answers)
    bank = load_bank(blind_round.bank_version)
    by_rule: dict[str, list[PracticeResult]] = {}
    for practice in blind_round.asked:
        own = given.get(practice.key, [])
        by_rule.setdefault(bank.rule_of(practice.key).key, []).append(
            PracticeResult(
                practice,
                seen[practice.key],
                strip(seen[practice.key]),
                () if blind_round.is_anonymous else tuple(own),
                _comments(own) if blind_round.is_anonymous and seen[practice.key].spreads else (),
                standing.get(practice.key),
                decisions.get(practice.key),
                practice.key in asked_now,
            )
        )
    return Result(
        tuple(
            RuleResult(bank.rule(key), tuple(rows), agreement(row.perception for row in rows))
            for key, rows in by_rule.items()
        ),
        tuple((bank.practice(key), gap) for key, gap in findings(seen)),
        agreement(seen.values()),
        len({answer.invitation_id for answer in answers}),
    )


def _by_practice(answers: list[BlindAnswer]) -> Mapping[str, list[BlindAnswer]]:
    found: dict[str, list[BlindAnswer]] = {}
    for answer in answers:
        found.setdefault(answer.practice, []).append(answer)
    return found


def _comments(answers: list[BlindAnswer]) -> tuple[str, ...]:
    """By their own letters: any order of people would tell who wrote which."""
    return tuple(sorted((answer.comment for answer in answers if answer.comment), key=alphabetical))
