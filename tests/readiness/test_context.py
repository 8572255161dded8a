"""What others report: content with source and date, in both languages, shown apart from the company's own figures."""

from dataclasses import replace
from pathlib import Path

import pytest
from django.urls import reverse

from accounts.models import User
from readiness.assessments.models import Assessment
from readiness.bank import BankError, Text
from readiness.checks import check_content
from readiness.context import ContextFigure, context_figures, context_problems
from tests.factories import signed_in
from tests.pages import words

FIGURE = ContextFigure("a", 1, Text("Half.", "La moitié."), "Somebody", "2024-12")


def test_it_works() -> None:
    figures = context_figures()
    assert list(context_problems(figures)) == []
    assert {figure.rule for figure in figures} == {1, 2, 3, 4}
    assert check_content(None) == []


@pytest.mark.parametrize(
    ("published_on", "day", "precision"),
    [("2024", "2024-01-01", "year"), ("2024-12", "2024-12-01", "month"), ("2024-12-10", "2024-12-10", "day")],
)
def test_dates_are_as_exact_as_the_source(published_on: str, day: str, precision: str) -> None:
    figure = replace(FIGURE, published_on=published_on)
    assert (figure.day.isoformat(), figure.precision) == (day, precision)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"text": Text("Half.", " ")}, "the fr text is missing"),
        ({"rule": 5}, "there is no rule 5"),
        ({"source": ""}, "the source is missing"),
        ({"published_on": "2024-13"}, "published_on is a year, a month or a day"),
        ({"published_on": "last year"}, "published_on is a year, a month or a day"),
    ],
)
def test_what_is_missing_is_said(changes: dict[str, object], says: str) -> None:
    [problem] = context_problems((replace(FIGURE, **changes),))
    assert says in problem


def test_a_key_is_used_once() -> None:
    assert list(context_problems((FIGURE, FIGURE))) == ["context.toml, a: this key is used twice."]


def test_a_misspelt_field_is_refused(tmp_path: Path) -> None:
    (tmp_path / "context.toml").write_text('[[figure]]\nkey = "a"\nrules = 1\n')
    with pytest.raises(BankError, match=r"context\.toml, a: has to hold en, fr, key"):
        context_figures(tmp_path)


@pytest.mark.django_db
def test_it_stands_apart_on_the_pages_of_a_rule(owner: User, assessment: Assessment) -> None:
    for url in (
        reverse("readiness:rule_detail", args=[1]),
        reverse("readiness:assessment_rule_intro", args=[assessment.pk, 1]),
    ):
        text = words(signed_in(owner).get(url))
        assert "What others report" in text
        assert "nothing here counts in a score" in text
        assert "EY, 10 December 2024" in text
