"""What the pages save by themselves: the same answer, with the same refusals, for a script to read."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from readiness.assessments.models import Answer, AnswerChange, Assessment
from tests.factories import member_of, signed_in
from tests.readiness.assessments.writing import answer, answer_all, days_ago, form, submit

pytestmark = pytest.mark.django_db


def save(assessment: Assessment, person: User, level: int | str, key: str = "UC1", **fields: Any) -> Any:
    url = reverse("readiness:assessment_answer_save", args=[assessment.pk, key])
    return signed_in(person).post(url, form(level, **fields))


def test_it_works(assessment: Assessment, owner: User) -> None:
    response = save(assessment, owner, 2, note="Since May.")
    saved = Answer.objects.get()
    moment = timezone.localtime(saved.answered_at)
    assert response.json() == {"version": 1, "message": f"Saved at {moment:%H:%M}."}
    assert (saved.level, saved.note, saved.answered_by) == (2, "Since May.", owner)


def test_each_save_goes_on_from_the_one_before(assessment: Assessment, owner: User) -> None:
    version = save(assessment, owner, "", note="Since").json()["version"]
    version = save(assessment, owner, "", note="Since May.", seen_version=version).json()["version"]
    assert save(assessment, owner, 3, note="Since May.", seen_version=version).json()["version"] == 3
    assert Answer.objects.values_list("level", "note").get() == (3, "Since May.")
    assert AnswerChange.objects.count() == 3


def test_a_repeated_save_is_harmless(assessment: Assessment, owner: User) -> None:
    for _ in range(2):
        assert save(assessment, owner, 2).json()["version"] == 1
    assert AnswerChange.objects.count() == 1


def test_a_stale_save_brings_both_versions(assessment: Assessment, owner: User, colleague: User) -> None:
    save(assessment, owner, 1, note="Said Olive.")
    response = save(assessment, colleague, 3, note="Said Colin.", prefix="UC1")
    said = response.json()
    assert (response.status_code, said["version"]) == (409, 1)
    assert (said["theirs"]["level"], said["theirs"]["note"]) == ("1", "Said Olive.")
    assert (said["merged"]["level"], said["merged"]["note"]) == ("3", "Said Olive.\n\nSaid Colin.")
    assert "Said Olive." in said["html"]
    assert 'name="UC1-choice" value="mine"' in said["html"]
    assert Answer.objects.get().note == "Said Olive."


def test_not_applicable_is_saved_once_it_is_complete(assessment: Assessment, owner: User) -> None:
    response = save(assessment, owner, "na", "UC3", not_applicable_reason="No such data.")
    assert response.status_code == 422
    assert response.json()["message"] == ("Not saved yet. Choose a date in the future on which to look at it again.")
    assert not Answer.objects.exists()
    fields = {"not_applicable_reason": "No such data.", "not_applicable_until": days_ago(-90)}
    assert save(assessment, owner, "na", "UC3", **fields).status_code == 200
    assert Answer.objects.get().is_not_applicable


@pytest.mark.parametrize(
    ("level", "fields", "sentence"),
    [
        ("7", {}, "Choose one of the levels shown."),
        ("2", {"note": "x" * 4001}, "Ensure this value has at most 4000 characters (it has 4001)."),
        ("2", {"seen_version": "x"}, "Enter a whole number."),
    ],
)
def test_odd_input_is_refused(assessment: Assessment, owner: User, level: str, fields: Any, sentence: str) -> None:
    response = save(assessment, owner, level, **fields)
    assert (response.status_code, response.json()["message"]) == (422, f"Not saved yet. {sentence}")
    assert not Answer.objects.exists()


def test_what_is_submitted_is_no_longer_written(assessment: Assessment, owner: User) -> None:
    answer_all(assessment, 2, owner)
    submit(assessment, owner)
    response = save(assessment, owner, 4, seen_version=1)
    assert response.status_code == 422
    assert "can no longer be changed" in response.json()["message"]
    assert Answer.objects.get(practice="UC1").level == 2


def test_others_save_nothing(assessment: Assessment, owner: User, stranger: User) -> None:
    answer(assessment, "UC1", 2, owner)
    for person in (stranger, member_of(assessment.team, Role.EXECUTIVE)):
        assert save(assessment, person, 4, seen_version=1).status_code == 404
    assert Answer.objects.get().level == 2


def test_a_practice_that_the_bank_does_not_ask_is_not_found(assessment: Assessment, owner: User) -> None:
    assert save(assessment, owner, 2, "UC99").status_code == 404
