"""Answering one practice: a level or a reason, evidence beside it, and never over somebody else's words unseen."""

import re
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Role, User
from readiness.assessments.models import Answer, AnsweringPreference, Assessment, Evidence
from readiness.bank import load_bank
from tests.factories import member_of, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import (
    GATES,
    PRACTICES,
    answer,
    answer_all,
    approve,
    ask_to_change,
    attach,
    days_ago,
    form,
    set_aside,
    submit,
)

pytestmark = pytest.mark.django_db
GATE, OTHER = "UC1", "UC3"


def url(assessment: Assessment, key: str = GATE) -> str:
    return reverse("readiness:assessment_practice", args=[assessment.pk, key])


def send(assessment: Assessment, person: User, level: int | str, key: str = GATE, **fields: Any) -> Any:
    """Save a level through the page."""
    return signed_in(person).post(url(assessment, key), form(level, **fields))


def not_applicable(assessment: Assessment, person: User, key: str = OTHER, **fields: Any) -> Any:
    reason = {"not_applicable_reason": "We have no such data.", "not_applicable_until": days_ago(-90), **fields}
    return send(assessment, person, "na", key, **reason)


def test_it_works(assessment: Assessment, owner: User) -> None:
    response = send(assessment, owner, 2, note="Since the workshop.")
    assert (response.status_code, response["Location"]) == (302, assessment.get_absolute_url())
    saved = Answer.objects.get()
    assert (saved.practice, saved.level, saved.note) == (GATE, 2, "Since the workshop.")
    assert (saved.answered_by, saved.version) == (owner, 1)


def test_the_page_words_every_level(assessment: Assessment, owner: User) -> None:
    practice = load_bank("2026.1").practice(GATE)
    text = words(signed_in(owner).get(url(assessment)))
    assert practice.question.en in text
    for number, level in enumerate(practice.levels):
        assert f"Level {number} {level.en}" in text
    assert "practice 1 of 4" in text
    assert "It counts for 180 days." in text


def test_the_page_is_worded_in_french(assessment: Assessment, owner: User) -> None:
    practice = load_bank("2026.1").practice(GATE)
    response = signed_in(owner).get(f"/fr/assessments/{assessment.pk}/practices/{GATE}/")
    text = words(response)
    assert '<html lang="fr">' in response.content.decode()
    for wording in (practice.question, practice.help, *practice.evidence, *practice.levels):
        assert wording.fr in text
        assert wording.en not in text


def test_what_was_saved_is_shown_again(assessment: Assessment, owner: User, colleague: User) -> None:
    send(assessment, owner, 3, note="Checked by finance.")
    response = signed_in(colleague).get(url(assessment))
    assert response.context["form"].initial["seen_version"] == 1
    assert re.search(r'value="3"[^>]* checked', response.content.decode())
    assert "Checked by finance." in words(response)


# --- Going on ------------------------------------------------------------------------------------------------------


def prefers(person: User, **values: str) -> None:
    AnsweringPreference.objects.create(user=person, **values)


def test_continue_goes_to_the_next_open_gate(assessment: Assessment, owner: User) -> None:
    answer(assessment, GATES[1], 1, owner)
    rule = load_bank("2026.1").rule_of(GATES[1])
    following = next(gate for gate in GATES[2:] if gate in {each.key for each in rule.practices})
    assert send(assessment, owner, 2, **{"continue": "1"})["Location"] == url(assessment, following)


def test_the_path_of_gates_ends_at_the_list(assessment: Assessment, owner: User) -> None:
    for gate in GATES[:-1]:
        answer(assessment, gate, 1, owner)
    response = send(assessment, owner, 2, GATES[-1], **{"continue": "1"})
    assert response["Location"] == assessment.get_absolute_url()
    page = words(signed_in(owner).get(assessment.get_absolute_url()))
    assert f"Complete the rest: {len(PRACTICES) - len(GATES)} practices" in page


def test_in_order_continue_goes_to_the_next_open_practice(assessment: Assessment, owner: User) -> None:
    prefers(owner, path="all")
    answer(assessment, PRACTICES[1], 1, owner)
    response = send(assessment, owner, 2, **{"continue": "1"})
    assert response["Location"] == url(assessment, PRACTICES[2])


