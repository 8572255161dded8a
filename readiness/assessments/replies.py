"""What somebody answers to one practice, and what two such replies make together."""

from dataclasses import dataclass, replace
from datetime import date


@dataclass(frozen=True)
class Reply:
    """What somebody answers to one practice: a level, or why it does not apply and until when, and a note.

    With neither it is work in progress.
    """

    level: int | None
    note: str = ""
    not_applicable_reason: str = ""
    not_applicable_until: date | None = None

    @property
    def is_not_applicable(self) -> bool:
        return bool(self.not_applicable_reason)

    @property
    def is_given(self) -> bool:
        return self.level is not None or self.is_not_applicable


NOTHING = Reply(None)


def merged(*, base: Reply | None, mine: Reply, theirs: Reply) -> Reply:
    """A start for one answer out of two; `base` is what I had seen, None if unknown.

    What only one side changed is that side's. Where both chose, it is mine, for I am the one who decides; where both
    wrote, it is both.
    """
    is_my_choice = mine.is_given and not (base and _choice(mine) == _choice(base))
    return replace(mine if is_my_choice else theirs, note=_merged_note(base, mine.note, theirs.note))


def _choice(reply: Reply) -> Reply:
    return replace(reply, note="")


def _merged_note(base: Reply | None, mine: str, theirs: str) -> str:
    if mine == theirs or (base and mine == base.note):
        return theirs
    if base and theirs == base.note:
        return mine
    return "\n\n".join(note for note in (theirs, mine) if note)
