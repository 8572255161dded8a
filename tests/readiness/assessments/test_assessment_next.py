"""The next assessment of a team: what it will ask, and that it starts from the last one or afresh."""

from pathlib import Path

import pytest
from django.urls import reverse

from accounts.models import Role, Team, User
from readiness.assessments import succession
from readiness.assessments.models import Answer, AnswerChange, Assessment, Evidence, Remark
from readiness.assessments.progress import task_list
from readiness.assessments.results import result_of
from readiness.bank import load_bank
from readiness.exceptions import AlreadyInProgress
from tests.factories import TeamFactory, member_of, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.later_bank import ADDED, NEW_GATE, REWORDED
from tests.readiness.assessments.writing import (
    NOW,
    PRACTICES,
    answer_all,
    approve,
    approved,
    ask_to_change,
    days_ago,
    set_aside,
    start,
)

pytestmark = pytest.mark.django_db


def url(team: Team) -> str:
    return reverse("readiness:assessment_next", args=[team.pk])


def carry(team: Team, by: User) -> Assessment:
    return succession.start_next(team=team, by=by, now=NOW)


@pytest.fixture
def last(team: Team) -> Assessment:
    """Approved, every practice at level 3 behind reviewed evidence of 20 days ago, but one expired."""
    last = approved(team)
    Evidence.objects.filter(answer__practice="UC3").update(dated_on=days_ago(200))
    return last


def test_it_works(last: Assessment, owner: User) -> None:
    page = words(signed_in(owner).get(url(last.team)))
    assert f"1 of 17 practices needs you, about {load_bank('2026.1').practice('UC3').minutes} min." in page
    assert "Evidence has expired" in page
    assert "16 answers from" in page


def test_when_everything_stands_it_says_so(team: Team, owner: User) -> None:
    approved(team)
    page = words(signed_in(owner).get(url(team)))
    assert "Nothing needs you. 17 answers from" in page


def test_starting_carries_answers_that_wait(last: Assessment, owner: User) -> None:
    response = signed_in(owner).post(url(last.team), {"way": "carry"})
    started = Assessment.objects.in_progress().get()
    assert response["Location"] == started.get_absolute_url()
    assert set(started.answers.values_list("level", "awaits_confirmation", "carried_from")) == {(3, True, last.pk)}
    tasks = task_list(started)
    assert (tasks.done, len(tasks.standing), [task.practice.key for task in tasks.needing]) == (0, 16, ["UC3"])
    assert [rule.score.level for rule in result_of(started, NOW).rules] == [
        rule.score.level for rule in result_of(last, NOW).rules
    ]


def test_evidence_keeps_its_dates_and_reviews(last: Assessment, owner: User) -> None:
    names = ("answer__practice", "title", "dated_on", "added_by", "added_at", "reviewed_by", "reviewed_at")
    before = set(Evidence.objects.values_list(*names))
    started = carry(last.team, owner)
    assert set(Evidence.objects.filter(answer__assessment=started).values_list(*names)) == before
    assert Evidence.objects.count() == 2 * len(PRACTICES)


def test_the_history_says_where_it_came_from(last: Assessment, owner: User) -> None:
    started = carry(last.team, owner)
    change = AnswerChange.objects.get(assessment=started, practice="UC1")
    assert (change.from_level, change.to_level, change.carried_from, change.changed_by) == (None, 3, last, owner)
    page = words(signed_in(owner).get(reverse("readiness:assessment_practice", args=[started.pk, "UC1"])))
    assert "carried from the assessment approved on" in page
    assert "Save it as it is to confirm it" in page


def test_what_was_set_aside_stays_so_until_its_date(team: Team, owner: User, reviewer: User) -> None:
    last = start(team, owner)
    answer_all(last, 2, owner)
    Answer.objects.filter(practice="UC3").delete()
    set_aside(last, "UC3", owner)
    approve(last, reviewer)
    started = carry(team, owner)
    assert started.answers.get(practice="UC3").not_applicable_approved_by == reviewer
    assert not task_list(started).needing
    Answer.objects.filter(practice="UC3").update(not_applicable_until=days_ago(1))
    assert [task.needs[0] for task in task_list(started).needing] == ["not_applicable_expired"]