def test_a_rule_that_nobody_has_begun_is_introduced_first(assessment: Assessment, owner: User) -> None:
    prefers(owner, path="all")
    last = load_bank("2026.1").rules[0].practices[-1].key
    response = send(assessment, owner, 2, last, **{"continue": "1"})
    assert response["Location"] == reverse("readiness:assessment_rule_intro", args=[assessment.pk, 2])


def test_continue_goes_to_what_was_sent_back_first(assessment: Assessment, owner: User, reviewer: User) -> None:
    ask_to_change(assessment, PRACTICES[-1], reviewer)
    answer(assessment, PRACTICES[-1], 1, owner)
    ask_to_change(assessment, PRACTICES[-1], reviewer)
    assert send(assessment, owner, 2, **{"continue": "1"})["Location"] == url(assessment, PRACTICES[-1])


def test_whoever_prefers_whole_rules_goes_on_with_one(assessment: Assessment, owner: User) -> None:
    prefers(owner, path="all", layout="rule")
    page = reverse("readiness:assessment_rule", args=[assessment.pk, 1])
    assert send(assessment, owner, 2, **{"continue": "1"})["Location"] == f"{page}#{PRACTICES[1]}"


def test_continue_comes_around_to_what_was_left_out(assessment: Assessment, owner: User) -> None:
    answer_all(assessment, 1, owner)
    Answer.objects.filter(practice=PRACTICES[3]).delete()
    response = send(assessment, owner, 2, PRACTICES[-1], seen_version=1, **{"continue": "1"})
    assert response["Location"] == url(assessment, PRACTICES[3])


def test_continue_after_the_last_one_goes_back_to_the_list(assessment: Assessment, owner: User) -> None:
    answer_all(assessment, 1, owner)
    response = send(assessment, owner, 2, seen_version=1, **{"continue": "1"})
    assert response["Location"] == assessment.get_absolute_url()


def test_the_page_leads_to_its_neighbours(assessment: Assessment, owner: User) -> None:
    page = signed_in(owner).get(url(assessment, PRACTICES[1])).content.decode()
    assert f'href="{url(assessment, PRACTICES[0])}">Previous' in page
    assert f'href="{url(assessment, PRACTICES[2])}">Next' in page


# --- Two people at once --------------------------------------------------------------------------------------------


def test_a_stale_write_is_refused_with_both_versions_shown(
    assessment: Assessment, owner: User, colleague: User
) -> None:
    send(assessment, owner, 1, note="Mine first.")
    response = send(assessment, colleague, 3, note="Mine too.")
    text = words(response)
    assert response.status_code == 409
    theirs, mine = text.split("What stands now")[1].split("What you wrote")
    assert "Olive Owner" in theirs
    assert "Level 1" in theirs
    assert "Mine first." in theirs
    assert "Level 3" in mine
    assert "Mine too." in mine
    assert response.context["form"].data["note"] == "Mine too."
    saved = Answer.objects.get()
    assert (saved.level, saved.note, saved.answered_by) == (1, "Mine first.", owner)


def test_after_comparing_it_can_be_saved_over(assessment: Assessment, owner: User, colleague: User) -> None:
    compared = conflict_of(assessment, owner, colleague)
    assert send(assessment, colleague, 3, compared_version=compared, choice="mine").status_code == 302
    saved = Answer.objects.get()
    assert (saved.level, saved.version, saved.answered_by) == (3, 2, colleague)


def conflict_of(assessment: Assessment, owner: User, colleague: User) -> int:
    """One answered while the other wrote: the version that the other is shown."""
    send(assessment, owner, 1, note="Said Olive.")
    page = send(assessment, colleague, 3, note="Said Colin.").content.decode()
    return int(re.search(r'name="compared_version" value="(\d+)"', page)[1])  # type: ignore[index]


def test_after_comparing_what_stands_can_be_kept(assessment: Assessment, owner: User, colleague: User) -> None:
    compared = conflict_of(assessment, owner, colleague)
    response = send(assessment, colleague, 3, compared_version=compared, choice="theirs")
    assert response["Location"] == url(assessment)
    assert Answer.objects.values_list("level", "note", "version").get() == (1, "Said Olive.", 1)


