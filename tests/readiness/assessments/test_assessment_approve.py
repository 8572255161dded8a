"""Approving: by somebody who had no hand in it, with scores that stay as they were on that day."""

import copy

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import AuditEvent, Role, User
from readiness.assessments import results, review
from readiness.assessments.models import Answer, Assessment, Evidence, Snapshot
from tests.factories import UserFactory, member_of, signed_in
from tests.pages import words
from tests.readiness.assessments.writing import (
    NOW,
    PRACTICES,
    answer,
    answer_all,
    ask_to_change,
    attach,
    days_ago,
    decide,
    set_aside,
    start,
    submit,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def submitted(assessment: Assessment, owner: User, reviewer: User) -> Assessment:
    """Level 3 everywhere, backed by reviewed evidence; one practice set aside."""
    answer_all(assessment, 3, owner, reviewed_by=reviewer)
    Answer.objects.filter(practice="UC3").delete()
    set_aside(assessment, "UC3", owner)
    submitted = submit(assessment, owner)
    decide(submitted, "UC3", reviewer)
    return submitted


def url(assessment: Assessment) -> str:
    return reverse("readiness:assessment_approve", args=[assessment.pk])


def test_it_works(submitted: Assessment, reviewer: User) -> None:
    response = signed_in(reviewer).post(url(submitted), follow=True)
    assert response.redirect_chain[-1][0] == reverse("readiness:assessment_result", args=[submitted.pk])
    assert "Approved. The overview counts it from now on." in words(response)
    submitted.refresh_from_db()
    assert (submitted.state, submitted.reviewed_by, submitted.remark) == ("approved", reviewer, "")
    assert submitted.approved_at is not None
    assert AuditEvent.objects.get(verb="assessment.approve").actor == reviewer


def test_the_scores_are_frozen(submitted: Assessment, reviewer: User) -> None:
    signed_in(reviewer).post(url(submitted))
    snapshot = Snapshot.objects.get()
    scores = snapshot.scores
    assert scores["bank_version"] == submitted.bank_version
    assert scores["as_of"] == snapshot.taken_at.isoformat()
    assert scores["overall"] == {"level": 3, "index": "75.0", "declared_index": "75.0"}
    assert set(scores["rules"]) == {"use_cases", "infrastructure", "sponsorship", "metrics"}
    assert {key for rule in scores["rules"].values() for key in rule["practices"]} == set(PRACTICES)
    uc1 = scores["rules"]["use_cases"]["practices"]["UC1"]
    assert (uc1.pop("note"), uc1.pop("answered_by"), uc1.pop("answered_at")) == ("", "Olive Owner", NOW.isoformat())
    assert uc1.pop("pieces") == [
        {"title": "Minutes of UC1", "dated_on": days_ago(20).isoformat(), "is_reviewed": True, "sha256": None}
    ]
    assert uc1 == {
        "declared": 3,
        "verified": 3,
        "evidence": "E2",
        "state": None,
        "measured": None,
        "is_applicable": True,
    }


def test_what_was_set_aside_is_frozen_with_who_accepted_it(submitted: Assessment, reviewer: User) -> None:
    signed_in(reviewer).post(url(submitted))
    frozen = Snapshot.objects.get().scores["rules"]["use_cases"]
    assert frozen["level"] == 3
    assert frozen["practices"]["UC3"]["is_applicable"] is False
    assert frozen["practices"]["UC3"]["not_applicable"] == {
        "reason": "No such nodes.",
        "until": days_ago(-90).isoformat(),
        "approved_by": "Rea Reviewer",
    }


def test_nothing_is_approved_while_a_practice_set_aside_is_undecided(submitted: Assessment, reviewer: User) -> None:
    Answer.objects.update(not_applicable_approved_by=None)
    assert "Accept or refuse each practice that was set aside" in approve_as(reviewer, submitted)
    assert not Snapshot.objects.exists()


def test_nothing_is_approved_while_a_change_is_asked_for(submitted: Assessment, reviewer: User) -> None:
    ask_to_change(submitted, "UC1", reviewer)
    assert "You asked for changes. Send the assessment back, or withdraw" in approve_as(reviewer, submitted)
    assert not Snapshot.objects.exists()


def test_a_snapshot_cannot_be_changed(submitted: Assessment, reviewer: User) -> None:
    signed_in(reviewer).post(url(submitted))
    snapshot = Snapshot.objects.get()
    assert snapshot.is_intact
    with pytest.raises(IntegrityError, match="The scores of a snapshot are never changed"), transaction.atomic():
        Snapshot.objects.update(scores={})
    snapshot.scores["overall"]["level"] = 4
    assert not snapshot.is_intact


def test_a_snapshot_does_not_follow_what_changes_later(submitted: Assessment, reviewer: User) -> None:
    signed_in(reviewer).post(url(submitted))
    frozen = copy.deepcopy(Snapshot.objects.get().scores)
    Evidence.objects.update(dated_on=days_ago(1000))
    assert results.result_of(submitted, NOW).overall.level == 2
    following = start(submitted.team, submitted.started_by)
    answer_all(following, 1, submitted.started_by)
    review.approve_assessment(assessment=submit(following, submitted.started_by), by=reviewer, now=NOW)
    assert submitted.snapshot.scores == frozen
    assert Snapshot.objects.count() == 2


# --- Nobody approves what they had a hand in -----------------------------------------------------------------------


def approve_as(person: User, assessment: Assessment) -> str:
    return words(signed_in(person).post(url(assessment), follow=True))


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ADMINISTRATOR])
@pytest.mark.parametrize("hand", ["starts", "answers", "answered before", "adds evidence", "submits"])
def test_nobody_approves_their_own_answers(assessment: Assessment, owner: User, hand: str, role: Role) -> None:
    person = member_of(assessment.team, role)
    answer_all(assessment, 2, owner)
    if hand == "starts":
        Assessment.objects.update(started_by=person)
    elif hand == "answers":
        answer(assessment, "SP4", 1, person)
    elif hand == "answered before":
        answer(assessment, "SP4", 1, person)
        answer(assessment, "SP4", 2, owner)
    elif hand == "adds evidence":
        attach(Answer.objects.get(practice="SP4"), person)
    submit(assessment, person if hand == "submits" else owner)
    assert "Nobody approves their own answers. Ask another reviewer." in approve_as(person, assessment)
    assessment.refresh_from_db()
    assert (assessment.state, Snapshot.objects.count()) == ("submitted", 0)


