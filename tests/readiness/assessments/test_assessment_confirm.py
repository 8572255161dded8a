"""Confirming earlier answers: an explicit act, rule by rule, one by one, or all that stand at submission."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Team, User
from readiness.assessments import succession
from readiness.assessments.models import AnswerChange, Assessment, Evidence
from readiness.assessments.progress import task_list
from readiness.bank import load_bank
from tests.factories import signed_in
from tests.pages import words
from tests.readiness.assessments.writing import NOW, PRACTICES, answer, approved, days_ago, form, submit

pytestmark = pytest.mark.django_db
FIRST_RULE = [practice.key for practice in load_bank("2026.1").rules[0].practices]


def url(assessment: Assessment, name: str = "confirm", *more: object) -> str:
    return reverse(f"readiness:assessment_{name}", args=[assessment.pk, *more])


@pytest.fixture
def carried(team: Team, owner: User) -> Assessment:
    """Started from one whose evidence of UC3 has expired since."""
    approved(team)
    Evidence.objects.filter(answer__practice="UC3").update(dated_on=days_ago(200))
    return succession.start_next(team=team, by=owner, now=NOW)


def test_it_works(carried: Assessment, colleague: User) -> None:
    page = words(signed_in(colleague).get(carried.get_absolute_url()))
    assert "0 of 17 practices answered." in page
    assert "Confirm the 3 answers of rule 1 that stand" in page
    page = words(signed_in(colleague).post(url(carried), {"rule": "1"}, follow=True))
    assert "3 answers confirmed." in page
    assert "3 of 17 practices answered." in page
    confirmed = carried.answers.filter(awaits_confirmation=False)
    assert set(confirmed.values_list("practice", "level", "answered_by", "version")) == {
        (key, 3, colleague.pk, 2) for key in FIRST_RULE if key != "UC3"
    }
    assert AuditEvent.objects.get(verb="assessment.confirm").actor == colleague


def test_it_is_in_the_history(carried: Assessment, colleague: User) -> None:
    signed_in(colleague).post(url(carried), {"rule": "1"})
    newest = AnswerChange.objects.filter(assessment=carried, practice="UC1").first()
    assert newest is not None
    assert (newest.is_confirmation, newest.changed_by, newest.version) == (True, colleague, 2)
    assert "confirmed as it was" in words(signed_in(colleague).get(url(carried, "practice", "UC1")))


def test_what_needs_somebody_is_not_confirmed_with_the_rest(carried: Assessment, owner: User) -> None:
    signed_in(owner).post(url(carried), {"rule": "1"})
    assert carried.answers.get(practice="UC3").awaits_confirmation


def test_saving_it_as_it_is_confirms_one(carried: Assessment, owner: User) -> None:
    assert "Evidence has expired" in words(signed_in(owner).get(url(carried, "practice", "UC3")))
    signed_in(owner).post(url(carried, "practice", "UC3"), form(3, seen_version=1))
    assert not carried.answers.get(practice="UC3").awaits_confirmation
    assert task_list(carried).done == 1


def test_the_page_of_a_whole_rule_confirms_nothing_unseen(carried: Assessment, owner: User) -> None:
    page = reverse("readiness:assessment_rule", args=[carried.pk, 1])
    assert "An earlier answer: change it here, or confirm it" in words(signed_in(owner).get(page))
    fields = {f"{key}-{name}": value for key in FIRST_RULE for name, value in form(3, seen_version=1).items()}
    signed_in(owner).post(page, fields)
    assert task_list(carried).done == 0
    signed_in(owner).post(page, {**fields, "UC2-level": "2"})
    assert [task.practice.key for task in task_list(carried).tasks if task.is_done] == ["UC2"]


def test_changing_it_counts_as_an_answer(carried: Assessment, owner: User) -> None:
    answer(carried, "UC3", 1, owner)
    assert (task_list(carried).done, carried.answers.get(practice="UC3").level) == (1, 1)


def test_twice_confirms_nothing_more(carried: Assessment, owner: User) -> None:
    for said in ("3 answers confirmed.", "0 answers confirmed."):
        assert said in words(signed_in(owner).post(url(carried), {"rule": "1"}, follow=True))
    assert AnswerChange.objects.filter(assessment=carried).count() == len(PRACTICES) + 3


def test_without_a_rule_nothing_is_confirmed(carried: Assessment, owner: User) -> None:
    page = words(signed_in(owner).post(url(carried), {"rule": "all"}, follow=True))
    assert "Choose the rule whose earlier answers you confirm." in page
    assert signed_in(owner).post(url(carried), {"rule": "9"}).status_code == 404
    assert task_list(carried).done == 0


def test_only_the_team_confirms(carried: Assessment, stranger: User, reviewer: User) -> None:
    for person in (stranger, reviewer):
        assert signed_in(person).post(url(carried), {"rule": "1"}).status_code == 404
    assert task_list(carried).done == 0


def test_submitting_confirms_the_number_that_was_shown(carried: Assessment, owner: User) -> None:
    answer(carried, "UC3", 2, owner)
    page = words(signed_in(owner).get(carried.get_absolute_url()))
    assert "Confirm 16 earlier answers and submit for review" in page
    signed_in(owner).post(url(carried, "submit"), {"confirming": "16"})
    carried.refresh_from_db()
    assert carried.state == "submitted"
    assert not carried.answers.filter(awaits_confirmation=True).exists()


@pytest.mark.parametrize("shown", ["", "0", "15", "many"])
def test_submitting_with_another_number_is_refused(carried: Assessment, owner: User, shown: str) -> None:
    answer(carried, "UC3", 2, owner)
    page = words(signed_in(owner).post(url(carried, "submit"), {"confirming": shown}, follow=True))
    assert "16 earlier answers wait to be confirmed." in page
    carried.refresh_from_db()
    assert (carried.state, task_list(carried).done) == ("open", 1)


def test_what_needs_somebody_keeps_it_from_being_submitted(carried: Assessment, owner: User) -> None:
    page = words(signed_in(owner).post(url(carried, "submit"), {"confirming": "16"}, follow=True))
    assert "1 earlier answer still needs you." in page
    carried.refresh_from_db()
    assert carried.state == "open"


def test_what_is_submitted_is_confirmed_no_more(team: Team, owner: User, carried: Assessment) -> None:
    answer(carried, "UC3", 2, owner)
    succession.confirm_carried(assessment=carried, practices=PRACTICES, by=owner, now=NOW)
    submit(carried, owner)
    page = words(signed_in(owner).post(url(carried), {"rule": "1"}, follow=True))
    assert "This assessment is submitted or approved" in page


def test_the_list_counts_what_somebody_said(carried: Assessment, owner: User) -> None:
    signed_in(owner).post(url(carried), {"rule": "1"})
    page = words(signed_in(owner).get(reverse("readiness:assessment_list")))
    assert "Support Open 3 of 17" in page


def test_the_result_says_what_nobody_confirmed(carried: Assessment, owner: User) -> None:
    page = words(signed_in(owner).get(url(carried, "result")))
    assert "17 earlier answers count here as they were; nobody has confirmed them yet." in page