def test_after_comparing_both_can_be_put_together(assessment: Assessment, owner: User, colleague: User) -> None:
    compared = conflict_of(assessment, owner, colleague)
    response = send(assessment, colleague, 3, note="Said Colin.", compared_version=compared, choice="merged")
    shown = response.context["form"].initial
    assert (shown["level"], shown["note"], shown["seen_version"]) == (3, "Said Olive.\n\nSaid Colin.", compared)
    assert Answer.objects.get().level == 1
    assert send(assessment, colleague, 3, note=shown["note"], seen_version=compared).status_code == 302
    assert Answer.objects.values_list("level", "note").get() == (3, "Said Olive.\n\nSaid Colin.")


def test_without_a_choice_it_is_compared_again(assessment: Assessment, owner: User, colleague: User) -> None:
    compared = conflict_of(assessment, owner, colleague)
    assert send(assessment, colleague, 3, compared_version=compared).status_code == 409


def test_a_third_version_is_compared_as_well(assessment: Assessment, owner: User, colleague: User) -> None:
    compared = conflict_of(assessment, owner, colleague)
    answer(assessment, GATE, 4, owner)
    assert send(assessment, colleague, 3, compared_version=compared, choice="mine").status_code == 409
    assert Answer.objects.get().level == 4


def test_a_stale_write_brings_no_evidence_along(assessment: Assessment, owner: User, colleague: User) -> None:
    send(assessment, owner, 1)
    send(assessment, colleague, 3, evidence_title="Minutes", evidence_dated_on=days_ago(3))
    assert not Evidence.objects.exists()


def test_a_stale_write_over_not_applicable_says_so(assessment: Assessment, owner: User, colleague: User) -> None:
    set_aside(assessment, OTHER, owner)
    theirs = words(send(assessment, colleague, 3, OTHER)).split("What stands now")[1].split("What you wrote")[0]
    assert "not applicable No such nodes. Until" in theirs


def test_the_same_answer_twice_changes_nothing(assessment: Assessment, owner: User, colleague: User) -> None:
    fields = {"note": "Since May.", "evidence_title": "Minutes", "evidence_dated_on": days_ago(3)}
    assert send(assessment, owner, 2, **fields).status_code == 302
    before = Answer.objects.values().get()
    assert send(assessment, colleague, 2, **fields).status_code == 302
    assert Answer.objects.values().get() == before
    assert Evidence.objects.count() == 1


def test_a_version_that_never_was_overwrites_nobody(assessment: Assessment, owner: User) -> None:
    assert send(assessment, owner, 2, seen_version=7).status_code == 302
    assert Answer.objects.get().version == 1


# --- What is not applicable ----------------------------------------------------------------------------------------


def test_a_practice_is_set_aside_with_reason_and_date(assessment: Assessment, owner: User) -> None:
    assert not_applicable(assessment, owner).status_code == 302
    saved = Answer.objects.get()
    assert (saved.level, saved.is_not_applicable, saved.not_applicable_approved_by) == (None, True, None)
    assert (saved.not_applicable_reason, saved.not_applicable_until) == ("We have no such data.", days_ago(-90))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"not_applicable_reason": " "}, "Say why this practice does not apply to you."),
        ({"not_applicable_until": ""}, "Choose a date in the future on which to look at it again."),
        ({"not_applicable_until": "today"}, "Choose a date in the future on which to look at it again."),
    ],
)
def test_it_is_not_set_aside_without(assessment: Assessment, owner: User, fields: Any, sentence: str) -> None:
    fields = {name: days_ago(0) if value == "today" else value for name, value in fields.items()}
    response = not_applicable(assessment, owner, **fields)
    assert sentence in words(response)
    assert not Answer.objects.exists()


def test_a_gate_practice_always_applies(assessment: Assessment, owner: User) -> None:
    assert "This does not apply to us" not in words(signed_in(owner).get(url(assessment, GATE)))
    response = not_applicable(assessment, owner, GATE)
    assert "Choose one of the levels shown." in words(response)
    assert not Answer.objects.exists()


