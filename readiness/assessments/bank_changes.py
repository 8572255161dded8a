"""What one version of the question bank asks otherwise than another."""

from dataclasses import dataclass

from readiness.assessments.needing import is_reworded
from readiness.bank import Bank, Practice


@dataclass(frozen=True, slots=True)
class Reweighted:
    """A practice that counts otherwise: its weight, or whether it is a gate."""

    then: Practice
    now: Practice

    @property
    def is_gate_changed(self) -> bool:
        return self.then.gate != self.now.gate


@dataclass(frozen=True, slots=True)
class BankChanges:
    """Every practice of the later version is either added, reworded or unchanged; `reweighted` runs across these."""

    then: Bank
    now: Bank
    added: tuple[Practice, ...]
    reworded: tuple[Practice, ...]
    unchanged: tuple[Practice, ...]
    retired: tuple[Practice, ...]
    reweighted: tuple[Reweighted, ...]

    @property
    def gates_changed(self) -> tuple[Reweighted, ...]:
        return tuple(each for each in self.reweighted if each.is_gate_changed)

    @property
    def weights_changed(self) -> tuple[Reweighted, ...]:
        return tuple(each for each in self.reweighted if not each.is_gate_changed)


def compare(then: Bank, now: Bank) -> BankChanges:
    """What moving from one version to another changes, each list in the order of the bank."""
    before = {practice.key: practice for practice in then.practices}
    after = {practice.key for practice in now.practices}
    kept = [(before[practice.key], practice) for practice in now.practices if practice.key in before]
    return BankChanges(
        then=then,
        now=now,
        added=tuple(practice for practice in now.practices if practice.key not in before),
        reworded=tuple(new for old, new in kept if is_reworded(old, new)),
        unchanged=tuple(new for old, new in kept if not is_reworded(old, new)),
        retired=tuple(practice for practice in then.practices if practice.key not in after),
        reweighted=tuple(Reweighted(old, new) for old, new in kept if (old.weight, old.gate) != (new.weight, new.gate)),
    )
