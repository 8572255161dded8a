"""Assessments over the API, from start to approval."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import MachineKey, PersonalToken, Team, User
from readiness.assessments.models import Assessment, Snapshot
from tests.factories import TeamFactory, UserFactory, machine_key, member_of, signed_in
from tests.readiness.api.asking import BASE, Scope, Script, token_of
from tests.readiness.assessments.writing import GATES, answer_all, approved, attach, set_aside, start, submit

pytestmark = pytest.mark.django_db


def said(response: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    return response.status_code, response.json()["code"]


def test_it_works(team: Team, owner: User, reviewer: User) -> None:
    mine, theirs = Script(owner), Script(reviewer)
    started = mine.send("assessments", team=team.pk)
    assert started.status_code == 201
    path = f"assessments/{started.json()['id']}"
    for key in GATES:
        assert mine.send(f"{path}/answers/{key}", "put", version=0, level=3).status_code == 200
    assert mine.send(f"{path}/submit").json()["state"] == "submitted"
    approved_one = theirs.send(f"{path}/approve")
    assert approved_one.status_code == 200
    body = mine.get(path).json()
    assert (body["state"], body["reviewed_by"], body["answered"]) == ("approved", "Rea Reviewer", len(GATES))
    assert not body["can_answer"]
    frozen = mine.get(f"{path}/snapshot").json()
    assert frozen["digest"] == Snapshot.objects.get().digest
    assert frozen["is_intact"]


def test_a_session_works_too(assessment: Assessment, owner: User) -> None:
    listed = signed_in(owner).get(f"{BASE}assessments").json()["assessments"]
    assert [each["id"] for each in listed] == [assessment.pk]


def test_a_session_writes_only_with_its_csrf_token(assessment: Assessment, owner: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    assert browser.post(f"{BASE}assessments/{assessment.pk}/submit").status_code == 403


def test_pages_follow_each_other(owner: User) -> None:
    for _ in range(5):
        approved(TeamFactory())
    script = Script(UserFactory(role="executive"))
    first = script.get("assessments", limit=3, state="approved").json()
    rest = script.client.get(first["next"], headers=script.headers).json()
    assert (len(first["assessments"]), len(rest["assessments"]), rest["next"]) == (3, 2, None)
    ids = [each["id"] for each in first["assessments"] + rest["assessments"]]
    assert ids == sorted(ids)
    assert script.get("assessments", state="open").json() == {"assessments": [], "next": None}


@pytest.mark.parametrize("query", [{"limit": 501}, {"cursor": "x"}, {"state": "gone"}, {"typo": 1}])
def test_a_wrong_parameter_is_named(owner: User, query: dict[str, Any]) -> None:
    answer = Script(owner).get("assessments", **query)
    assert said(answer) == (400, "invalid")
    assert set(answer.json()["fields"]) == set(query)


def test_one_and_twenty_cost_the_same(team: Team, owner: User) -> None:
    script = Script(UserFactory(role="executive"))
    script.get("assessments")

    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert script.get(path).status_code == 200
        return len(captured)

    open_one = start(team, owner)
    before = cost("assessments"), cost(f"assessments/{open_one.pk}")
    answer_all(open_one, 3, owner, reviewed_by=UserFactory())
    for each in TeamFactory.create_batch(19):
        start(each, owner)
    assert (cost("assessments"), cost(f"assessments/{open_one.pk}") - 1) == before
    assert before[0] <= 15


def test_who_may_not_see_it_is_told_nothing(assessment: Assessment, stranger: User) -> None:
    script = Script(stranger)
    assert script.get("assessments").json()["assessments"] == []
    for path in ("", "/result", "/snapshot", "/answers/UC1"):
        assert said(script.get(f"assessments/{assessment.pk}{path}")) == (404, "not_found")


def test_only_a_reviewer_decides(assessment: Assessment, owner: User) -> None:
    answer_all(assessment, 2, owner)
    submit(assessment, owner)
    for verb in ("approve", "send-back"):
        assert said(Script(owner).send(f"assessments/{assessment.pk}/{verb}")) == (404, "not_found")
    assessment.refresh_from_db()
    assert assessment.state == "submitted"


def test_what_the_verbs_refuse_is_refused(team: Team, owner: User, reviewer: User, assessment: Assessment) -> None:
    path = f"assessments/{assessment.pk}"
    assert said(Script(owner).send("assessments", team=team.pk)) == (409, "already_in_progress")
    assert said(Script(owner).send(f"{path}/submit")) == (409, "nothing_answered")
    assert said(Script(reviewer).send(f"{path}/approve")) == (409, "not_submitted")


def test_another_team_cannot_be_started_for(stranger: User, team: Team) -> None:
    refused = Script(stranger).send("assessments", team=team.pk)
    assert said(refused) == (400, "invalid")
    assert list(refused.json()["fields"]) == ["team"]
    assert not Assessment.objects.exists()


def test_the_next_one_starts_from_the_last(team: Team) -> None:
    approved(team, 3)
    script = Script(member_of(team))
    path = f"assessments/{script.send('assessments', team=team.pk).json()['id']}"
    asked = script.get(path).json()["asked"]
    assert {each["answer"]["awaits_confirmation"] for each in asked} == {True}
    confirmed = script.send(f"{path}/answers/UC1", "put", version=1, level=3).json()["answer"]
    assert (confirmed["version"], confirmed["awaits_confirmation"]) == (2, False)
    assert said(script.send(f"{path}/submit")) == (409, "carried_not_confirmed")
    assert script.send(f"{path}/submit", confirming=len(asked) - 1).json()["state"] == "submitted"


def test_or_afresh(team: Team) -> None:
    approved(team, 3)
    script = Script(member_of(team))
    started = script.send("assessments", team=team.pk, way="afresh").json()
    assert {each["answer"] for each in script.get(f"assessments/{started['id']}").json()["asked"]} == {None}


def test_a_reviewer_asks_and_sends_back(assessment: Assessment, owner: User, reviewer: User) -> None:
    answer_all(assessment, 2, owner)
    piece = attach(assessment.answers.get(practice="UC1"), owner)
    key = next(each for each in ("UC2", "UC3", "UC4") if each not in GATES)
    assessment.answers.filter(practice=key).delete()
    set_aside(assessment, key, owner)
    submit(assessment, owner)
    script, path = Script(reviewer), f"assessments/{assessment.pk}"
    assert script.send(f"{path}/evidence/{piece.pk}/review").json()["reviewed_by"] == "Rea Reviewer"
    accepted = script.send(f"{path}/answers/{key}/decision", is_accepted=True).json()
    assert accepted["answer"]["not_applicable"]["approved_by"] == "Rea Reviewer"
    assert script.send(f"{path}/answers/UC1/remarks", text="Say who.").status_code == 201
    assert said(script.send(f"{path}/approve")) == (409, "open_remarks")
    assert script.send(f"{path}/send-back", remark="Almost.").json()["remark"] == "Almost."
    [remark] = Script(owner).get(f"{path}/answers/UC1").json()["remarks"]
    assert (remark["text"], remark["resolved_at"]) == ("Say who.", None)


def test_teams_say_whom_one_answers_for(team: Team, owner: User) -> None:
    TeamFactory()
    mine = {"id": team.pk, "name": "Support", "can_answer": True}
    assert Script(owner).get("teams").json() == {"teams": [mine]}


# --- Tokens ----------------------------------------------------------------------------------------------------------


def test_a_token_that_reads_does_not_write(assessment: Assessment, owner: User) -> None:
    script = Script(owner, Scope.READ_ASSESSMENTS)
    assert script.get(f"assessments/{assessment.pk}").status_code == 200
    refused = script.send(f"assessments/{assessment.pk}/answers/UC1", "put", version=0, level=2)
    assert said(refused) == (403, "permission_denied")
    assert not assessment.answers.exists()


@pytest.mark.parametrize("change", [{"revoked_at": datetime(2026, 1, 1, tzinfo=UTC)}, {"expires_at": datetime(2026, 1, 1, tzinfo=UTC)}, {"secret_hash": "0" * 64}], ids=lambda change: next(iter(change)))  # fmt: skip
def test_a_token_that_is_no_longer_good(owner: User, change: dict[str, Any]) -> None:
    script = Script(owner)
    PersonalToken.objects.update(**change)
    assert said(script.get("assessments")) == (401, "authentication_failed")


def test_who_may_no_longer_sign_in_has_no_script_either(owner: User) -> None:
    script = Script(owner)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert script.get("assessments").status_code == 401


def test_keys_of_machines_and_tokens_of_people_are_not_each_other(owner: User) -> None:
    _, key = machine_key(scopes=MachineKey.Scope.values)
    assert Client().get(f"{BASE}assessments", headers={"Authorization": f"Bearer {key}"}).status_code == 401
    token = token_of(owner)
    assert Client().get(f"{BASE}kpis", headers={"Authorization": f"Bearer {token}"}).status_code == 401
