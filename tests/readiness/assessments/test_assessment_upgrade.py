"""Moving an assessment in progress to a newer bank, and that what was approved never changes by it."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from django.urls import reverse

from accounts.models import AuditEvent, Role, Team, User
from readiness.assessments.models import Answer, Assessment, BankMove, Snapshot
from readiness.assessments.progress import task_list
from readiness.assessments.results import result_of
from tests.factories import member_of, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.later_bank import (
    ADDED,
    NEW_GATE,
    RETIRED,
    REWORDED,
    publish_2026_3,
    use_versions_of,
)
from tests.readiness.assessments.writing import NOW, answer, approved, set_aside, start, submit

pytestmark = pytest.mark.django_db


def url(assessment: Assessment) -> str:
    return reverse("readiness:assessment_upgrade", args=[assessment.pk])


def move(assessment: Assessment, by: User, version: str = "2026.3") -> str:
    """Move it through the page; what is shown afterwards."""
    page = words(signed_in(by).post(url(assessment), {"version": version}, follow=True))
    assessment.refresh_from_db()
    return page


@pytest.fixture
def behind(team: Team, owner: User, later_bank: Path) -> Assessment:
    """In progress on 2026.2, with answers to what 2026.3 rewords, retires, makes a gate and leaves as it is."""
    assessment = start(team, owner)
    Assessment.objects.update(bank_version="2026.2")
    assessment.refresh_from_db()
    for practice in (REWORDED, RETIRED, "UC3"):
        answer(assessment, practice, 2, owner)
    set_aside(assessment, NEW_GATE, owner)
    return assessment


def test_it_works(behind: Assessment, colleague: User) -> None:
    page = words(signed_in(colleague).get(url(behind)))
    assert "1 practice to answer." in page
    assert "2 answers to look at again." in page
    assert "becomes a gate practice." in page
    assert "weight 2 before, 3 now" in page
    assert "1 practice that is no longer asked" in page
    assert "43 practices ask the same as before." in page
    assert "Moved to version 2026.3 of the question bank." in move(behind, colleague)
    assert behind.bank_version == "2026.3"
    assert AuditEvent.objects.get(verb="assessment.upgrade").details == {"from": "2026.2", "to": "2026.3"}


def test_the_preview_says_what_the_move_then_does(behind: Assessment, owner: User) -> None:
    preview = signed_in(owner).get(url(behind)).context["preview"]
    move(behind, owner)
    after = result_of(behind, NOW)
    assert preview.after.index == after.overall.index
    assert [effect.after.index for effect in preview.effects] == [rule.score.index for rule in after.rules]
    assert preview.before.index != preview.after.index


def test_only_what_asks_something_else_waits(behind: Assessment, owner: User) -> None:
    move(behind, owner)
    waiting = behind.answers.filter(awaits_confirmation=True).values_list("practice", "worded_in")
    assert set(waiting) == {(REWORDED, "2026.2"), (NEW_GATE, "2026.2")}
    tasks = task_list(behind)
    assert {task.practice.key: task.needs for task in tasks.needing} == {
        REWORDED: ("reworded",),
        NEW_GATE: ("now_a_gate",),
    }
    assert (tasks.done, tasks.total) == (1, 45)


def test_the_page_of_a_reworded_practice_shows_both(behind: Assessment, owner: User) -> None:
    move(behind, owner)
    page = words(signed_in(owner).get(reverse("readiness:assessment_practice", args=[behind.pk, REWORDED])))
    assert "Worded otherwise than when you answered" in page
    assert "One candidate has a written problem statement" in page
    assert "One candidate names its business owner and its users." in page


def test_an_answer_to_the_earlier_words_is_not_taken_for_one_to_the_later(behind: Assessment, owner: User) -> None:
    browser, page = signed_in(owner), reverse("readiness:assessment_practice", args=[behind.pk, REWORDED])
    sent = {"level": "4", "seen_version": "1", "seen_bank": "2026.2"}
    move(behind, owner)
    assert "The question was reworded since you opened this page." in words(browser.post(page, sent))
    script = browser.post(reverse("readiness:assessment_answer_save", args=[behind.pk, REWORDED]), sent)
    assert script.status_code == 422
    assert behind.answers.get(practice=REWORDED).level == 2
    browser.post(page, {**sent, "seen_bank": "2026.3"})
    assert behind.answers.get(practice=REWORDED).level == 4
    page = reverse("readiness:assessment_practice", args=[behind.pk, "UC3"])
    browser.post(page, sent)
    assert behind.answers.get(practice="UC3").level == 4


def test_the_list_counts_only_what_is_asked(behind: Assessment, owner: User) -> None:
    move(behind, owner)
    assert "1 of 45" in words(signed_in(owner).get(reverse("readiness:assessment_list")))


def test_a_practice_comes_in_as_content_alone(behind: Assessment, owner: User) -> None:
    move(behind, owner)
    page = reverse("readiness:assessment_practice", args=[behind.pk, ADDED])
    assert signed_in(owner).get(page).status_code == 200
    signed_in(owner).post(page, {"level": "4", "seen_version": "0"})
    scored = {score.practice.key: score for score in result_of(behind, NOW).rules[0].score.practices}
    assert (scored[ADDED].declared, scored[ADDED].verified) == (4, 2)
    history = signed_in(owner).get(reverse("readiness:assessment_history_csv", args=[behind.pk]))
    assert f",{ADDED},1," in history.content.decode()


def test_what_is_approved_stays_byte_for_byte(
    team: Team, reviewer: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assessment = approved(team)
    address = reverse("readiness:assessment_result", args=[assessment.pk])

    def rendered() -> bytes:
        with time_machine.travel(datetime(2026, 11, 25, 12, tzinfo=UTC), tick=False):
            page = signed_in(reviewer).get(address).content
        # What protects a form and a script is new on every page.
        return re.sub(rb'(csrfmiddlewaretoken" value|nonce)="[^"]*"', b"", page)

    page, scores = rendered(), Snapshot.objects.values_list("scores", "taken_at").get()
    publish_2026_3(tmp_path)
    use_versions_of(tmp_path, monkeypatch)
    assert rendered() == page
    assert Snapshot.objects.values_list("scores", "taken_at").get() == scores
    assessment.refresh_from_db()
    assert assessment.bank_version == "2026.1"


def test_what_is_approved_or_submitted_does_not_move(team: Team, owner: User, later_bank: Path) -> None:
    for state in ("approved", "submitted"):
        assessment = approved(team)
        Assessment.objects.filter(pk=assessment.pk).update(state=state, bank_version="2026.2")
        assert "submitted or approved" in move(assessment, owner)
        assert assessment.bank_version == "2026.2"


def test_there_is_nothing_newer(assessment: Assessment, owner: User) -> None:
    page = words(signed_in(owner).get(url(assessment), follow=True))
    assert "already answers the newest version" in page
    assert "already answers the newest version" in move(assessment, owner, "2026.1")
    assert not BankMove.objects.exists()


@pytest.mark.parametrize("version", ["", "2026.2", "2027.1"])
def test_another_version_than_was_shown_is_refused(behind: Assessment, owner: User, version: str) -> None:
    assert "Something changed since this page was shown." in move(behind, owner, version)
    assert behind.bank_version == "2026.2"


def test_only_the_team_moves_it(behind: Assessment, stranger: User, reviewer: User) -> None:
    for person in (stranger, reviewer, member_of(behind.team, Role.EXECUTIVE)):
        for ask in (signed_in(person).get, signed_in(person).post):
            assert ask(url(behind), {"version": "2026.3"}).status_code == 404
    behind.refresh_from_db()
    assert behind.bank_version == "2026.2"


def test_more_answers_cost_no_more_queries(behind: Assessment, owner: User) -> None:
    browser = signed_in(owner)
    with_few = queries(browser, url(behind))
    for practice in ("UC4", "UC5", "UC6", "SP1", "SP2"):
        answer(behind, practice, 2, owner)
    assert queries(browser, url(behind)) == with_few <= 15


def test_it_is_submitted_on_its_version_as_well(behind: Assessment, owner: User) -> None:
    for gate in task_list(behind).gates:
        answer(behind, gate.practice.key, 2, owner)
    assert submit(behind, owner).bank_version == "2026.2"
    assert Answer.objects.filter(awaits_confirmation=True).count() == 0
