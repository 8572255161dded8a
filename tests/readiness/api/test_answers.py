"""Answers and evidence over the API: written over what was seen, and never over somebody else's."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Team, User
from readiness.assessments.models import AnswerChange, Assessment, Evidence
from readiness.teamwork.models import Assignment
from tests.readiness.api.asking import Script
from tests.readiness.assessments.writing import GATES, NOW, PRACTICES, answer, ask_to_change, attach, submit

pytestmark = pytest.mark.django_db
OTHER = next(key for key in PRACTICES if key not in GATES)
TOMORROW = (timezone.localdate() + timedelta(days=1)).isoformat()
YESTERDAY = (timezone.localdate() - timedelta(days=1)).isoformat()


def of(assessment: Assessment, key: str = "UC1", more: str = "") -> str:
    return f"assessments/{assessment.pk}/answers/{key}{more}"


def test_it_works(assessment: Assessment, owner: User) -> None:
    script = Script(owner)
    assert script.get(of(assessment)).json()["answer"] is None
    written = script.send(of(assessment), "put", version=0, level=2, note="Since\r\nMay").json()
    assert (written["practice"], written["is_gate"]) == ("UC1", True)
    assert (written["answer"]["level"], written["answer"]["version"]) == (2, 1)
    assert written["answer"]["note"] == "Since\nMay"
    assert script.get(of(assessment)).json() == written
    change = AnswerChange.objects.get()
    assert (change.to_level, change.changed_by) == (2, owner)


def test_a_stale_write_has_both_versions(assessment: Assessment, owner: User, colleague: User) -> None:
    answer(assessment, "UC1", 1, colleague)
    refused = Script(owner).send(of(assessment), "put", version=0, level=3, note="Mine")
    assert refused.status_code == 409
    body = refused.json()
    assert body["code"] == "stale_answer"
    assert (body["standing"]["level"], body["standing"]["version"]) == (1, 1)
    assert body["standing"]["answered_by"] == "Colin Colleague"
    assert (body["yours"]["level"], body["yours"]["note"]) == (3, "Mine")
    assert assessment.answers.get().level == 1
    assert Script(owner).send(of(assessment), "put", version=1, level=3).json()["answer"]["version"] == 2


def test_the_same_again_changes_nothing(assessment: Assessment, owner: User) -> None:
    script = Script(owner)
    first = script.send(of(assessment), "put", version=0, level=2)
    assert script.send(of(assessment), "put", version=0, level=2).json() == first.json()
    assert AnswerChange.objects.count() == 1


def test_answering_settles_what_was_asked(assessment: Assessment, owner: User, reviewer: User) -> None:
    answer(assessment, "UC1", 2, owner)
    ask_to_change(assessment, "UC1", reviewer)
    written = Script(owner).send(of(assessment), "put", version=1, level=2).json()
    assert written["remarks"][0]["resolved_at"]


def test_a_practice_is_set_aside(assessment: Assessment, owner: User) -> None:
    aside = {"reason": "No such nodes.", "until": TOMORROW}
    written = Script(owner).send(of(assessment, OTHER), "put", version=0, not_applicable=aside).json()
    assert written["answer"]["not_applicable"] == {**aside, "approved_by": None}
    assert written["answer"]["level"] is None


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"level": 5}, "level"),
        ({"level": True}, "level"),
        ({"level": 2, "version": None}, "version"),
        ({"levl": 2}, "levl"),
        ({"level": 2, "note": "x" * 4001}, "note"),
        ({"level": 2, "note": "\0"}, "note"),
        ({"not_applicable": {"reason": "x", "until": YESTERDAY}}, "not_applicable"),
        ({"not_applicable": {"reason": "", "until": TOMORROW}}, "not_applicable"),
        ({"level": 2, "not_applicable": {"reason": "x", "until": TOMORROW}}, "not_applicable"),
    ],
)
def test_what_is_not_understood_is_named(
    assessment: Assessment, owner: User, fields: dict[str, Any], named: str
) -> None:
    refused = Script(owner).send(of(assessment, OTHER), "put", **{"version": 0, **fields})
    assert (refused.status_code, list(refused.json()["fields"])) == (400, [named])
    assert not assessment.answers.exists()


def test_a_gate_is_not_set_aside(assessment: Assessment, owner: User) -> None:
    aside = {"reason": "No such nodes.", "until": TOMORROW}
    refused = Script(owner).send(of(assessment, GATES[0]), "put", version=0, not_applicable=aside)
    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["not_applicable"])


def test_there_is_no_such_practice(assessment: Assessment, owner: User) -> None:
    assert Script(owner).send(of(assessment, "XX9"), "put", version=0, level=2).status_code == 404


def test_what_was_submitted_stays(assessment: Assessment, owner: User) -> None:
    for key in GATES:
        answer(assessment, key, 2, owner)
    submit(assessment, owner)
    refused = Script(owner).send(of(assessment), "put", version=1, level=4)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_editable")


def test_only_the_team_writes(assessment: Assessment, stranger: User, reviewer: User) -> None:
    for person in (stranger, reviewer):
        assert Script(person).send(of(assessment), "put", version=0, level=2).status_code == 404
    assert not assessment.answers.exists()


def test_who_was_asked_answers_that_practice_and_sees_no_other(
    assessment: Assessment, owner: User, stranger: User
) -> None:
    asked = {"practice": "UC1", "person": stranger, "asked_by": owner, "asked_at": NOW}
    Assignment.objects.create(assessment=assessment, **asked)
    script = Script(stranger)
    assert script.send(of(assessment), "put", version=0, level=2).status_code == 200
    assert script.get(of(assessment, OTHER)).status_code == 404
    assert script.get(f"assessments/{assessment.pk}").status_code == 404


# --- Evidence --------------------------------------------------------------------------------------------------------


def test_evidence_is_added_once(assessment: Assessment, owner: User) -> None:
    script = Script(owner)
    link = {"title": "Minutes", "url": "https://wiki.example/1", "dated_on": YESTERDAY}
    first, again = (script.send(of(assessment, more="/evidence"), **link) for _ in range(2))
    assert (first.status_code, first.json()["kind"], first.json()["id"]) == (201, "link", again.json()["id"])
    assert script.get(of(assessment, more="/evidence")).json() == {"evidence": [first.json()]}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"dated_on": TOMORROW}, "dated_on"),
        ({"valid_until": YESTERDAY}, "valid_until"),
        ({"title": ""}, "title"),
        ({"url": "javascript:alert(1)"}, "url"),
    ],
)
def test_evidence_that_is_refused(assessment: Assessment, owner: User, fields: dict[str, Any], named: str) -> None:
    piece = {"title": "Minutes", "dated_on": YESTERDAY, **fields}
    refused = Script(owner).send(of(assessment, more="/evidence"), **piece)
    assert (refused.status_code, list(refused.json()["fields"])) == (400, [named])
    assert not assessment.answers.exists()


def test_evidence_is_withdrawn_by_the_team(assessment: Assessment, owner: User, stranger: User) -> None:
    piece = attach(answer(assessment, "UC1", 2, owner), owner)
    path = f"assessments/{assessment.pk}/evidence/{piece.pk}"
    assert Script(stranger).send(path, "delete").status_code == 404
    assert Evidence.objects.count() == 1
    assert Script(owner).send(path, "delete").status_code == 204
    assert (Evidence.objects.count(), Evidence.everything.count()) == (0, 1)


def test_evidence_of_another_assessment_is_not_here(assessment: Assessment, owner: User, team: Team) -> None:
    piece = attach(answer(assessment, "UC1", 2, owner), owner)
    assert Script(owner).send(f"assessments/{assessment.pk + 1}/evidence/{piece.pk}", "delete").status_code == 404


def test_nobody_reviews_their_own(assessment: Assessment, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(role="reviewer")
    piece = attach(answer(assessment, "UC1", 2, owner), owner)
    refused = Script(owner).send(f"assessments/{assessment.pk}/evidence/{piece.pk}/review")
    assert (refused.status_code, refused.json()["code"]) == (409, "own_evidence")
