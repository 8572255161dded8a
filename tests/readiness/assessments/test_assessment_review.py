"""An assessment as its reviewer reads it: practice by practice, and what is decided there."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Role, User
from readiness.assessments.models import Answer, Assessment, Evidence, Remark
from tests.factories import UserFactory, member_of, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import (
    answer,
    answer_all,
    approved,
    ask_to_change,
    attach,
    decide,
    set_aside,
    start,
    submit,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def submitted(assessment: Assessment, owner: User) -> Assessment:
    """Level 3 everywhere without evidence, but one dated piece; one practice set aside."""
    answer_all(assessment, 3, owner)
    attach(Answer.objects.get(practice="UC1"), owner)
    Answer.objects.filter(practice="UC3").delete()
    set_aside(assessment, "UC3", owner)
    return submit(assessment, owner)


def url(assessment: Assessment, name: str = "assessment_review", *more: object) -> str:
    return reverse(f"readiness:{name}", args=[assessment.pk, *more])


def page(person: User, assessment: Assessment, show: str = "") -> str:
    return words(signed_in(person).get(url(assessment), {"show": show}))


def post(person: User, address: str, **values: object) -> str:
    return words(signed_in(person).post(address, {"review": "1", **values}, follow=True))


def test_it_works(submitted: Assessment, reviewer: User) -> None:
    text = page(reviewer, submitted)
    assert "Submitted by Olive Owner" in text
    assert "The team’s first." in text
    assert "1 practice set aside waits for your decision" in text
    assert "Set aside until" in text
    assert "Minutes of UC1" in text
    assert "Claimed above verified (15)" in text
    assert "Without evidence (15)" in text


@pytest.mark.parametrize(
    ("show", "shown", "hidden"),
    [
        ("gates", "UC1", "UC3"),
        ("over_claimed", "UC7", "UC1"),
        ("unproven", "UC7", "UC1"),
        ("set_aside", "UC3", "UC1"),
        ("remarked", "UC2", "UC1"),
    ],
)
def test_a_reviewer_looks_at_some(submitted: Assessment, reviewer: User, show: str, shown: str, hidden: str) -> None:
    ask_to_change(submitted, "UC2", reviewer)
    html = signed_in(reviewer).get(url(submitted), {"show": show}).content.decode()
    assert f'id="{shown}"' in html
    assert f'id="{hidden}"' not in html


def test_what_changed_since_the_last_one_is_marked(owner: User, reviewer: User) -> None:
    team = owner.teams.get()
    approved(team, 3, UC1=2)
    following = start(team, owner)
    answer_all(following, 3, owner)
    text = page(reviewer, submit(following, owner), "changed")
    assert "The last one was approved on" in text
    assert "Changed (1)" in text
    assert "was level 2" in text


def test_nothing_that_belongs_is_said(submitted: Assessment, reviewer: User) -> None:
    assert "No practice belongs here." in page(reviewer, submitted, "remarked")


def test_who_had_a_hand_in_it_is_told(submitted: Assessment) -> None:
    own = member_of(submitted.team, Role.REVIEWER)
    Assessment.objects.update(started_by=own)
    text = page(own, submitted)
    assert "You had a hand in this assessment" in text
    assert "Approve" not in text


@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.OPERATOR, Role.CONTRIBUTOR])
def test_only_reviewers_see_it(submitted: Assessment, role: Role) -> None:
    assert signed_in(UserFactory(role=role)).get(url(submitted)).status_code == 403


def test_twenty_pieces_cost_as_many_queries_as_one(submitted: Assessment, owner: User, reviewer: User) -> None:
    few = queries(signed_in(reviewer), url(submitted))
    for written in Answer.objects.all():
        Evidence.objects.create(
            answer=written, kind="note", title="More", dated_on=written.answered_at.date(), added_by=owner
        )
        ask_to_change(submitted, written.practice, reviewer)
    assert queries(signed_in(reviewer), url(submitted)) == few <= 15


# --- Evidence ------------------------------------------------------------------------------------------------------


def test_several_pieces_are_reviewed_at_once(submitted: Assessment, owner: User, reviewer: User) -> None:
    Assessment.objects.update(state="sent_back")
    pieces = [attach(Answer.objects.get(practice=key), owner).pk for key in ("UC2", "UC7")]
    mine = attach(Answer.objects.get(practice="INF1"), reviewer)
    Assessment.objects.update(state="submitted")
    said = post(reviewer, url(submitted, "evidence_review_many"), piece=[*pieces, mine.pk, "x", 99_999_999])
    assert "2 pieces marked as reviewed." in said
    assert set(Evidence.objects.exclude(reviewed_by=None).values_list("pk", flat=True)) == set(pieces)
    assert AuditEvent.objects.filter(verb="evidence.review").count() == 2
    assert "Tick the pieces that you looked at" in post(reviewer, url(submitted, "evidence_review_many"), piece=[])


# --- Set aside -----------------------------------------------------------------------------------------------------


def decide_address(assessment: Assessment) -> str:
    return url(assessment, "not_applicable_decide", "UC3")


def test_setting_aside_is_accepted(submitted: Assessment, reviewer: User) -> None:
    said = post(reviewer, decide_address(submitted), is_accepted="1")
    assert "Set aside until its date." in said
    assert "accepted by Rea Reviewer" in said
    assert Answer.objects.get(practice="UC3").not_applicable_approved_by == reviewer


def test_setting_aside_is_refused_with_a_reason(submitted: Assessment, reviewer: User) -> None:
    assert "Say why this practice applies." in post(reviewer, decide_address(submitted), reason=" ")
    assert "Refused; the team is asked." in post(reviewer, decide_address(submitted), reason="We run them.")
    assert Remark.objects.get().text == "We run them."
    assert Answer.objects.get(practice="UC3").not_applicable_approved_by is None


def test_nobody_accepts_what_they_set_aside(submitted: Assessment) -> None:
    own = member_of(submitted.team, Role.REVIEWER)
    Answer.objects.filter(practice="UC3").update(answered_by=own)
    assert "Somebody other than who set a practice aside decides on it." in post(
        own, decide_address(submitted), is_accepted="1"
    )
    assert Answer.objects.get(practice="UC3").not_applicable_approved_by is None


def test_only_what_is_set_aside_is_decided(submitted: Assessment, reviewer: User) -> None:
    address = url(submitted, "not_applicable_decide", "UC1")
    assert "This practice is no longer set aside." in post(reviewer, address, is_accepted="1")


def test_an_accepted_exemption_asks_again_when_it_changes(submitted: Assessment, owner: User, reviewer: User) -> None:
    decide(submitted, "UC3", reviewer)
    Assessment.objects.update(state="sent_back")
    answer(submitted, "UC3", 2, owner)
    assert Answer.objects.get(practice="UC3").not_applicable_approved_by is None


# --- Remarks -------------------------------------------------------------------------------------------------------


def test_a_remark_is_withdrawn(submitted: Assessment, reviewer: User) -> None:
    asked = ask_to_change(submitted, "UC1", reviewer)
    assert "Withdrawn." in post(reviewer, url(submitted, "remark_withdraw", asked.pk))
    assert not Remark.objects.exists()


def test_a_remark_that_the_team_has_seen_stays(submitted: Assessment, reviewer: User) -> None:
    asked = ask_to_change(submitted, "UC1", reviewer)
    Assessment.objects.update(state="sent_back")
    assert "Only a submitted assessment can be reviewed." in post(reviewer, url(submitted, "remark_withdraw", asked.pk))
    assert Remark.objects.exists()
