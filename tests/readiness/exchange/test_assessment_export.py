"""An assessment as a file: what is in it, and that it says what the pages say."""

import csv
import io
import json
from decimal import Decimal
from typing import Any
from zipfile import ZipFile

import pytest
from django.urls import reverse
from python_calamine import CalamineWorkbook

from accounts.models import Role, User
from readiness.assessments.answering import save_answer
from readiness.assessments.models import Assessment
from readiness.assessments.replies import Reply
from readiness.scoring import rounded
from tests.factories import UserFactory, signed_in
from tests.pages import queries
from tests.readiness.assessments.writing import NOW, PRACTICES, answer, attach, days_ago, set_aside
from tests.readiness.exchange.files import ENDINGS, RECORDS, exported
from tests.readiness.random_assessments import random_assessments

pytestmark = pytest.mark.django_db
FORMULA = '=HYPERLINK("http://example.test")'


def written(assessment: Assessment, owner: User) -> None:
    reply = Reply(3, FORMULA)
    attach(save_answer(assessment=assessment, practice="UC1", reply=reply, seen_version=0, by=owner, now=NOW), owner)
    set_aside(assessment, "UC3", owner)


def test_it_works(assessment: Assessment, owner: User) -> None:
    written(assessment, owner)
    found = json.loads(exported(signed_in(owner), assessment, "json"))
    first = {each["practice"]: each for each in found["practices"]}["UC1"]
    assert (found["team"], found["bank_version"], found["assessment"]) == ("Support", "2026.1", assessment.pk)
    assert (first["level"], first["verified"], first["evidence_class"], first["version"]) == (3, 3, "E1", 1)
    assert (first["answered_by"], first["answered_at"]) == ("Olive Owner", NOW.isoformat(timespec="seconds"))
    (piece,) = first["evidence"]
    assert (piece["title"], piece["dated_on"], piece["sha256"]) == ("Minutes of UC1", days_ago(20).isoformat(), "")
    assert [rule["key"] for rule in found["rules"]] == ["use_cases", "infrastructure", "sponsorship", "metrics"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_has_every_practice(assessment: Assessment, owner: User, ending: str) -> None:
    written(assessment, owner)
    found = RECORDS[ending](exported(signed_in(owner), assessment, ending))
    assert tuple(each["practice"] for each in found) == PRACTICES
    aside = {each["practice"]: each for each in found}["UC3"]
    assert aside["not_applicable_reason"] == "No such nodes."
    assert str(aside["not_applicable_until"]) == days_ago(-90).isoformat()


def test_a_note_is_no_formula_in_csv(assessment: Assessment, owner: User) -> None:
    written(assessment, owner)
    assert RECORDS["csv"](exported(signed_in(owner), assessment, "csv"))[0]["note"] == f"'{FORMULA}"


def test_a_note_is_text_in_a_workbook(assessment: Assessment, owner: User) -> None:
    written(assessment, owner)
    content = exported(signed_in(owner), assessment, "xlsx")
    assert RECORDS["xlsx"](content)[0]["note"] == FORMULA
    assert b"<f>" not in ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")


def test_a_workbook_lists_the_evidence_on_a_sheet_of_its_own(assessment: Assessment, owner: User) -> None:
    written(assessment, owner)
    book = CalamineWorkbook.from_filelike(io.BytesIO(exported(signed_in(owner), assessment, "xlsx")))
    assert book.sheet_names == ["Answers", "Evidence"]
    assert book.get_sheet_by_index(1).to_python()[1][:2] == ["UC1", "Minutes of UC1"]


def test_csv_suits_spreadsheets_of_both_languages(assessment: Assessment, owner: User) -> None:
    browser = signed_in(owner)
    english, french = (exported(browser, assessment, "csv", language=each) for each in ("en", "fr"))
    assert english.startswith(b"\xef\xbb\xbf")
    assert french.startswith(b"\xef\xbb\xbf")
    rows = [list(csv.reader(io.StringIO(text.decode("utf-8-sig")), delimiter=sign))
            for text, sign in ((english, ","), (french, ";"))]  # fmt: skip
    numbers = [[row[rows[0][0].index("Overall index (0–100)")] for row in each[1:]] for each in rows]
    assert numbers[0] == numbers[1] == ["0.0"] * len(PRACTICES)


def number(value: object) -> Decimal | None:
    return None if value in (None, "") else Decimal(str(value))


def scores_of(records: list[dict[str, Any]]) -> dict[str, tuple[Decimal | None, ...]]:
    names = ("level", "index", "declared_index")
    found = {str(int(each["rule"])): tuple(number(each[f"rule_{name}"]) for name in names) for each in records}
    return found | {"overall": tuple(number(records[0][f"overall_{name}"]) for name in names)}


def test_scores_are_those_of_the_page() -> None:
    """Of random assessments: rules, overall, and each practice's verified level, in all three formats."""
    browser = signed_in(UserFactory(role=Role.EXECUTIVE))
    seen = set()
    for assessment in random_assessments(teams=6, each=2, seed=8):
        result = browser.get(reverse("readiness:assessment_result", args=[assessment.pk])).context["result"]
        of_page = [*((str(each.rule.number), each.score) for each in result.rules), ("overall", result.overall)]
        expected = {
            key: tuple(number(None if value is None else rounded(value)) for value in (each.level, each.index, each.declared_index))
            for key, each in of_page
        }  # fmt: skip
        verified = [
            score.verified if score.is_applicable else None for each in result.rules for score in each.score.practices
        ]
        seen |= {each.level for _, each in of_page}
        for ending in ENDINGS:
            records = RECORDS[ending](exported(browser, assessment, ending))
            assert scores_of(records) == expected
            assert [number(each["verified"]) for each in records] == verified
    assert seen >= {0, 1, 2, 3}


@pytest.mark.parametrize("ending", ENDINGS)
def test_many_answers_cost_as_many_queries_as_one(assessment: Assessment, owner: User, ending: str) -> None:
    browser, url = signed_in(owner), reverse("readiness:assessment_export", args=[assessment.pk, ending])
    attach(answer(assessment, PRACTICES[0], 1, owner), owner)
    with_one = queries(browser, url)
    for practice in PRACTICES[1:]:
        attach(answer(assessment, practice, 1, owner), owner)
    assert queries(browser, url) == with_one <= 15


def test_another_format_is_not_found(assessment: Assessment, owner: User) -> None:
    assert signed_in(owner).get(f"/en/assessments/{assessment.pk}/export.pdf").status_code == 404
