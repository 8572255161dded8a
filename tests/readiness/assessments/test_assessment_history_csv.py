"""Every change of an assessment as a table."""

import csv
from io import StringIO

import pytest
from django.urls import reverse

from accounts.models import User
from readiness.assessments import answering
from readiness.assessments.history import COLUMNS
from readiness.assessments.models import Assessment
from readiness.assessments.replies import Reply
from tests.factories import signed_in
from tests.pages import queries
from tests.readiness.assessments.writing import NOW, PRACTICES, answer, days_ago, set_aside

pytestmark = pytest.mark.django_db


def url(assessment: Assessment, language: str = "en") -> str:
    return reverse("readiness:assessment_history_csv", args=[assessment.pk]).replace("/en/", f"/{language}/")


def rows(assessment: Assessment, person: User, language: str = "en") -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(signed_in(person).get(url(assessment, language)).content.decode())))


def test_it_works(assessment: Assessment, owner: User, colleague: User) -> None:
    set_aside(assessment, "UC3", owner)
    answer(assessment, "UC3", 2, colleague)
    first, second = rows(assessment, owner)
    assert tuple(first) == COLUMNS
    assert (first["changed_by"], first["practice"], first["version"]) == ("Olive Owner", "UC3", "1")
    assert (first["from_level"], first["to_level"]) == ("", "")
    assert first["to_not_applicable_until"] == days_ago(-90).isoformat()
    assert (second["from_not_applicable_reason"], second["to_level"]) == ("No such nodes.", "2")
    assert second["changed_at_utc"] == NOW.isoformat(timespec="seconds")


def test_it_is_the_same_in_french(assessment: Assessment, owner: User) -> None:
    set_aside(assessment, "UC3", owner)
    assert rows(assessment, owner, "fr") == rows(assessment, owner)


def test_a_note_is_no_formula(assessment: Assessment, owner: User) -> None:
    reply = Reply(2, '=HYPERLINK("http://example.test")')
    answering.save_answer(assessment=assessment, practice="UC1", reply=reply, seen_version=0, by=owner, now=NOW)
    assert rows(assessment, owner)[0]["to_note"] == f"'{reply.note}"


def test_without_a_change_it_has_a_header_only(assessment: Assessment, owner: User) -> None:
    assert rows(assessment, owner) == []


def test_many_changes_cost_as_many_queries_as_one(assessment: Assessment, owner: User) -> None:
    answer(assessment, PRACTICES[0], 1, owner)
    browser = signed_in(owner)
    with_one = queries(browser, url(assessment))
    for practice in PRACTICES[1:]:
        answer(assessment, practice, 1, owner)
    assert queries(browser, url(assessment)) == with_one


def test_another_teams_person_finds_nothing(assessment: Assessment, stranger: User) -> None:
    assert signed_in(stranger).get(url(assessment)).status_code == 404
