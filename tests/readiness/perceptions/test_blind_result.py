"""The result of a closed round: spreads and gaps, no small group of an anonymous one, and deciding after it."""

import csv
import io
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from readiness.assessments.models import Answer, AnswerChange, Assessment
from readiness.perceptions.models import BlindDecision, BlindRound
from tests.factories import signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import GATES, PRACTICES, answer, answer_all, days_ago, set_aside, submit
from tests.readiness.perceptions.rounds import BOARD, BUSINESS, IT, answered, closed, open_blind, past_due, reply

pytestmark = pytest.mark.django_db
NOT_A_GATE = next(key for key in PRACTICES if key not in GATES)
SPLIT = [(IT, 1), (IT, 1), (IT, 2), (BOARD, 3), (BOARD, 3), (BOARD, 4)]


def url(blind_round: BlindRound, name: str = "result") -> str:
    return reverse(f"readiness:blind_{name}", args=[blind_round.pk])


def decide(browser_of: User, blind_round: BlindRound, level: int | str, key: str = "UC1", **data: Any) -> Any:
    path = reverse("readiness:blind_decide", args=[blind_round.pk, key])
    return signed_in(browser_of).post(path, {"level": level, "seen_version": 0, **data}, follow=True)


def rows(browser_of: User, blind_round: BlindRound) -> list[dict[str, str]]:
    text = signed_in(browser_of).get(url(blind_round, "result_csv")).content.decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_it_works(assessment: Assessment, owner: User) -> None:
    done = answered(assessment, owner, SPLIT)
    page = words(signed_in(owner).get(url(done)))
    assert "The board sees level 3 where IT sees 1: Latency objective met" in page
    assert "On 2 practices of 2 that can be compared, circles are two levels apart or more." in page
    assert "Lower median of everybody: level 2" in page
    assert "Guest 5 Board Level 4 By Guest 5" in page
    assert [(row["practice"], row["circles"], row["level_1"], row["lower_median"]) for row in rows(owner, done)] == [
        ("UC1", "it", "2", "1"),
        ("UC1", "board", "0", "3"),
        ("INF3", "it", "2", "1"),
        ("INF3", "board", "0", "3"),
    ]


def test_an_anonymous_one_names_nobody(assessment: Assessment, owner: User) -> None:
    done = answered(assessment, owner, SPLIT, is_anonymous=True)
    page = signed_in(owner).get(url(done)).content.decode()
    assert "Who answered what" not in page
    assert "Guest 5</strong>" not in page
    assert "By Guest 5" in page  # a comment stands without name, circle and level
    assert "Guest" not in signed_in(owner).get(url(done, "result_csv")).content.decode()


def test_a_small_circle_is_never_told_apart(assessment: Assessment, owner: User) -> None:
    """Neither alone, nor as what is left of a total, nor by what it could not say."""
    for last in (0, 4, None):
        done = answered(assessment, owner, [(IT, 2), (IT, 2), (IT, 2), (BUSINESS, last)], is_anonymous=True)
        assert {row["circles"] for row in rows(owner, done)} == {"it+business"}
        page = words(signed_in(owner).get(url(done)))
        assert "IT and line of business" in page
        assert "Circles cannot be compared" in page


def test_too_few_of_an_anonymous_one_show_nothing(assessment: Assessment, owner: User) -> None:
    done = answered(assessment, owner, [(IT, 4), (BOARD, 1)], is_anonymous=True)
    page = signed_in(owner).get(url(done))
    assert words(page).count("Fewer than three people chose a level") == 2
    for hidden in ("By Guest", "Take over level", "Lower median of everybody", "dot-strip"):
        assert hidden not in page.content.decode()
    assert rows(owner, done) == []


def test_nobody_answered(assessment: Assessment, owner: User, stranger: User) -> None:
    done = closed(open_blind(assessment, owner, [(stranger, IT)]), owner)
    assert words(signed_in(owner).get(url(done))).count("Nobody answered this practice.") == 2


@pytest.mark.parametrize("name", ["result", "result_csv"])
def test_an_open_one_has_none(assessment: Assessment, owner: User, stranger: User, name: str) -> None:
    opened = open_blind(assessment, owner, [(stranger, IT)])
    reply(opened, stranger, 2)
    assert [signed_in(each).get(url(opened, name)).status_code for each in (owner, stranger)] == [404, 404]
    past_due(opened)
    assert [signed_in(each).get(url(opened, name)).status_code for each in (owner, stranger)] == [200, 200]


