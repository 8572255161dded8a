"""What waits for a person: one line of "my work", whatever subject it comes from."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class WorkKind(StrEnum):
    """Why something waits; decides its word on the page and its place among what is due on one day."""

    SENT_BACK = "sent_back"
    CONTRADICTION = "contradiction"
    REVIEW = "review"
    ASSIGNMENT = "assignment"
    BLIND_ANSWER = "blind_answer"
    EVIDENCE = "evidence"
    ACTION = "action"
    MENTION = "mention"


@dataclass(frozen=True, slots=True)
class WorkItem:
    """`title` says what to do in the reader's language, `url` is where it is done; `due_on` is None without a date.

    `is_reminded`: somebody asked again just now, so that the next e-mail tells of it whenever it is due.
    """

    kind: WorkKind
    title: str
    url: str
    team: str
    due_on: date | None = None
    is_reminded: bool = False
