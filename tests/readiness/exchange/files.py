"""Asking for files and bringing them back, for tests."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from python_calamine import CalamineWorkbook

from accounts.models import User
from readiness.assessments.models import Answer, Assessment
from readiness.exchange.columns import EXPORT
from tests.factories import signed_in

ENDINGS = ("csv", "json", "xlsx")
Records = list[dict[str, Any]]


def exported(browser: Client, assessment: Assessment, ending: str, *, language: str = "en") -> bytes:
    path = reverse("readiness:assessment_export", args=[assessment.pk, ending])
    return browser.get(path.replace("/en/", f"/{language}/")).content


def bring(person: User, assessment: Assessment, content: bytes, name: str = "answers.csv") -> Any:
    """The answer to an uploaded file."""
    file = SimpleUploadedFile(name, content)
    return signed_in(person).post(reverse("readiness:assessment_import", args=[assessment.pk]), {"file": file})


def confirm(person: User, assessment: Assessment, preview: Any, *, chosen: list[str] | None = None) -> Any:
    """The answer to the form of a preview."""
    plan = preview.context["plan"]
    keys = [change.practice.key for change in plan.changes] if chosen is None else chosen
    form = {"rows": preview.context["rows"], "digest": plan.digest, "practice": keys}
    return signed_in(person).post(reverse("readiness:assessment_import", args=[assessment.pk]), form)


def a_csv(*rows: Mapping[str, object]) -> bytes:
    """A table whose columns are those of the first row."""
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode()


def levels(assessment: Assessment) -> dict[str, int | None]:
    return dict(Answer.objects.filter(assessment=assessment).values_list("practice", "level"))


def _of_csv(content: bytes) -> Records:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1:]
    return [dict(zip([column.key for column in EXPORT], row, strict=True)) for row in rows]


def _of_workbook(content: bytes) -> Records:
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()[1:]
    return [dict(zip([column.key for column in EXPORT], row, strict=True)) for row in rows]


RECORDS: dict[str, Callable[[bytes], Records]] = {
    "csv": _of_csv,
    "json": lambda content: json.loads(content)["practices"],
    "xlsx": _of_workbook,
}
