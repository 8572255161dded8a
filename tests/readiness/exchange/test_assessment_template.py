"""The questions to be answered offline."""

import csv
import io
import zipfile

import pytest
from django.urls import reverse
from python_calamine import CalamineWorkbook

from accounts.models import User
from readiness.assessments.models import Assessment
from readiness.exchange.columns import TEMPLATE
from tests.factories import signed_in
from tests.readiness.assessments.writing import PRACTICES, answer
from tests.readiness.exchange.files import a_csv, bring, confirm, levels

pytestmark = pytest.mark.django_db


def template(person: User, assessment: Assessment, ending: str, language: str = "en") -> bytes:
    path = reverse("readiness:assessment_template", args=[assessment.pk, ending])
    return signed_in(person).get(path.replace("/en/", f"/{language}/")).content


def rows_of(content: bytes, separator: str) -> list[dict[str, str]]:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=separator))
    return [dict(zip([column.key for column in TEMPLATE], row, strict=True)) for row in rows[1:]]


@pytest.mark.parametrize(("language", "separator"), [("en", ","), ("fr", ";")])
def test_it_works(assessment: Assessment, owner: User, language: str, separator: str) -> None:
    rows = rows_of(template(owner, assessment, "csv", language), separator)
    assert tuple(row["practice"] for row in rows) == PRACTICES
    assert all(row["question"] and row["level_0"] and row["level_4"] for row in rows)
    filled = [{**row, "level": "3,0"} for row in rows]
    confirm(owner, assessment, bring(owner, assessment, a_csv(*filled)))
    assert levels(assessment) == dict.fromkeys(PRACTICES, 3)


def test_a_workbook_offers_the_levels_as_a_list(assessment: Assessment, owner: User) -> None:
    content = template(owner, assessment, "xlsx", "fr")
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert '"0,1,2,3,4"' in sheet.replace("&quot;", '"')
    assert len(CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()) == 1 + len(
        PRACTICES
    )


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_left_empty_it_changes_nothing(assessment: Assessment, owner: User, ending: str) -> None:
    answer(assessment, "UC1", 2, owner)
    plan = bring(owner, assessment, template(owner, assessment, ending), f"a.{ending}").context["plan"]
    assert (plan.changes, plan.refusals, plan.empty) == ((), (), len(PRACTICES))


def test_it_writes_over_nothing_that_was_answered_meanwhile(assessment: Assessment, owner: User) -> None:
    rows = rows_of(template(owner, assessment, "csv"), ",")
    answer(assessment, "UC1", 2, owner)
    plan = bring(owner, assessment, a_csv(*({**row, "level": "3"} for row in rows))).context["plan"]
    assert [(each.cell, "version 0, now it is version 1" in each.sentence) for each in plan.refusals] == [("UC1", True)]


def test_there_is_none_as_json(assessment: Assessment, owner: User) -> None:
    assert signed_in(owner).get(f"/en/assessments/{assessment.pk}/template.json").status_code == 404
