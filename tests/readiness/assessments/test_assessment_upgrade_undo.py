"""Taking a move to a newer bank back: whole, and not without naming what would no longer count."""

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Team, User
from readiness.assessments import upgrading
from readiness.assessments.models import Answer, Assessment, BankMove
from readiness.assessments.progress import task_list
from tests.factories import signed_in
from tests.pages import words
from tests.readiness.assessments.later_bank import ADDED, NEW_GATE, RETIRED, REWORDED
from tests.readiness.assessments.writing import NOW, answer, set_aside, start

pytestmark = pytest.mark.django_db


def url(assessment: Assessment) -> str:
    return reverse("readiness:assessment_upgrade_undo", args=[assessment.pk])


def undo(assessment: Assessment, by: User, losses: int | str = 0) -> str:
    """Take it back through the page; what is shown afterwards."""
    page = words(signed_in(by).post(url(assessment), {"losses": str(losses)}, follow=True))
    assessment.refresh_from_db()
    return page


def everything() -> list[dict[str, Any]]:
    return [*Assessment.objects.values(), *Answer.objects.order_by("pk").values()]


@pytest.fixture
def before(team: Team, owner: User, later_bank: Path) -> list[dict[str, Any]]:
    """Every row as it was on 2026.2, of an assessment that moved to 2026.3 since."""
    assessment = start(team, owner)
    Assessment.objects.update(bank_version="2026.2")
    assessment.refresh_from_db()
    for practice in (REWORDED, RETIRED, "UC3"):
        answer(assessment, practice, 2, owner)
    set_aside(assessment, NEW_GATE, owner)
    rows = everything()
    upgrading.move_to_newest(assessment=assessment, seen_version="2026.3", by=owner, now=NOW)
    return rows


@pytest.fixture
def moved(before: list[dict[str, Any]]) -> Assessment:
    return Assessment.objects.get()


def test_it_works(before: list[dict[str, Any]], moved: Assessment, colleague: User) -> None:
    assert everything() != before
    assert "everything is as it was before" in words(signed_in(colleague).get(url(moved)))
    assert "Back on version 2026.2 of the question bank." in undo(moved, colleague)
    assert everything() == before
    assert BankMove.objects.get().undone_by == colleague
    assert AuditEvent.objects.get(verb="assessment.upgrade_undo").actor == colleague


def test_what_was_answered_since_is_named(moved: Assessment, owner: User) -> None:
    answer(moved, ADDED, 3, owner)
    answer(moved, REWORDED, 1, owner)
    answer(moved, "UC3", 4, owner)
    page = words(signed_in(owner).get(url(moved)))
    assert "2 answers given since will not count in 2026.2" in page
    assert "not asked: it counts again if you move once more" in page
    assert "asked in other words" in page
    assert "Something changed since this page was shown." in undo(moved, owner)
    assert moved.bank_version == "2026.3"
    undo(moved, owner, losses=2)
    assert moved.bank_version == "2026.2"
    tasks = task_list(moved)
    assert {task.practice.key: task.needs for task in tasks.needing} == {REWORDED: ("reworded",)}
    assert moved.answers.get(practice="UC3").level == 4


def test_moving_once_more_brings_it_back(moved: Assessment, owner: User) -> None:
    answer(moved, ADDED, 3, owner)
    undo(moved, owner, losses=1)
    assert ADDED not in {task.practice.key for task in task_list(moved).tasks}
    upgrading.move_to_newest(assessment=moved, seen_version="2026.3", by=owner, now=NOW)
    moved.refresh_from_db()
    assert [task.answer.level for task in task_list(moved).tasks if task.answer and task.practice.key == ADDED] == [3]


def test_twice_takes_nothing_more_back(moved: Assessment, owner: User) -> None:
    undo(moved, owner)
    assert "was not moved to another version" in undo(moved, owner)
    assert "was not moved to another version" in words(signed_in(owner).get(url(moved), follow=True))


@pytest.mark.parametrize("losses", ["", "-1", "none"])
def test_without_having_seen_the_losses_it_is_refused(moved: Assessment, owner: User, losses: str) -> None:
    assert "Something changed since this page was shown." in undo(moved, owner, losses)
    assert moved.bank_version == "2026.3"


def test_what_is_submitted_stays(moved: Assessment, owner: User) -> None:
    Assessment.objects.update(state="submitted")
    assert "submitted or approved" in undo(moved, owner)
    assert moved.bank_version == "2026.3"


def test_only_the_team_takes_it_back(moved: Assessment, stranger: User, reviewer: User) -> None:
    for person in (stranger, reviewer):
        for ask in (signed_in(person).get, signed_in(person).post):
            assert ask(url(moved), {"losses": "0"}).status_code == 404
    moved.refresh_from_db()
    assert moved.bank_version == "2026.3"
