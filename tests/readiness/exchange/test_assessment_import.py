"""Answers from a file: a preview that writes nothing, then all or some of it, and a sentence for each refused row."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import User
from readiness.assessments.models import AnswerChange, Assessment
from readiness.assessments.review import send_back
from readiness.exchange.importing import FILE_SENTENCES, ROW_SENTENCES
from tests.factories import signed_in
from tests.pages import queries
from tests.readiness.assessments.writing import PRACTICES, answer, answer_all, days_ago, set_aside, submit
from tests.readiness.exchange.files import a_csv, bring, confirm, exported, levels

pytestmark = pytest.mark.django_db


def refusals(response: Any) -> list[tuple[int, str]]:
    return [(each.number, each.sentence) for each in response.context["plan"].refusals]


def test_it_works(assessment: Assessment, owner: User) -> None:
    answer(assessment, "UC1", 2, owner)
    preview = bring(owner, assessment, a_csv({"practice": "UC1", "level": 3}, {"practice": "UC2", "level": 1}))
    assert levels(assessment) == {"UC1": 2}
    changes = [(each.number, each.before.level, each.after.level) for each in preview.context["plan"].changes]
    assert changes == [(2, 2, 3), (3, None, 1)]
    done = confirm(owner, assessment, preview)
    assert done.url == assessment.get_absolute_url()
    assert levels(assessment) == {"UC1": 3, "UC2": 1}
    assert AnswerChange.objects.filter(assessment=assessment, practice="UC1").count() == 2


def test_only_chosen_answers_are_written(assessment: Assessment, owner: User) -> None:
    preview = bring(owner, assessment, a_csv(*({"practice": key, "level": 2} for key in ("UC1", "UC2", "UC3"))))
    confirm(owner, assessment, preview, chosen=["UC2"])
    assert levels(assessment) == {"UC2": 2}


def test_nothing_chosen_writes_nothing(assessment: Assessment, owner: User) -> None:
    preview = bring(owner, assessment, a_csv({"practice": "UC1", "level": 2}))
    assert "Choose at least one answer" in confirm(owner, assessment, preview, chosen=[]).content.decode()
    assert levels(assessment) == {}


@pytest.mark.parametrize(("cell", "level"), [("3,0", 3), ("3.0", 3), (" 4 ", 4), ("0", 0), ("'+2", 2)])
def test_levels_are_read_as_people_write_them(assessment: Assessment, owner: User, cell: str, level: int) -> None:
    preview = bring(owner, assessment, a_csv({"practice": "UC1", "level": cell}))
    assert [each.after.level for each in preview.context["plan"].changes] == [level]


ASIDE = {"not_applicable_reason": "No such nodes.", "not_applicable_until": "2099-12-31"}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"practice": "XX1", "level": 1}, "unknown"),
        ({"practice": "INF9", "level": 1}, "other_version"),
        ({"practice": "", "level": 1}, "no_practice"),
        ({"practice": "UC1", "level": "2,5"}, "level_between"),
        ({"practice": "UC1", "level": 5}, "level_outside"),
        ({"practice": "UC1", "level": -1}, "level_outside"),
        ({"practice": "UC1", "level": "two"}, "level_no_number"),
        ({"practice": "UC1", "level": 1, "bank_version": "2026.2"}, "another_bank"),
        ({"practice": "UC1", "level": 1, "note": "x" * 4001}, "note_long"),
        ({"practice": "UC3", "not_applicable_reason": "x" * 501}, "reason_long"),
        ({"practice": "UC3", "level": 1, **ASIDE}, "both"),
        ({"practice": "UC1", **ASIDE}, "gate"),
        ({"practice": "UC3", "not_applicable_reason": "x"}, "no_until"),
        ({"practice": "UC3", **ASIDE, "not_applicable_until": "2020-01-01"}, "day_past"),
        ({"practice": "UC3", **ASIDE, "not_applicable_until": "soon"}, "no_day"),
        ({"practice": "UC3", **ASIDE, "not_applicable_until": "2099-02-30"}, "no_day"),
        ({"practice": "UC3", **ASIDE, "not_applicable_until": "03/04/2099"}, "day_ambiguous"),
        ({"practice": "UC3", "not_applicable_until": "2099-12-31"}, "no_reason"),
        ({"practice": "UC1", "level": 1, "version": "x"}, "no_whole_number"),
    ],
)
def test_a_refused_row_says_why_and_keeps_no_other_back(
    assessment: Assessment, owner: User, row: dict[str, object], code: str
) -> None:
    keys = ("practice", "level", "note", *ASIDE, "bank_version", "version")
    rows = [{**dict.fromkeys(keys, ""), **each} for each in ({"practice": "UC2", "level": 3}, row)]
    preview = bring(owner, assessment, a_csv(*rows))
    ((number, sentence),) = refusals(preview)
    start = str(ROW_SENTENCES[code]).partition("%(cell)s")
    assert number == 3
    assert (start[2] or start[0]).partition("%(")[0].strip() in sentence
    assert "%(" not in sentence
    confirm(owner, assessment, preview)
    assert levels(assessment) == {"UC2": 3}


def test_a_practice_in_two_rows_is_refused_in_both(assessment: Assessment, owner: User) -> None:
    preview = bring(owner, assessment, a_csv({"practice": "UC1", "level": 3}, {"practice": "UC1", "level": 4}))
    assert [number for number, _ in refusals(preview)] == [2, 3]
    assert "2, 3" in refusals(preview)[0][1]


def test_an_answer_changed_after_the_export_is_refused(assessment: Assessment, owner: User, colleague: User) -> None:
    answer(assessment, "UC1", 2, owner)
    content = exported(signed_in(owner), assessment, "json")
    answer(assessment, "UC1", 4, colleague)
    assert "has version 1, now it is version 2" in refusals(bring(owner, assessment, content, "answers.json"))[0][1]


def test_an_answer_changed_after_the_preview_is_looked_at_again(
    assessment: Assessment, owner: User, colleague: User
) -> None:
    preview = bring(owner, assessment, a_csv({"practice": "UC1", "level": 3}, {"practice": "UC2", "level": 3}))
    answer(assessment, "UC1", 1, colleague)
    again = confirm(owner, assessment, preview)
    assert "changed since this preview" in again.content.decode()
    assert [each.before.level for each in again.context["plan"].changes] == [1, None]
    assert levels(assessment) == {"UC1": 1}


def test_an_empty_row_and_a_missing_column_leave_what_stands(assessment: Assessment, owner: User) -> None:
    answer(assessment, "UC1", 2, owner)
    set_aside(assessment, "UC3", owner)
    rows = [{"practice": "UC1", "note": "new"}, {"practice": "UC2", "note": ""}, {"practice": "UC3", "note": "why"}]
    preview = bring(owner, assessment, a_csv(*rows))
    assert preview.context["plan"].empty == 1
    confirm(owner, assessment, preview)
    standing = {each.practice: each.reply for each in assessment.answers.all()}
    assert (standing["UC1"].level, standing["UC1"].note) == (2, "new")
    assert standing["UC3"].not_applicable_until == days_ago(-90)


def test_french_spreadsheets_are_read(assessment: Assessment, owner: User) -> None:
    """Semicolons, Windows letters, the day before the month, and a first line that tells the separator."""
    text = "sep=;\r\npractice;level;not_applicable_reason;not_applicable_until;note\r\n"
    text += "UC1;3,0;;;réglé\r\nUC3;;Aucun nœud;03/04/2099;\r\n"
    url = reverse("readiness:assessment_import", args=[assessment.pk]).replace("/en/", "/fr/")
    preview = signed_in(owner).post(url, {"file": SimpleUploadedFile("a.csv", text.encode("cp1252"))})
    first, second = preview.context["plan"].changes
    assert (first.number, first.after.level, first.after.note) == (3, 3, "réglé")
    assert str(second.after.not_applicable_until) == "2099-04-03"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"%PDF-", "unknown_type"),
        ("a.csv", b" \n", "empty"),
        ("a.csv", b"level,note\n1,x\n", "no_practice_column"),
        ("a.csv", b'practice,level\nUC1,"1\n', "malformed"),
        ("a.csv", b"practice,level,level\nUC1,1,2\n", "doubled_columns"),
        ("a.csv", b"practice,level\n" + b"UC1,1\n" * 501, "too_many_rows"),
        ("a.csv", b"practice" + b",x" * 100 + b"\nUC1\n", "too_many_columns"),
        ("a.csv", b"practice,note\n" + (b"UC1," + b"x" * 5000 + b"\n") * 101, "too_much_text"),
        ("a.csv", b"practice,level\n" + b" " * (4 * 1024 * 1024), "too_large"),
        ("a.json", b"[" * 100_000, "malformed"),
        ("a.json", b'{"practices": [{"practice": ["UC1"]}]}', "malformed"),
        ("a.json", b"[]", "no_practices"),
        ("a.xlsx", b"PK\x03\x04 and no more", "malformed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_read_says_why(
    assessment: Assessment, owner: User, name: str, content: bytes, code: str
) -> None:
    refusal = bring(owner, assessment, content, name).context["refusal"]
    assert refusal.startswith(str(FILE_SENTENCES[code]).partition("%(")[0])
    assert "%(" not in refusal


def test_a_sign_that_cannot_be_kept_is_refused(assessment: Assessment, owner: User) -> None:
    for note in ("a\0b", "\ud800"):
        content = json.dumps({"practices": [{"practice": "UC1", "level": 1, "note": note}]}).encode()
        assert refusals(bring(owner, assessment, content, "a.json"))[0][1] == str(ROW_SENTENCES["not_storable"])


def test_unknown_columns_are_named(assessment: Assessment, owner: User) -> None:
    preview = bring(owner, assessment, a_csv({"practice": "UC1", "level": 1, "<b>mine</b>": "x"}))
    assert "&lt;b&gt;mine&lt;/b&gt;" in preview.content.decode()


def test_what_was_altered_on_the_way_is_checked_again(assessment: Assessment, owner: User) -> None:
    preview = bring(owner, assessment, a_csv({"practice": "UC1", "level": 1}))
    url = reverse("readiness:assessment_import", args=[assessment.pk])
    for rows in ("", "{", '{"rows": [{"number": 1}]}', preview.context["rows"].replace('"1"', '"4"')):
        form = {"rows": rows, "digest": preview.context["plan"].digest, "practice": "UC1"}
        assert signed_in(owner).post(url, form).status_code == 200
    assert levels(assessment) == {}


def test_a_submitted_assessment_takes_nothing(assessment: Assessment, owner: User) -> None:
    preview = bring(owner, assessment, a_csv({"practice": "UC1", "level": 1}))
    answer_all(assessment, 2, owner)
    submit(assessment, owner)
    assert "can no longer be changed" in confirm(owner, assessment, preview).content.decode()
    assert levels(assessment)["UC1"] == 2


def test_what_was_sent_back_takes_answers_again(assessment: Assessment, owner: User, reviewer: User) -> None:
    answer_all(assessment, 2, owner)
    submit(assessment, owner)
    send_back(assessment=assessment, remark="Again.", by=reviewer)
    confirm(owner, assessment, bring(owner, assessment, a_csv({"practice": "UC1", "level": 1})))
    assert levels(assessment)["UC1"] == 1


def test_the_page_costs_the_same_whatever_is_answered(assessment: Assessment, owner: User) -> None:
    browser, url = signed_in(owner), reverse("readiness:assessment_import", args=[assessment.pk])
    empty = queries(browser, url)
    for practice in PRACTICES:
        answer(assessment, practice, 1, owner)
    assert queries(browser, url) == empty <= 15


def test_who_only_reads_cannot_import(assessment: Assessment, reviewer: User) -> None:
    assert bring(reviewer, assessment, a_csv({"practice": "UC1", "level": 1})).status_code == 404
