"""Scores over the API are those of the pages, and what is given is enough to compute them again."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from readiness.assessments.models import Assessment, RuleTarget
from readiness.assessments.results import company_result, result_of
from readiness.scoring import obstacles, rounded
from tests.factories import TeamFactory, UserFactory
from tests.readiness.api.asking import Script
from tests.readiness.assessments.writing import answer, approved
from tests.readiness.random_assessments import random_assessments

pytestmark = pytest.mark.django_db


@pytest.fixture
def executive() -> Script:
    return Script(UserFactory(role=Role.EXECUTIVE))


def as_answered(score: Any) -> dict[str, Any]:
    """A level with its indexes, as a script reads it."""
    indexes = {name: getattr(score, name) for name in ("index", "declared_index")}
    return {"level": score.level, **{k: None if v is None else float(rounded(v)) for k, v in indexes.items()}}


@pytest.mark.parametrize("seed", range(4))
def test_it_works(executive: Script, seed: int) -> None:
    for assessment in random_assessments(teams=3, each=2, seed=seed):
        body = executive.get(f"assessments/{assessment.pk}/result").json()
        result = result_of(assessment, datetime.now(UTC))
        assert body["overall"] == as_answered(result.overall)
        assert [rule["score"] for rule in body["rules"]] == [as_answered(rule.score) for rule in result.rules]
        for told, rule in zip(body["rules"], result.rules, strict=True):
            assert [each["verified"] for each in told["practices"]] == [each.verified for each in rule.score.practices]
            if told["next_level"]:
                assert len(told["obstacles"]) == len(obstacles(rule.score, told["next_level"]))


def test_the_index_can_be_computed_from_its_parts(executive: Script) -> None:
    assessed = 0
    for assessment in random_assessments(teams=6, each=1, seed=11):
        for rule in executive.get(f"assessments/{assessment.pk}/result").json()["rules"]:
            counted = [each for each in rule["practices"] if each["is_applicable"]]
            weight = sum(each["weight"] for each in counted)
            levels = sum(each["weight"] * each["verified"] for each in counted)
            assert (rule["weight"], rule["weighted_levels"]) == (weight, levels)
            if rule["score"]["level"] is not None:
                assessed += 1
                assert Decimal(str(rule["score"]["index"])) == rounded(Fraction(100 * levels, 4 * weight))
                assert sum(rule["confidence"].values()) == pytest.approx(1)
    assert assessed


def test_what_keeps_it_from_the_next_level_is_said(assessment: Assessment, owner: User) -> None:
    answer(assessment, "UC1", 2, owner)
    rule = Script(owner).get(f"assessments/{assessment.pk}/result").json()["rules"][0]
    assert (rule["rule"], rule["score"]["level"], rule["next_level"]) == ("use_cases", 0, 1)
    assert {each["kind"] for each in rule["obstacles"]} == {"gate_below", "share_short"}
    gate = next(each for each in rule["obstacles"] if each["kind"] == "gate_below")
    assert (gate["verified"], gate["needed"]) == (0, 1)


def test_the_company_is_that_of_the_overview(executive: Script) -> None:
    random_assessments(teams=4, each=1, seed=5)
    RuleTarget.objects.create(rule=1, level=2)
    company, body = company_result(datetime.now(UTC)), executive.get("company").json()
    assert body["overall"] == as_answered(company.overall)
    assert [(rule["target_level"], rule["status"]) for rule in body["rules"]] == [
        (target, verdict.status) for _, _, verdict, target in company.rules
    ]
    assert [each["level"] for each in executive.get("targets").json()["targets"]] == [2, 3, 3, 3]


def test_nothing_approved_is_no_score(executive: Script) -> None:
    body = executive.get("company").json()
    assert body["overall"] == {"level": None, "index": None, "declared_index": None}
    assert {(rule["status"], rule["score"]) for rule in body["rules"]} == {("not_assessed", None)}


def test_before_approval_there_is_no_snapshot(assessment: Assessment, owner: User) -> None:
    assert Script(owner).get(f"assessments/{assessment.pk}/snapshot").status_code == 404


def test_a_result_costs_the_same_however_many_there_are(executive: Script) -> None:
    def cost(assessment: Assessment) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert executive.get(f"assessments/{assessment.pk}/result").status_code == 200
        return len(captured)

    alone = approved(TeamFactory())
    executive.get("company")
    before = cost(alone)
    assert cost(random_assessments(teams=12, each=1, seed=2)[-1]) == before <= 15
