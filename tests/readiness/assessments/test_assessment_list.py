"""The list of assessments, and starting one: for one's own teams, one at a time."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Role, Team, User
from readiness.assessments.models import Assessment
from tests.factories import TeamFactory, UserFactory, member_of, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import PRACTICES, answer, answer_all, approved, set_aside, start, submit

pytestmark = pytest.mark.django_db
PAGE = "readiness:assessment_list"


def start_for(team: Team, by: User) -> str:
    """Start one through the page; what is shown afterwards."""
    return words(signed_in(by).post(reverse("readiness:assessment_start"), {"team": team.pk}, follow=True))


def test_it_works(assessment: Assessment, colleague: User) -> None:
    answer(assessment, "UC1", 2, colleague)
    set_aside(assessment, "UC3", colleague)
    page = words(signed_in(colleague).get(reverse(PAGE)))
    assert f"Support Open 2 of {len(PRACTICES)}" in page


def test_starting_opens_the_assessment(team: Team, owner: User) -> None:
    response = signed_in(owner).post(reverse("readiness:assessment_start"), {"team": team.pk})
    started = Assessment.objects.get()
    assert response["Location"] == started.get_absolute_url()
    assert (started.team, started.started_by, started.state) == (team, owner, "open")
    assert started.bank_version == "2026.1"
    assert AuditEvent.objects.get().verb == "assessment.start"


@pytest.mark.parametrize("state", ["open", "submitted", "sent_back"])
def test_one_in_progress_per_team(assessment: Assessment, colleague: User, state: str) -> None:
    Assessment.objects.update(state=state)
    page = start_for(assessment.team, colleague)
    assert "This team has an assessment in progress. Finish that one first." in page
    assert Assessment.objects.count() == 1


def test_after_approval_it_is_asked_how_the_next_one_starts(team: Team, owner: User) -> None:
    approved(team)
    assert "Next assessment of Support" in start_for(team, owner)
    assert Assessment.objects.count() == 1


def test_only_teams_without_one_in_progress_are_offered(assessment: Assessment, owner: User) -> None:
    assert b"Start an assessment" not in signed_in(owner).get(reverse(PAGE)).content
    TeamFactory(name="Vision").members.add(owner)
    page = signed_in(owner).get(reverse(PAGE))
    assert [team.name for team in page.context["form"].fields["team"].queryset] == ["Vision"]


def test_nobody_starts_for_another_team(team: Team, stranger: User) -> None:
    assert "Choose one of your teams." in start_for(team, stranger)
    assert not Assessment.objects.exists()


def test_an_executive_reads_and_starts_none(team: Team) -> None:
    executive = member_of(team, Role.EXECUTIVE)
    assert b"Start an assessment" not in signed_in(executive).get(reverse(PAGE)).content
    assert "Choose one of your teams." in start_for(team, executive)


def test_without_a_team_nothing_starts(owner: User) -> None:
    page = signed_in(owner).post(reverse("readiness:assessment_start"), {"team": ""}, follow=True)
    assert "Choose one of your teams." in words(page)


def test_an_administrator_starts_for_any_team(team: Team) -> None:
    assert "Assessment of Support" in start_for(team, UserFactory(role=Role.ADMINISTRATOR))


def test_another_teams_assessment_is_not_listed(assessment: Assessment, stranger: User) -> None:
    page = words(signed_in(stranger).get(reverse(PAGE)))
    assert "Support" not in page
    assert "No assessment yet" in page


def test_a_reviewer_sees_every_teams(assessment: Assessment, stranger: User, reviewer: User) -> None:
    start(stranger.teams.get(), stranger)
    page = words(signed_in(reviewer).get(reverse(PAGE)))
    assert "Support Open" in page
    assert "Elsewhere Open" in page


def test_what_is_approved_leads_to_its_result(team: Team, owner: User) -> None:
    done = approved(team)
    page = signed_in(owner).get(reverse(PAGE)).content.decode()
    assert reverse("readiness:assessment_result", args=[done.pk]) in page


def test_demo_assessments_are_marked(assessment: Assessment, owner: User) -> None:
    Assessment.objects.update(is_demo=True)
    assert "Support demo Open" in words(signed_in(owner).get(reverse(PAGE)))


def test_twenty_rows_cost_as_many_queries_as_one(assessment: Assessment, reviewer: User) -> None:
    browser = signed_in(reviewer)
    with_one = queries(browser, reverse(PAGE))
    for each in TeamFactory.create_batch(19):
        answer(start(each, reviewer), "UC1", 1, reviewer)
    assert queries(browser, reverse(PAGE)) == with_one


def test_submitted_shows_as_submitted(assessment: Assessment, owner: User) -> None:
    answer_all(assessment, 1, owner)
    submit(assessment, owner)
    assert f"Support Submitted {len(PRACTICES)} of {len(PRACTICES)}" in words(signed_in(owner).get(reverse(PAGE)))