def test_a_level_takes_the_place_of_not_applicable(assessment: Assessment, owner: User, reviewer: User) -> None:
    set_aside(assessment, OTHER, owner)
    Answer.objects.update(not_applicable_approved_by=reviewer)
    send(assessment, owner, 2, OTHER, seen_version=1)
    saved = Answer.objects.get()
    assert (saved.level, saved.is_not_applicable, saved.not_applicable_reason) == (2, False, "")
    assert (saved.not_applicable_until, saved.not_applicable_approved_by) == (None, None)


# --- Evidence ------------------------------------------------------------------------------------------------------


def test_evidence_comes_with_the_answer(assessment: Assessment, owner: User) -> None:
    link = {"evidence_url": "https://example.test/minutes", "evidence_title": "Minutes"}
    send(assessment, owner, 3, **link, evidence_dated_on=days_ago(3))
    piece = Evidence.objects.get()
    assert (piece.kind, piece.title, piece.url) == ("link", "Minutes", "https://example.test/minutes")
    assert (piece.dated_on, piece.added_by, piece.reviewed_by) == (days_ago(3), owner, None)
    page = words(signed_in(owner).get(url(assessment)))
    assert "Evidence so far Minutes" in page
    assert "not reviewed yet" in page


def test_evidence_without_a_link_is_a_note(assessment: Assessment, owner: User) -> None:
    send(assessment, owner, 3, evidence_title="Said in the meeting", evidence_dated_on=days_ago(0))
    assert Evidence.objects.get().kind == "note"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"evidence_url": "https://example.test"}, "Say in a few words what the link shows."),
        ({"evidence_title": "Minutes"}, "Give the date of the evidence: it counts for a limited time."),
        ({"evidence_title": "Minutes", "evidence_dated_on": days_ago(-1)}, "Evidence cannot be dated in the future."),
        ({"evidence_title": "Minutes", "evidence_dated_on": "yesterday"}, "Enter a valid date."),
        ({"evidence_title": "Minutes", "evidence_url": "not a link"}, "Enter a valid URL."),
        ({"evidence_title": "x", "evidence_url": "javascript:alert(1)"}, "Enter a valid URL."),
    ],
)
def test_odd_evidence_is_refused_and_nothing_saved(
    assessment: Assessment, owner: User, fields: Any, sentence: str
) -> None:
    response = send(assessment, owner, 3, **fields)
    assert sentence in words(response)
    assert not Answer.objects.exists()


# --- What a reviewer asked ------------------------------------------------------------------------------------------


def test_a_remark_is_shown_and_settled_by_the_answer(assessment: Assessment, owner: User, reviewer: User) -> None:
    remark = ask_to_change(assessment, GATE, reviewer)
    assert "A reviewer asks Name the owner." in words(signed_in(owner).get(url(assessment)))
    send(assessment, owner, 2)
    remark.refresh_from_db()
    assert remark.resolved_at is not None
    assert "it was answered Name the owner." in words(signed_in(owner).get(url(assessment)))


def test_saving_the_same_level_settles_it_too(assessment: Assessment, owner: User, reviewer: User) -> None:
    answer(assessment, GATE, 2, owner)
    ask_to_change(assessment, GATE, reviewer)
    send(assessment, owner, 2, seen_version=1, evidence_title="Minutes", evidence_dated_on=days_ago(1))
    assert not assessment.remarks.filter(resolved_at=None).exists()


def test_a_refused_answer_settles_nothing(assessment: Assessment, owner: User, reviewer: User) -> None:
    ask_to_change(assessment, GATE, reviewer)
    send(assessment, owner, 7)
    assert assessment.remarks.filter(resolved_at=None).exists()


# --- History -------------------------------------------------------------------------------------------------------


def test_the_page_tells_what_changed(assessment: Assessment, owner: User, colleague: User) -> None:
    send(assessment, owner, 1, note="First.")
    send(assessment, colleague, 3, note="Second.", seen_version=1)
    text = words(signed_in(owner).get(url(assessment))).split("History: 2 changes")[1]
    newest, oldest = text.split("Version 2")[1].split("Version 1")
    assert "Colin Colleague" in newest
    assert re.search("From Level 1 .* First. To Level 3 .* Second.", newest)
    assert "From no level chosen To Level 1" in oldest


