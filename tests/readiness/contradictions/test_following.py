"""What becomes of a contradiction: it opens with the second window, and closes by what was changed."""

from datetime import datetime

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEvent, Team, User
from inference_kpis.fleet.models import Node
from readiness.assessments.models import BindingCheck
from readiness.contradictions import following
from readiness.contradictions.following import check_bindings
from readiness.contradictions.models import Contradiction
from tests.factories import NodeFactory
from tests.inference_kpis.pulls import START
from tests.readiness.assessments.writing import answer_all, approve, approved, start
from tests.readiness.measurements import FAIR, FAST, MINUTE, SLOW, WINDOW, bind, serve

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_bank")]
FIRST_END = START + WINDOW


@pytest.fixture
def node(team: Team) -> Node:
    """A node of the site on which the team, who declares level 3, is measured."""
    approved(team, 3)
    found = NodeFactory()
    bind(team, found.site)
    return found


def measure(minutes: int) -> datetime:
    """Check what is due, so many minutes after the end of the first window."""
    now = FIRST_END + minutes * MINUTE
    check_bindings(now)
    return now


def contradicted(node: Node) -> Contradiction:
    serve(node, START, FAIR, minutes=5)
    measure(0)
    measure(1)
    return Contradiction.objects.get()


def test_it_works(node: Node, team: Team) -> None:
    serve(node, START, FAIR, minutes=5)
    measure(0)
    assert not Contradiction.objects.exists()
    now = measure(1)
    found = Contradiction.objects.get()
    assert (found.team, found.practice, found.declared, found.measured) == (team, "INF3", 3, 2)
    assert (found.state, found.opened_at) == ("open", now)
    assert found.owner == found.assessment.answers.get(practice="INF3").answered_by
    assert (found.due_on - now.date()).days == 14
    assert [(each["level"], each["samples"]) for each in found.windows] == [(2, 120), (2, 120)]
    line = AuditEvent.objects.get(verb="answer.contradicted")
    assert (line.actor, line.subject) == (None, f"{team} · INF3")
    assert line.details == {"kpi": "e2e_latency_p95", "declared": 3, "measured": 2}


def test_it_opens_once_while_it_goes_on(node: Node) -> None:
    contradicted(node)
    serve(node, START + 5 * MINUTE, SLOW, minutes=4)
    measure(2)
    measure(5)
    assert Contradiction.objects.count() == 1
    assert AuditEvent.objects.filter(verb="answer.contradicted").count() == 1


def test_one_good_window_ends_nothing_two_do(node: Node) -> None:
    found = contradicted(node)
    serve(node, FIRST_END + MINUTE, FAST, minutes=5)
    measure(5)
    found.refresh_from_db()
    assert found.state == "open"
    now = measure(6)
    found.refresh_from_db()
    assert (found.state, found.ending, found.closed_at) == ("closed", "put_right", now)
    assert AuditEvent.objects.get(verb="answer.contradiction_closed").details == {"ending": "put_right"}


def test_what_begins_again_is_another_one(node: Node) -> None:
    contradicted(node)
    serve(node, FIRST_END + MINUTE, FAST, minutes=5)
    measure(5)
    measure(6)
    serve(node, FIRST_END + 6 * MINUTE, SLOW, minutes=5)
    measure(10)
    measure(11)
    assert sorted(Contradiction.objects.values_list("state", flat=True)) == ["closed", "open"]


def test_a_corrected_answer_closes_it_with_the_next_window(node: Node, team: Team, reviewer: User) -> None:
    found = contradicted(node)
    author = found.owner
    corrected = start(team, author)
    answer_all(corrected, 3, author, INF3=2)
    approve(corrected, reviewer)
    serve(node, FIRST_END + MINUTE, FAIR, minutes=1)
    measure(2)
    found.refresh_from_db()
    assert (found.state, found.ending) == ("closed", "answer_corrected")


def test_silence_ends_nothing(node: Node) -> None:
    found = contradicted(node)
    measure(60)
    found.refresh_from_db()
    assert found.state == "open"


def test_a_check_that_fails_half_way_leaves_neither(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(node, START, FAIR, minutes=5)
    measure(0)

    def killed(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(following, "record", killed)
        with pytest.raises(RuntimeError):
            measure(1)
    assert (BindingCheck.objects.count(), Contradiction.objects.count()) == (1, 0)
    measure(1)
    assert (BindingCheck.objects.count(), Contradiction.objects.count()) == (2, 1)


def test_there_is_one_open_per_binding(node: Node) -> None:
    found = contradicted(node)
    found.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        found.save()