def test_a_reviewer_of_the_team_who_wrote_nothing_may(submitted: Assessment) -> None:
    assert "Approved." in approve_as(member_of(submitted.team, Role.REVIEWER), submitted)


# --- Refusals ------------------------------------------------------------------------------------------------------


def test_only_what_is_submitted_is_approved(assessment: Assessment, owner: User, reviewer: User) -> None:
    answer_all(assessment, 2, owner)
    assert "Only a submitted assessment can be reviewed." in approve_as(reviewer, assessment)
    assessment.refresh_from_db()
    assert assessment.state == "open"


def test_twice_freezes_once(submitted: Assessment, reviewer: User) -> None:
    signed_in(reviewer).post(url(submitted))
    before = Assessment.objects.values().get()
    second = UserFactory(role=Role.REVIEWER)
    assert "Only a submitted assessment can be reviewed." in approve_as(second, submitted)
    assert Assessment.objects.values().get() == before
    assert Snapshot.objects.count() == 1


def test_only_reviewers_approve(submitted: Assessment, colleague: User, stranger: User) -> None:
    for person in (colleague, stranger, UserFactory(role=Role.EXECUTIVE), UserFactory(role=Role.OPERATOR)):
        assert signed_in(person).post(url(submitted)).status_code == 403
    assert not Snapshot.objects.exists()


def test_what_is_not_there_is_not_found(reviewer: User) -> None:
    assert signed_in(reviewer).post(reverse("readiness:assessment_approve", args=[999_999])).status_code == 404


def test_reading_the_address_approves_nothing(submitted: Assessment, reviewer: User) -> None:
    assert signed_in(reviewer).get(url(submitted)).status_code == 405
