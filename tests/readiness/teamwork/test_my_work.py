"""What waits for somebody, the overdue first, and its count in the navigation."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from accounts.models import Role, User
from readiness.assessments.models import Assessment
from readiness.bank import load_bank
from readiness.teamwork.models import WorkPreference
from tests.factories import UserFactory, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import answer, answer_all, days_ago, start, submit
from tests.readiness.teamwork.asking import ask, say

pytestmark = pytest.mark.django_db
PAGE, COUNT = "readiness:my_work", "readiness:my_work_count"


def title(key: str) -> str:
    return load_bank("2026.1").practice(key).title.en


def test_it_works(assessment: Assessment, owner: User, colleague: User) -> None:
    for key, days in (("UC1", -9), ("UC2", 2), ("UC3", 0)):
        ask(assessment, colleague, owner, practices=[key], due_on=days_ago(days))
    say(assessment, "Please look", owner, mention=colleague)
    page = words(signed_in(colleague).get(reverse(PAGE)))
    assert "1 thing is overdue." in page
    places = [page.index(title(key)) for key in ("UC2", "UC3", "UC1")]
    assert places == sorted(places)
    assert page.index("Please look") > places[-1]


def test_nothing_waits(colleague: User) -> None:
    assert "Nothing waits for you" in words(signed_in(colleague).get(reverse(PAGE)))


@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.OPERATOR])
def test_everybody_has_one(role: Role) -> None:
    assert "Nothing waits for you" in words(signed_in(UserFactory(role=role)).get(reverse(PAGE)))


def test_one_kind_is_shown(assessment: Assessment, owner: User, colleague: User) -> None:
    ask(assessment, colleague, owner)
    say(assessment, "Please look", owner, mention=colleague)
    page = words(signed_in(colleague).get(reverse(PAGE), {"kind": "mention"}))
    assert "Please look" in page
    assert title("UC1") not in page
    assert "Nothing of this kind" in words(signed_in(colleague).get(reverse(PAGE), {"kind": "review"}))


def test_what_is_answered_waits_no_more(assessment: Assessment, owner: User, colleague: User) -> None:
    ask(assessment, colleague, owner)
    answer(assessment, "UC1", 2, owner)
    assert "Nothing waits for you" in words(signed_in(colleague).get(reverse(PAGE)))


def test_what_was_answered_before_is_answered_again(assessment: Assessment, owner: User, colleague: User) -> None:
    written = answer(assessment, "UC1", 2, owner)
    type(written).objects.update(answered_at=written.answered_at - timedelta(days=1))
    ask(assessment, colleague, owner)
    assert title("UC1") in words(signed_in(colleague).get(reverse(PAGE)))


def test_a_submitted_assessment_asks_nothing(assessment: Assessment, owner: User, colleague: User) -> None:
    ask(assessment, colleague, owner)
    answer_all(assessment, 2, owner, UC1=1)
    assessment.answers.filter(practice="UC1").update(answered_at=datetime(2026, 1, 1, tzinfo=UTC))
    submit(assessment, owner)
    assert "Nothing waits for you" in words(signed_in(colleague).get(reverse(PAGE)))


def test_a_declined_one_waits_for_who_asked_until_it_is_asked_again(
    assessment: Assessment, owner: User, colleague: User, stranger: User
) -> None:
    asked = ask(assessment, stranger, owner)
    signed_in(stranger).post(reverse("readiness:assignment_decline", args=[asked.pk]), {"reason": "No"})
    assert "Stan Stranger declined" in words(signed_in(owner).get(reverse(PAGE)))
    ask(assessment, colleague, owner)
    assert "declined" not in words(signed_in(owner).get(reverse(PAGE)))


def test_the_navigation_counts(assessment: Assessment, owner: User, colleague: User) -> None:
    ask(assessment, colleague, owner)
    browser = signed_in(colleague)
    html = browser.get(reverse("readiness:assessment_list")).content.decode()
    assert f'hx-get="{reverse(COUNT)}"' in html
    assert "1 thing waits" in words(browser.get(reverse(COUNT)))
    html = browser.get(reverse("readiness:assessment_list")).content.decode()
    assert "1 thing waits" in html
    assert f'hx-get="{reverse(COUNT)}"' not in html


def test_the_count_is_a_minute_old_at_most(assessment: Assessment, owner: User, colleague: User) -> None:
    browser = signed_in(colleague)
    browser.get(reverse(COUNT))
    ask(assessment, colleague, owner)
    assert "1 thing waits" not in words(browser.get(reverse(COUNT)))
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
        assert "1 thing waits" in words(browser.get(reverse(COUNT)))


def test_who_is_new_is_written_to_in_their_language(colleague: User) -> None:
    signed_in(colleague).get(reverse(COUNT).replace("/en/", "/fr/"))
    assert WorkPreference.objects.get().language == "fr"


def test_twenty_things_cost_as_many_queries_as_one(
    assessment: Assessment, owner: User, colleague: User, stranger: User
) -> None:
    ask(assessment, colleague, owner)
    say(assessment, "Please look", owner, mention=colleague)
    browser = signed_in(colleague)
    with_one = queries(browser, reverse(PAGE))
    ask(assessment, colleague, owner, practices=[each.key for each in load_bank("2026.1").practices], note="All")
    ask(start(stranger.teams.get(), stranger), colleague, stranger)
    for number in range(20):
        say(assessment, f"@Colin Colleague {number}", owner)
    assert queries(browser, reverse(PAGE)) == with_one
    assert with_one <= 15