def test_a_long_history_is_paged(assessment: Assessment, owner: User) -> None:
    for number in range(12):
        answer(assessment, GATE, number % 2, owner)
    assert "Version 2 " not in words(signed_in(owner).get(url(assessment)))
    response = signed_in(owner).get(f"{url(assessment)}?page=2")
    assert "Version 2 " in words(response)
    assert b'id="history" open' in response.content


def test_a_long_history_costs_as_many_queries_as_a_short_one(assessment: Assessment, owner: User) -> None:
    answer(assessment, GATE, 1, owner)
    answer(assessment, GATE, 2, owner)
    browser = signed_in(owner)
    with_two = queries(browser, url(assessment))
    for number in range(20):
        answer(assessment, GATE, number % 2, owner)
    # The number of all changes is asked for once there is more than a page.
    assert with_two <= queries(browser, url(assessment)) <= with_two + 1 <= 15


# --- Refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "sentence"),
    [("", "Choose a level."), ("5", "Choose one of the levels shown."), ("-1", "Choose one of the levels shown.")],
)
def test_a_level_has_to_be_one_of_those_shown(assessment: Assessment, owner: User, level: str, sentence: str) -> None:
    response = send(assessment, owner, level, note="What I wrote.", **{"continue": "1"})
    text = words(response)
    assert sentence in text
    assert "What I wrote." in text
    assert not Answer.objects.exists()


def test_who_comes_back_later_may_leave_a_note_alone(assessment: Assessment, owner: User) -> None:
    assert send(assessment, owner, "", note="Ask finance.\r\nBy May.").status_code == 302
    saved = Answer.objects.get()
    assert (saved.level, saved.note) == (None, "Ask finance.\nBy May.")
    assert "Choose a level." in words(send(assessment, owner, "", seen_version=1))


def test_what_is_submitted_is_no_longer_written(assessment: Assessment, owner: User) -> None:
    answer_all(assessment, 1, owner)
    submit(assessment, owner)
    response = send(assessment, owner, 4, seen_version=1)
    assert "its answers can no longer be changed" in words(response)
    assert Answer.objects.get(practice=GATE).level == 1
    assert b'name="note"' not in signed_in(owner).get(url(assessment)).content


def test_what_is_approved_is_read_by_the_team(assessment: Assessment, owner: User, reviewer: User) -> None:
    answer_all(assessment, 2, owner)
    attach(Answer.objects.get(practice=GATE), owner, reviewed_by=reviewer)
    approve(assessment, reviewer)
    text = words(signed_in(owner).get(url(assessment)))
    assert "Answer Level 2 Answered by Olive Owner" in text
    assert "reviewed" in text
    assert "Save" not in text
    assert "Remove" not in text


def test_another_teams_person_finds_nothing(assessment: Assessment, stranger: User) -> None:
    assert signed_in(stranger).get(url(assessment)).status_code == 404
    assert send(assessment, stranger, 4).status_code == 404
    assert not Answer.objects.exists()


def test_an_executive_of_the_team_answers_nothing(assessment: Assessment) -> None:
    executive = member_of(assessment.team, Role.EXECUTIVE)
    assert "not answered" in words(signed_in(executive).get(url(assessment)))
    assert send(assessment, executive, 4).status_code == 404
    assert not Answer.objects.exists()


def test_a_practice_that_the_bank_does_not_ask_is_not_found(assessment: Assessment, owner: User) -> None:
    assert signed_in(owner).get(url(assessment, "UC99")).status_code == 404
    assert send(assessment, owner, 2, "UC99").status_code == 404


def test_other_methods_are_refused(assessment: Assessment, owner: User) -> None:
    assert signed_in(owner).delete(url(assessment)).status_code == 405


def test_every_gate_of_the_bank_is_a_gate_on_its_page(assessment: Assessment, owner: User) -> None:
    browser = signed_in(owner)
    pages = {key: browser.get(url(assessment, key)).context["form"] for key in PRACTICES}
    assert tuple(key for key, shown in pages.items() if "not_applicable_reason" not in shown.fields) == GATES