def test_an_open_remark_comes_along(last: Assessment, owner: User, reviewer: User) -> None:
    ask_to_change(last, "UC1", reviewer)
    started = carry(last.team, owner)
    remark = Remark.objects.get(assessment=started)
    assert (remark.practice, remark.written_by, remark.resolved_at) == ("UC1", reviewer, None)
    assert [task.practice.key for task in task_list(started).needing] == ["UC1", "UC3"]


def test_afresh_carries_nothing(last: Assessment, owner: User) -> None:
    signed_in(owner).post(url(last.team), {"way": "afresh"})
    assert not Assessment.objects.in_progress().get().answers.exists()


def test_a_later_bank_asks_what_is_new_or_worded_otherwise(last: Assessment, owner: User, later_bank: Path) -> None:
    page = words(signed_in(owner).get(url(last.team)))
    assert "The question bank moved from 2026.1 to 2026.3" in page
    # 28 practices came with 2026.2, one with 2026.3, one left; one is worded otherwise, one has expired evidence.
    assert "30 of 45 practices need you" in page
    started = carry(last.team, owner)
    assert started.bank_version == "2026.3"
    assert [task.practice.key for task in task_list(started).needing] == [REWORDED, "UC3"]
    assert ADDED not in set(started.answers.values_list("practice", flat=True))


def test_what_became_a_gate_practice_is_answered_anew(
    team: Team, owner: User, reviewer: User, later_bank: Path
) -> None:
    last = start(team, owner)
    Assessment.objects.update(bank_version="2026.1")
    last.refresh_from_db()
    answer_all(last, 2, owner)
    Answer.objects.filter(practice=NEW_GATE).delete()
    set_aside(last, NEW_GATE, owner)
    approve(last, reviewer)
    started = carry(team, owner)
    assert [task.needs for task in task_list(started).needing if task.practice.key == NEW_GATE] == [("now_a_gate",)]
    assert result_of(started, NOW).rules[1].score.level == 0


def test_the_second_one_is_led_to_the_first(last: Assessment, owner: User, colleague: User) -> None:
    started = carry(last.team, owner)
    with pytest.raises(AlreadyInProgress):
        carry(last.team, colleague)
    response = signed_in(colleague).post(url(last.team), {"way": "carry"}, follow=True)
    assert response.redirect_chain[-1][0] == started.get_absolute_url()
    assert "This team has an assessment in progress." in words(response)
    assert Assessment.objects.count() == 2


def test_only_the_team_starts(last: Assessment, stranger: User, reviewer: User) -> None:
    for person in (stranger, reviewer, member_of(last.team, Role.EXECUTIVE)):
        for ask in (signed_in(person).get, signed_in(person).post):
            assert ask(url(last.team), {"way": "carry"}).status_code == 404
    assert Assessment.objects.count() == 1


def test_another_way_starts_nothing(last: Assessment, owner: User) -> None:
    page = words(signed_in(owner).post(url(last.team), {"way": "twice"}))
    assert "Choose whether to start from the last assessment or afresh." in page
    assert Assessment.objects.count() == 1


def test_with_nothing_to_start_from_it_leads_to_the_list(team: Team, owner: User) -> None:
    assert signed_in(owner).get(url(team))["Location"] == reverse("readiness:assessment_list")


def test_more_answers_cost_no_more_queries(owner: User, second_bank: None) -> None:
    browser = signed_in(owner)
    few, many = TeamFactory(name="Few"), TeamFactory(name="Many")
    for team in (few, many):
        team.members.add(owner)
        assessment = approved(team)
        Assessment.objects.filter(pk=assessment.pk).update(bank_version="2026.1")
    Answer.objects.filter(assessment__team=few).exclude(practice="UC1").delete()
    assert queries(browser, url(few)) == queries(browser, url(many)) <= 15
    details = [carry(team, owner).get_absolute_url() for team in (few, many)]
    assert queries(browser, details[0]) == queries(browser, details[1]) <= 15