def test_a_guest_who_answered_sees_the_round_alone(assessment: Assessment, owner: User, stranger: User) -> None:
    written = answer(assessment, "UC1", 4, owner)
    opened = open_blind(assessment, owner, [(stranger, IT)])
    reply(opened, stranger, 2)
    decide(owner, closed(opened, owner), 3, reason="secret-marker", seen_version=written.version)
    page = signed_in(stranger).get(url(opened)).content.decode()
    assert "secret-marker" not in page
    assert "In the assessment" not in page


def test_a_guest_who_did_not_answer_sees_nothing(assessment: Assessment, owner: User, stranger: User) -> None:
    done = closed(open_blind(assessment, owner, [(stranger, IT)]), owner)
    assert signed_in(stranger).get(url(done)).status_code == 404


def test_the_median_is_taken_over(assessment: Assessment, owner: User) -> None:
    done = answered(assessment, owner, SPLIT)
    assert "Taken into the assessment." in words(decide(owner, done, 2))
    written = Answer.objects.get(assessment=assessment, practice="UC1")
    assert (written.level, written.answered_by) == (2, owner)
    assert AnswerChange.objects.get().to_level == 2
    assert "Olive Owner decided on level 2" in words(signed_in(owner).get(url(done)))


def test_another_level_needs_a_reason(assessment: Assessment, owner: User) -> None:
    done = answered(assessment, owner, SPLIT)
    assert "Say in a few words why" in words(decide(owner, done, 1))
    assert not Answer.objects.exists()
    decide(owner, done, 1, reason="The board saw a demo.")
    assert BlindDecision.objects.get().reason == "The board saw a demo."
    assert Answer.objects.get().level == 1


def test_a_note_is_kept_and_what_did_not_apply_does(assessment: Assessment, owner: User) -> None:
    done = answered(assessment, owner, SPLIT, practices=("UC1", NOT_A_GATE))
    set_aside(assessment, NOT_A_GATE, owner)
    Answer.objects.update(note="Kept.")
    decide(owner, done, 2, NOT_A_GATE, seen_version=1)
    written = Answer.objects.get(practice=NOT_A_GATE)
    assert (written.level, written.note, written.is_not_applicable) == (2, "Kept.", False)


def test_a_stale_decision_is_refused(assessment: Assessment, owner: User, colleague: User) -> None:
    done = answered(assessment, owner, SPLIT)
    answer(assessment, "UC1", 4, colleague)
    page = words(decide(owner, done, 2))
    assert "Somebody changed this answer meanwhile." in page
    assert "In the assessment: level 4." in page
    assert (Answer.objects.get().level, BlindDecision.objects.count()) == (4, 0)


@pytest.mark.parametrize("level", ["", "5", "x"])
def test_a_level_is_chosen(assessment: Assessment, owner: User, level: str) -> None:
    done = answered(assessment, owner, SPLIT)
    assert "Choose a level." in words(decide(owner, done, level, reason="x"))
    assert not Answer.objects.exists()


def test_a_submitted_assessment_is_not_changed(assessment: Assessment, owner: User) -> None:
    done = answered(assessment, owner, SPLIT)
    answer_all(assessment, 3, owner)
    submit(assessment, owner)
    assert "can no longer be changed" in words(decide(owner, done, 2, seen_version=1))
    assert not BlindDecision.objects.exists()


def test_nothing_is_decided_while_it_is_open(assessment: Assessment, owner: User, stranger: User) -> None:
    opened = open_blind(assessment, owner, [(stranger, IT)])
    reply(opened, stranger, 2)
    assert "This round is still open." in words(decide(owner, opened, 2))
    assert not Answer.objects.exists()


def test_a_practice_that_was_not_asked_is_not_found(assessment: Assessment, owner: User) -> None:
    done = answered(assessment, owner, SPLIT)
    assert decide(owner, done, 2, "UC2").status_code == 404


def test_a_practice_that_is_no_longer_asked_is_not_decided(assessment: Assessment, owner: User) -> None:
    done = answered(assessment, owner, SPLIT)
    BlindRound.objects.update(bank_version="2026.2", practices=["UC4"])
    done.refresh_from_db()
    assert "no longer asks this practice" in words(signed_in(owner).get(url(done)))
    assert "no longer asks this practice" in words(decide(owner, done, 2, "UC4", reason="x"))
    assert not Answer.objects.exists()


def test_many_answers_cost_as_many_queries_as_one(assessment: Assessment, owner: User) -> None:
    few = answered(assessment, owner, [(IT, 1)])
    many = answered(assessment, owner, SPLIT * 4)
    browser = signed_in(owner)
    assert queries(browser, url(few)) == queries(browser, url(many)) <= 15
    assert days_ago(0) <= many.due_on
