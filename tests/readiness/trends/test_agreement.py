"""Nothing that shows a score may contradict another: the same numbers in result, snapshot, trend, drawing and file."""

import csv
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from readiness.assessments.models import Assessment
from readiness.assessments.results import Result, results_of
from readiness.scoring import rounded
from tests.factories import UserFactory, signed_in
from tests.readiness.random_assessments import random_assessments

pytestmark = pytest.mark.django_db

Numbers = dict[str, tuple[int | None, str, str]]


def numbers(level: int | None, index: object, declared: object) -> tuple[int | None, str, str]:
    return level, "" if index is None else str(index), "" if declared is None else str(declared)


def of_result(result: Result) -> Numbers:
    scores = [(rule.rule.key, rule.score) for rule in result.rules]
    return {
        key: numbers(score.level, *(None if each is None else rounded(each) for each in (score.index, score.declared_index)))
        for key, score in [*scores, ("overall", result.overall)]
    }  # fmt: skip


def of_snapshot(assessment: Assessment) -> Numbers:
    frozen = assessment.snapshot.scores
    return {
        key: numbers(score["level"], score["index"], score["declared_index"])
        for key, score in [*frozen["rules"].items(), ("overall", frozen["overall"])]
    }


def of_file(browser: Client, address: str) -> Iterator[tuple[tuple[str, str], Numbers]]:
    """By team and moment."""
    found: dict[tuple[str, str], Numbers] = {}
    for row in csv.DictReader(browser.get(address).content.decode().splitlines()):
        level = int(row["level"]) if row["level"] else None
        found.setdefault((row["team"], row["taken_at"]), {})[row["rule"]] = (level, row["index"], row["declared_index"])
    yield from found.items()


def test_it_works_for_200_random_assessments() -> None:
    """Results, snapshots, the trend's table, its drawing and its file, of 25 teams with 8 assessments each."""
    written = random_assessments(teams=25, each=8, seed=1)
    expected = {result.assessment.pk: of_result(result) for result in results_of(written, timezone.now())}
    assert {level for each in expected.values() for level, *_ in each.values()} >= {0, 1, 2, 3, None}
    browser = signed_in(UserFactory(role=Role.EXECUTIVE))
    for last in written[7::8]:
        ours = [each for each in written if each.team_id == last.team_id]
        assert [of_snapshot(each) for each in ours] == [expected[each.pk] for each in ours]
        context = browser.get(reverse("readiness:trend_detail", args=[last.team_id])).context
        for point in context["points"]:
            score = {rule.key: score for rule, score in point.rules} | {"overall": point.overall}
            assert expected[point.assessment] == {
                key: numbers(each.level, *(None if value is None else rounded(value) for value in (each.index, each.declared_index)))
                for key, each in score.items()
            }  # fmt: skip
        drawn = [series.points for series in context["index_chart"].series]
        assert drawn == [
            tuple((at, float(text) if (text := expected[each.pk][key][1]) else None)
                  for (at, _), each in zip(points, ours, strict=True))
            for key, points in zip([rule.key for rule, _ in context["points"][0].rules], drawn, strict=True)
        ]  # fmt: skip
        file = [found for _, found in of_file(browser, reverse("readiness:trend_csv", args=[last.team_id]))]
        assert file == [expected[each.pk] for each in ours]


def test_the_comparison_agrees_with_the_result_pages() -> None:
    written = random_assessments(teams=10, each=1, seed=2)
    browser = signed_in(UserFactory(role=Role.EXECUTIVE))
    shown = {each.team.name: of_result(browser.get(reverse("readiness:assessment_result", args=[each.pk])).context["result"])
             for each in written}  # fmt: skip
    assert {team: found for (team, _), found in of_file(browser, "/en/comparison/comparison.csv")} == shown
    for _, point, cells in browser.get("/en/comparison/").context["rows"]:
        name = next(each.team.name for each in written if each.pk == point.assessment)
        assert [score.level for _, score, _ in cells] == [level for level, *_ in list(shown[name].values())[:-1]]
