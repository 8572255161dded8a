"""A whole rule on one page: each answer is saved or refused on its own, and nobody's is written over unseen."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Role, User
from readiness.assessments.models import Answer, Assessment
from readiness.bank import load_bank
from tests.factories import member_of, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import answer, answer_all, ask_to_change, attach, days_ago, set_aside, submit

pytestmark = pytest.mark.django_db
RULE = load_bank("2026.1").rules[0]
KEYS = tuple(practice.key for practice in RULE.practices)


def url(assessment: Assessment, number: int = 1) -> str:
    return reverse("readiness:assessment_rule", args=[assessment.pk, number])


def send(assessment: Assessment, person: User, *, button: str = "", follow: bool = False, **by_practice: Any) -> Any:
    """What the browser sends: every form as it was before anything was answered, but for these."""
    data = {"continue": "1"} if button == "continue" else {}
    for key in KEYS:
        fields = {"seen_version": 0, "note": "", **by_practice.get(key, {})}
        data |= {f"{key}-{name}": str(value) for name, value in fields.items()}
    return signed_in(person).post(url(assessment), data, follow=follow)


def test_it_works(assessment: Assessment, owner: User) -> None:
    answers = {"UC1": {"level": 2, "note": "Since May."}, "UC3": {"note": "Ask finance."}}
    response = send(assessment, owner, follow=True, **answers)
    assert response.redirect_chain == [(url(assessment), 302)]
    assert "2 answers saved." in words(response)
    saved = {each.practice: (each.level, each.note) for each in Answer.objects.all()}
    assert saved == {"UC1": (2, "Since May."), "UC3": (None, "Ask finance.")}


def test_every_level_of_every_practice_can_be_read(assessment: Assessment, owner: User) -> None:
    text = words(signed_in(owner).get(url(assessment)))
    for practice in RULE.practices:
        assert practice.question.en in text
        for level in practice.levels:
            assert level.en in text


def test_one_that_is_refused_keeps_no_other_from_being_saved(assessment: Assessment, owner: User) -> None:
    response = send(assessment, owner, UC1={"level": 2}, UC3={"level": "na", "not_applicable_reason": "No data."})
    text = words(response)
    assert response.status_code == 200
    assert "1 answer saved." in text
    assert f"{load_bank('2026.1').practice('UC3').title.en}: Choose a date in the future" in text
    assert [each.practice for each in Answer.objects.all()] == ["UC1"]


def test_continue_goes_to_the_next_rule(assessment: Assessment, owner: User) -> None:
    response = send(assessment, owner, button="continue", **{key: {"level": 1} for key in KEYS})
    assert response["Location"] == reverse("readiness:assessment_rule_intro", args=[assessment.pk, 2])
    assert Answer.objects.count() == len(KEYS)


def test_what_was_not_touched_is_not_written(assessment: Assessment, owner: User, colleague: User) -> None:
    answer(assessment, "UC1", 1, owner)
    answer(assessment, "UC1", 3, owner)
    response = send(assessment, colleague, UC1={"level": 1, "seen_version": 1}, UC3={"level": 2})
    assert response.status_code == 302
    assert Answer.objects.values_list("level", "version").get(practice="UC1") == (3, 2)
    assert Answer.objects.get(practice="UC3").level == 2


def test_a_stale_write_is_compared_and_the_others_are_saved(
    assessment: Assessment, owner: User, colleague: User
) -> None:
    answer(assessment, "UC1", 1, owner)
    response = send(assessment, colleague, UC1={"level": 3, "note": "Said Colin."}, UC3={"level": 2})
    theirs, mine = words(response).split("What stands now")[1].split("What you wrote")
    assert response.status_code == 409
    assert "Level 1" in theirs
    assert "Said Colin." in mine
    assert 'name="UC1-compared_version" value="1"' in response.content.decode()
    assert [(each.practice, each.level) for each in Answer.objects.all()] == [("UC1", 1), ("UC3", 2)]


@pytest.mark.parametrize(
    ("choice", "status", "standing"),
    [("mine", 302, (3, "Said Colin.")), ("theirs", 302, (1, "")), ("merged", 200, (1, "")), ("", 409, (1, ""))],
)
def test_the_choice_is_one_practice_s(
    assessment: Assessment, owner: User, colleague: User, choice: str, status: int, standing: tuple[int, str]
) -> None:
    answer(assessment, "UC1", 1, owner)
    fields = {"level": 3, "note": "Said Colin.", "compared_version": 1, "choice": choice}
    response = send(assessment, colleague, UC1=fields)
    assert response.status_code == status
    assert Answer.objects.values_list("level", "note").get() == standing


def test_a_choice_decides_no_other_conflict(assessment: Assessment, owner: User, colleague: User) -> None:
    for key in ("UC1", "UC3"):
        answer(assessment, key, 1, owner)
    stale = {"level": 3, "compared_version": 1}
    assert send(assessment, colleague, UC1={**stale, "choice": "mine"}, UC3=stale).status_code == 409
    assert [each.level for each in Answer.objects.all()] == [3, 1]


def test_the_remarks_of_reviewers_are_beside_their_practice(
    assessment: Assessment, owner: User, reviewer: User
) -> None:
    ask_to_change(assessment, "UC3", reviewer)
    section = words(signed_in(owner).get(url(assessment))).split(load_bank("2026.1").practice("UC3").question.en)[1]
    assert "A reviewer asks Name the owner." in section


def test_what_is_not_applicable_is_shown_again(assessment: Assessment, owner: User) -> None:
    set_aside(assessment, "UC3", owner)
    page = signed_in(owner).get(url(assessment))
    assert "No such nodes." in page.content.decode()
    until = {"not_applicable_reason": "No such nodes.", "not_applicable_until": days_ago(-90)}
    assert send(assessment, owner, UC3={"level": "na", "seen_version": 1, **until}).status_code == 302
    assert Answer.objects.get().version == 1


def test_a_full_rule_costs_as_many_queries_as_an_empty_one(assessment: Assessment, owner: User) -> None:
    attach(answer(assessment, "UC1", 2, owner), owner)
    browser = signed_in(owner)
    with_one = queries(browser, url(assessment))
    answer_all(assessment, 2, owner)
    for each in Answer.objects.all():
        attach(each, owner)
    assert queries(browser, url(assessment)) == with_one <= 15


def test_what_is_submitted_is_only_read(assessment: Assessment, owner: User) -> None:
    answer_all(assessment, 2, owner)
    submit(assessment, owner)
    response = signed_in(owner).get(url(assessment))
    assert b"<textarea" not in response.content
    assert words(response).count("Level 2") == len(KEYS)
    refused = send(assessment, owner, UC1={"level": 4, "seen_version": 1})
    assert Answer.objects.get(practice="UC1").level == 2
    assert "can no longer be changed" in words(refused)


def test_others_write_nothing(assessment: Assessment, stranger: User) -> None:
    executive = member_of(assessment.team, Role.EXECUTIVE)
    assert signed_in(stranger).get(url(assessment)).status_code == 404
    assert "not answered" in words(signed_in(executive).get(url(assessment)))
    for person in (stranger, executive):
        assert send(assessment, person, UC1={"level": 4}).status_code == 404
    assert not Answer.objects.exists()


def test_there_are_four_rules(assessment: Assessment, owner: User) -> None:
    assert signed_in(owner).get(url(assessment, 5)).status_code == 404
