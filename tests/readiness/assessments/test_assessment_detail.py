"""An assessment as work: what is done, what is open, and where to go on."""

import pytest
from django.urls import reverse

from accounts.models import Role, User
from readiness.assessments import answering, review
from readiness.assessments.models import Answer, Assessment
from readiness.assessments.replies import Reply
from readiness.bank import load_bank
from tests.factories import member_of, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import (
    GATES,
    NOW,
    PRACTICES,
    answer,
    answer_all,
    approve,
    ask_to_change,
    attach,
    set_aside,
    submit,
)

pytestmark = pytest.mark.django_db


def page(assessment: Assessment, person: User) -> str:
    return words(signed_in(person).get(assessment.get_absolute_url()))


def practice_url(assessment: Assessment, key: str) -> str:
    return reverse("readiness:assessment_practice", args=[assessment.pk, key])


def test_it_works(assessment: Assessment, colleague: User) -> None:
    response = signed_in(colleague).get(assessment.get_absolute_url())
    minutes = sum(rule.minutes for rule in load_bank("2026.1").rules)
    text = words(response)
    assert "Assessment of Support" in text
    assert f"Open 0 of {len(PRACTICES)} practices answered. About {minutes} minutes left." in text
    for practice in load_bank("2026.1").practices:
        assert f'href="{practice_url(assessment, practice.key)}"' in response.content.decode()
    assert text.count("to do") == len(PRACTICES)


def test_it_begins_with_the_first_gate(assessment: Assessment, owner: User) -> None:
    text = page(assessment, owner)
    bank = load_bank("2026.1")
    express = sum(rule.express_minutes for rule in bank.rules)
    assert f"Start with the {len(GATES)} gate practices (about {express} min)" in text
    minutes = sum(rule.minutes for rule in bank.rules)
    assert f"Answer all {len(PRACTICES)} open practices in order (about {minutes} min)" in text
    assert "Go on where you stopped" not in text


def test_it_goes_on_with_gates_before_others(assessment: Assessment, owner: User) -> None:
    for gate in GATES[:-1]:
        answer(assessment, gate, 1, owner)
    response = signed_in(owner).get(assessment.get_absolute_url())
    assert f'href="{practice_url(assessment, GATES[-1])}">Go on where you stopped' in response.content.decode()
    assert "1 gate practice is still open" in words(response)


def test_what_is_answered_is_shown_and_counted(assessment: Assessment, owner: User) -> None:
    answer(assessment, "UC1", 0, owner)
    set_aside(assessment, "UC3", owner)
    text = page(assessment, owner)
    assert "Problem before technology gate Level 0" in text
    assert "Data that is there and good not applicable" in text
    assert "Rule 1: Choose use cases carefully 2 of 4" in text


def test_work_in_progress_is_told_from_work_to_do(assessment: Assessment, owner: User) -> None:
    start_with_a_note(assessment, "UC1", owner)
    attach(start_with_a_note(assessment, "UC3", owner, note=""), owner)
    start_with_a_note(assessment, "UC4", owner, note="")
    text = page(assessment, owner)
    assert text.count("in progress") == 2
    assert text.count("to do") == len(PRACTICES) - 2
    assert f"0 of {len(PRACTICES)} practices answered." in text


def start_with_a_note(assessment: Assessment, key: str, by: User, note: str = "Ask finance.") -> Answer:
    return answering.save_answer(
        assessment=assessment, practice=key, reply=Reply(None, note), seen_version=0, by=by, now=NOW
    )


def test_what_was_sent_back_comes_first(assessment: Assessment, owner: User, reviewer: User) -> None:
    answer_all(assessment, 2, owner)
    ask_to_change(assessment, "UC3", reviewer)
    response = signed_in(owner).get(assessment.get_absolute_url())
    assert f'href="{practice_url(assessment, "UC3")}">Answer what was sent back' in response.content.decode()
    assert "Data that is there and good Sent back Level 2" in words(response)


def test_a_full_list_costs_as_many_queries_as_an_empty_one(assessment: Assessment, owner: User, reviewer: User) -> None:
    browser = signed_in(owner)
    empty = queries(browser, assessment.get_absolute_url())
    answer_all(assessment, 2, owner, reviewed_by=reviewer)
    for practice in PRACTICES:
        ask_to_change(assessment, practice, reviewer)
    assert queries(browser, assessment.get_absolute_url()) == empty <= 15


def test_when_all_is_answered_submitting_is_next(assessment: Assessment, owner: User) -> None:
    answer_all(assessment, 2, owner)
    response = signed_in(owner).get(assessment.get_absolute_url())
    assert f"{len(PRACTICES)} of {len(PRACTICES)} practices answered." in words(response)
    assert b'<button class="button primary" type="submit">Submit for review' in response.content
    assert b"Go on" not in response.content


def test_an_executive_of_the_team_reads_only(assessment: Assessment) -> None:
    text = page(assessment, member_of(assessment.team, Role.EXECUTIVE))
    assert "See the result" in text
    assert "Submit for review" not in text
    assert "Begin" not in text


def test_a_reviewer_decides_once_it_is_submitted(assessment: Assessment, owner: User, reviewer: User) -> None:
    assert "Review it" not in page(assessment, reviewer)
    answer_all(assessment, 2, owner)
    submitted = submit(assessment, owner)
    assert "Review it" in page(submitted, reviewer)
    assert "Review it" not in page(submitted, owner)


def test_nothing_is_offered_after_approval(assessment: Assessment, owner: User, reviewer: User) -> None:
    answer_all(assessment, 2, owner)
    approve(assessment, reviewer)
    for person in (owner, reviewer):
        response = signed_in(person).get(assessment.get_absolute_url())
        assert "Assessment of Support Approved" in words(response)
        assert b'method="post" action="/en/assessments' not in response.content


def test_the_team_reads_what_the_reviewer_asks_for(assessment: Assessment, owner: User, reviewer: User) -> None:
    answer_all(assessment, 2, owner)
    submit(assessment, owner)
    review.send_back(assessment=assessment, remark="Date the minutes.\nName the owner.", by=reviewer)
    text = page(assessment, owner)
    assert "What the reviewer asks for Date the minutes. Name the owner." in text
    assert "Submit for review" in text


def test_another_teams_person_finds_nothing(assessment: Assessment, stranger: User) -> None:
    assert signed_in(stranger).get(assessment.get_absolute_url()).status_code == 404


def test_what_is_not_there_is_not_found(owner: User) -> None:
    assert signed_in(owner).get(reverse("readiness:assessment_detail", args=[999_999])).status_code == 404


def test_the_rules_are_named_in_french(assessment: Assessment, owner: User) -> None:
    text = words(signed_in(owner).get(f"/fr/assessments/{assessment.pk}/"))
    for rule in load_bank("2026.1").rules:
        assert rule.title.fr in text
