"""Back to an earlier version of an answer, which is a change of its own."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from readiness.assessments.models import Answer, AnswerChange, Assessment
from tests.factories import signed_in
from tests.pages import words
from tests.readiness.assessments.writing import answer, answer_all, days_ago, set_aside, submit

pytestmark = pytest.mark.django_db


def restore(assessment: Assessment, person: User, version: int, *, seen_version: int, key: str = "UC1") -> Any:
    change = AnswerChange.objects.get(assessment=assessment, practice=key, version=version)
    data = {"change": change.pk, "seen_version": seen_version}
    return signed_in(person).post(url(assessment, key), data, follow=True)


def url(assessment: Assessment, key: str = "UC1") -> str:
    return reverse("readiness:answer_restore", args=[assessment.pk, key])


def test_it_works(assessment: Assessment, owner: User, colleague: User) -> None:
    answer(assessment, "UC1", 1, owner)
    answer(assessment, "UC1", 4, owner)
    text = words(restore(assessment, colleague, 1, seen_version=2))
    assert "Version 1 is the answer again." in text
    assert "back to version 1" in text
    saved = Answer.objects.get()
    assert (saved.level, saved.version, saved.answered_by) == (1, 3, colleague)
    assert AnswerChange.objects.latest("id").restores == AnswerChange.objects.earliest("id")


def test_not_over_what_one_has_not_seen(assessment: Assessment, owner: User, colleague: User) -> None:
    for level in (1, 4, 2):
        answer(assessment, "UC1", level, owner)
    assert "Somebody else changed this answer" in words(restore(assessment, colleague, 1, seen_version=2))
    assert Answer.objects.get().level == 2


def test_not_to_a_date_that_has_passed(assessment: Assessment, owner: User) -> None:
    AnswerChange.objects.create(
        assessment=assessment,
        practice="UC3",
        version=0,
        to_reason="No such nodes.",
        to_until=days_ago(0),
        changed_by=owner,
        changed_at=assessment.started_at,
    )
    text = words(restore(assessment, owner, 0, seen_version=0, key="UC3"))
    assert "That version set the practice aside until a date that has passed." in text
    assert not Answer.objects.exists()


def test_not_applicable_comes_back_with_its_reason(assessment: Assessment, owner: User) -> None:
    before = set_aside(assessment, "UC3", owner).reply
    answer(assessment, "UC3", 2, owner)
    restore(assessment, owner, 1, seen_version=2, key="UC3")
    assert Answer.objects.get().reply == before


def test_not_once_it_is_submitted(assessment: Assessment, owner: User) -> None:
    answer(assessment, "UC1", 1, owner)
    answer(assessment, "UC1", 4, owner)
    answer_all(assessment, 2, owner)
    submit(assessment, owner)
    assert "can no longer be changed" in words(restore(assessment, owner, 1, seen_version=1))
    assert Answer.objects.get(practice="UC1").level == 2


@pytest.mark.parametrize("data", [{}, {"change": "x", "seen_version": "1"}, {"change": "0", "seen_version": "1"}])
def test_odd_input_is_not_found(assessment: Assessment, owner: User, data: dict[str, str]) -> None:
    answer(assessment, "UC1", 1, owner)
    assert signed_in(owner).post(url(assessment), data).status_code == 404


def test_a_version_of_another_practice_is_not_found(assessment: Assessment, owner: User) -> None:
    answer(assessment, "UC1", 1, owner)
    change = AnswerChange.objects.get()
    data = {"change": change.pk, "seen_version": 0}
    assert signed_in(owner).post(url(assessment, "UC2"), data).status_code == 404


def test_another_teams_person_finds_nothing(assessment: Assessment, owner: User, stranger: User) -> None:
    answer(assessment, "UC1", 1, owner)
    answer(assessment, "UC1", 4, owner)
    assert restore(assessment, stranger, 1, seen_version=2).status_code == 404
    assert Answer.objects.get().level == 4
