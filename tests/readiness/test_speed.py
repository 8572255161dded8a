"""What the pages of this side cost with 50 teams and eight assessments of 45 practices each."""

import pytest
from django.urls import reverse

from accounts.models import Role
from tests.factories import UserFactory, signed_in
from tests.pages import queries
from tests.readiness.random_assessments import random_assessments

pytestmark = pytest.mark.django_db

MOST_QUERIES = 15


def test_no_page_asks_more_than_fifteen_queries() -> None:
    """Every page in one test: writing the 18,000 answers is what takes the time."""
    one = random_assessments(teams=50, each=8, seed=3, versions=("2026.2",))[-1]
    browser = signed_in(UserFactory(role=Role.ADMINISTRATOR))
    pages = {
        "overview": [],
        "rule_detail": [1],
        "assessment_list": [],
        "assessment_detail": [one.pk],
        "assessment_practice": [one.pk, "UC1"],
        "assessment_rule_intro": [one.pk, 1],
        "assessment_rule": [one.pk, 1],
        "assessment_result": [one.pk],
        "trend_company": [],
        "trend_detail": [one.team_id],
        "comparison": [],
        "success_metric_list": [],
        "success_metric_add": [],
    }
    cost = {name: queries(browser, reverse(f"readiness:{name}", args=args)) for name, args in pages.items()}
    assert {name: count for name, count in cost.items() if count > MOST_QUERIES} == {}
