"""What is said about a practice: threads, mentions, changes, and who may be named."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from readiness.assessments.models import Assessment
from readiness.teamwork.models import Comment, Mention
from tests.factories import UserFactory, signed_in
from tests.pages import queries, words
from tests.readiness.teamwork.asking import ask, say

pytestmark = pytest.mark.django_db


def url(assessment: Assessment, name: str = "comment_add") -> str:
    return reverse(f"readiness:{name}", args=[assessment.pk, "UC1"])


def page_of(assessment: Assessment, person: User) -> str:
    return words(signed_in(person).get(url(assessment, "assessment_practice")))


def do(verb: str, comment: Comment, person: User, **data: str) -> Any:
    return signed_in(person).post(reverse(f"readiness:comment_{verb}", args=[comment.pk]), data, follow=True)


def test_it_works(assessment: Assessment, owner: User, colleague: User) -> None:
    text = "@colin colleague, see https://wiki.example/edge <b>now</b>"
    response = signed_in(owner).post(url(assessment), {"text": text}, follow=True)
    html = response.content.decode()
    assert '<a href="https://wiki.example/edge" rel="nofollow">' in html
    assert "&lt;b&gt;now" in html
    assert Mention.objects.get().user == colleague
    assert "You are named here." in page_of(assessment, colleague)
    assert "1 comment" in words(signed_in(owner).get(assessment.get_absolute_url()))


def test_a_mention_waits_until_it_is_read(assessment: Assessment, owner: User, colleague: User) -> None:
    say(assessment, "Please look", owner, mention=colleague)
    browser = signed_in(colleague)
    assert "Olive Owner names you: “Please look”" in words(browser.get(reverse("readiness:my_work")))
    browser.post(url(assessment, "mention_read"))
    assert "Nothing waits for you" in words(browser.get(reverse("readiness:my_work")))


def test_who_answers_has_read(assessment: Assessment, owner: User, colleague: User) -> None:
    first = say(assessment, "Please look", owner, mention=colleague)
    signed_in(colleague).post(url(assessment), {"text": "Done", "parent": first.pk})
    assert Mention.objects.get().read_at is not None
    assert Comment.objects.get(text="Done").parent == first


def test_a_stranger_is_not_named(assessment: Assessment, owner: User, stranger: User) -> None:
    page = words(signed_in(owner).post(url(assessment), {"text": "@Stan Stranger, look"}))
    assert "Stan Stranger may not see this practice, so nothing was sent." in page
    assert not Comment.objects.exists()
    assert not Mention.objects.exists()
    signed_in(owner).post(url(assessment), {"text": "Look", "mention": stranger.pk})
    assert not Comment.objects.exists()


def test_of_two_of_one_name_the_one_who_may_see_it_is_meant(assessment: Assessment, owner: User) -> None:
    twin = UserFactory(name="Olive Owner")
    say(assessment, "@Olive Owner", UserFactory(role="reviewer"))
    assert Mention.objects.get().user == owner != twin


def test_who_is_asked_may_be_named(assessment: Assessment, owner: User, stranger: User) -> None:
    ask(assessment, stranger, owner)
    say(assessment, "@Stan Stranger", owner)
    assert Mention.objects.get().user == stranger


def test_a_mention_opens_nothing_and_ends_with_what_one_may_see(
    assessment: Assessment, owner: User, stranger: User
) -> None:
    asked = ask(assessment, stranger, owner)
    say(assessment, "@Stan Stranger", owner)
    signed_in(owner).post(reverse("readiness:assignment_withdraw", args=[asked.pk]))
    browser = signed_in(stranger)
    assert browser.get(url(assessment, "assessment_practice")).status_code == 404
    assert "Nothing waits for you" in words(browser.get(reverse("readiness:my_work")))


def test_a_change_is_marked(assessment: Assessment, owner: User, colleague: User) -> None:
    comment = say(assessment, "Before", owner)
    page = words(do("edit", comment, owner, text="After @Colin Colleague"))
    assert "edited" in page
    assert "Before" not in page
    assert Mention.objects.get().user == colleague


def test_a_deleted_one_keeps_its_place(assessment: Assessment, owner: User, colleague: User) -> None:
    comment = say(assessment, "Secret", owner, mention=colleague)
    say(assessment, "The answer", colleague, parent=comment)
    page = words(do("delete", comment, owner))
    assert "Secret" not in page
    assert "deleted" in page
    assert "The answer" in page
    assert not Mention.objects.exists()


@pytest.mark.parametrize("verb", ["edit", "delete"])
def test_the_words_of_others_stay(assessment: Assessment, owner: User, colleague: User, verb: str) -> None:
    comment = say(assessment, "Mine", owner)
    assert do(verb, comment, colleague, text="Yours").status_code == 404
    comment.refresh_from_db()
    assert (comment.text, comment.deleted_at) == ("Mine", None)


def test_a_thread_is_closed_and_opened_again(assessment: Assessment, owner: User, colleague: User) -> None:
    comment = say(assessment, "Which system?", owner)
    assert "Resolved by Colin Colleague" in words(do("resolve", comment, colleague))
    assert "Resolved by" not in words(do("resolve", comment, owner, reopen="1"))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"text": " "}, "Write something first."),
        ({"text": "x" * 4001}, "at most 4000 characters"),
        ({"text": "x", "parent": "999999"}, "valid choice"),
        ({"text": "x", "parent": "x"}, "valid choice"),
    ],
)
def test_what_is_wrong_is_said(assessment: Assessment, owner: User, data: dict[str, str], sentence: str) -> None:
    assert sentence in words(signed_in(owner).post(url(assessment), data))
    assert not Comment.objects.exists()


def test_twenty_comments_cost_as_many_queries_as_one(assessment: Assessment, owner: User, colleague: User) -> None:
    first = say(assessment, "Please look", owner, mention=colleague)
    browser = signed_in(owner)
    browser.get(url(assessment, "assessment_practice"))
    with_one = queries(browser, url(assessment, "assessment_practice"))
    for number in range(20):
        say(assessment, f"@Colin Colleague {number}", owner, parent=first if number % 2 else None)
    assert queries(browser, url(assessment, "assessment_practice")) == with_one
