"""What the page of a node says about what it pushes: by sender and job, and what was refused or left out of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

from inference_kpis.fleet.models import Node
from inference_kpis.pull import problems
from inference_kpis.push.batch import MESSAGES
from inference_kpis.push.models import PushState


@dataclass(frozen=True)
class PushedStream:
    """One sender and job: its name ('' when it gave none), when it was heard last, and what was wrong then."""

    name: str
    heard_at: datetime | None
    problems: Sequence[str | Promise]


def pushed_streams(node: Node) -> list[PushedStream]:
    """The streams of a node that pushes series, the oldest first; one query."""
    return [
        PushedStream(state.stream, state.settled_at, [push_sentence(code) for code in state.problems])
        for state in PushState.objects.filter(node=node)
    ]


def push_sentence(code: str) -> str | Promise:
    """What to tell a person of a code, from either way in."""
    return MESSAGES.get(code) or problems.sentence(code)
