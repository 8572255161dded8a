"""What the pages of this side cost with 50 teams and eight snapshots of 45 practices each."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import signed_in
from tests.readiness.random_assessments import random_assessments
from tests.test_access import ROWS, World

pytestmark = pytest.mark.django_db

MOST_QUERIES = 15
ASKER = "other administrator"
# No page: what the navigation asks for once a minute, which also writes down what it counted.
NOT_PAGES = {"readiness:my_work_count"}


def test_no_page_asks_more_than_fifteen_queries() -> None:
    """Every page in one test: writing the answers is what takes the time."""
    world = World()
    assessments = random_assessments(teams=50, each=8, seed=3, versions=("2026.2",), has_earlier_answers=False)
    world.assessment, world.team = assessments[-1], assessments[-1].team
    browser = signed_in(world.people[ASKER])
    cost = {}
    for name, row in ROWS.items():
        if name.startswith("readiness:") and row.method == "get" and ASKER in row.may and name not in NOT_PAGES:
            address = reverse(name, args=row.arguments(world))
            with CaptureQueriesContext(connection) as captured:
                answer = browser.get(address)
            # A page that leads on to another one costs less than what it leads to.
            assert answer.status_code in {200, 302}, name
            cost[name] = len(captured)
    assert len(cost) > 40
    assert {name: count for name, count in cost.items() if count > MOST_QUERIES} == {}
