"""Steps that the bank recommends, as an action remembers them: a key that stays, its words, and what it takes."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from readiness.bank import Action as BankAction
from readiness.bank import Bank, Practice, load_bank
from readiness.scoring import Price, Proof, Step

PROOF_TITLES: dict[Proof, str | Promise] = {
    Proof.ATTACH: _("Attach dated evidence: %(practice)s"),
    Proof.REVIEW: _("Have the evidence reviewed by a second person: %(practice)s"),
    Proof.MEASURE: _("Have it confirmed by a measurement: %(practice)s"),
}


def key_of(step: Step) -> str:
    """The key of a step: `UC1.2` for the action that opens level 2 of UC1, `UC1.3.attach` for a proof."""
    return f"{step.practice}.{step.opens}" + (f".{step.proof}" if step.proof else "")


@dataclass(frozen=True)
class Recommendation:
    """A step with the bank's words; `action` is None for a proof, which costs nothing."""

    step: Step
    practice: Practice
    action: BankAction | None

    @property
    def key(self) -> str:
        return key_of(self.step)

    @property
    def title(self) -> str:
        """In the reader's language."""
        language = get_language() or "en"
        if self.action:
            return self.action.title.in_language(language)
        assert self.step.proof
        return str(PROOF_TITLES[self.step.proof]) % {"practice": self.practice.title.in_language(language)}

    @property
    def effort_days(self) -> Decimal:
        return Decimal(self.action.effort_days if self.action else 0)

    @property
    def build_cost(self) -> Decimal:
        """The middle of the range."""
        return Decimal(self.action.cost_low + self.action.cost_high) / 2 if self.action else Decimal(0)

    @property
    def run_cost(self) -> Decimal:
        """The middle of the range, a year."""
        return Decimal(self.action.run_cost_low + self.action.run_cost_high) / 2 if self.action else Decimal(0)


def recommendation(bank: Bank, step: Step) -> Recommendation:
    """The words of a step. Raises KeyError where this version of the bank does not recommend it."""
    practice = bank.practice(step.practice)
    if step.proof:
        return Recommendation(step, practice, None)
    return Recommendation(step, practice, {each.opens: each for each in practice.actions}[step.opens])


def recommendation_of(bank_version: str, key: str) -> Recommendation:
    """The recommendation of a kept key. Raises KeyError or ValueError for what is none of that version's."""
    practice, opens, *proof = key.split(".")
    step = Step(practice, int(opens), proof=Proof(proof[0]) if proof else None)
    return recommendation(load_bank(bank_version), step)


def prices_of(*practices: Practice) -> dict[tuple[str, int], Price]:
    """What the recommended actions of practices take, by practice and level."""
    return {
        (each.practice, each.opens): Price(
            each.cost_low, each.cost_high, each.effort_days, each.run_cost_low, each.run_cost_high
        )
        for practice in practices
        for each in practice.actions
    }
