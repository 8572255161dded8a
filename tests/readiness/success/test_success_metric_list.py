"""The list of success metrics: everybody reads where each one stands."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.models import Role, Team, User
from tests.factories import NodeFactory, UserFactory, signed_in
from tests.pages import queries, words
from tests.readiness.measurements import FAST, serve
from tests.readiness.success.promises import promise

pytestmark = pytest.mark.django_db
PAGE = "readiness:success_metric_list"


def page(person: User) -> str:
    return words(signed_in(person).get(reverse(PAGE)))


def test_it_works(team: Team, owner: User, stranger: User) -> None:
    promise(team, owner, name="Fast enough", kpi="e2e_latency_p95", target_value=700)
    promise(team, owner, name="Too fast to be true", kpi="e2e_latency_p95", target_value=400)
    serve(NodeFactory(), datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=10), FAST)
    text = page(stranger)
    assert "Fast enough End-to-end latency, p95 ≤\u00a0500\u00a0ms" in text
    fast, slow = text.index("Fast enough"), text.index("Too fast to be true")
    assert "≤\u00a0700\u00a0ms Met" in text[fast:slow]
    assert "≤\u00a0400\u00a0ms Unknown" in text[slow:]


def test_what_is_not_measured_is_unknown(team: Team, owner: User) -> None:
    promise(team, owner)
    assert "Requests that succeed Success ratio no data" in page(owner)
    assert "≥\u00a099.5% Unknown" in page(owner)


def test_the_nearest_date_comes_first(team: Team, owner: User) -> None:
    for name, day in (("Late", 30), ("Early", 10), ("Middle", 20)):
        promise(team, owner, name=name, target_on=datetime(2030, 1, day, tzinfo=UTC).date())
    text = page(owner)
    assert text.index("Early") < text.index("Middle") < text.index("Late")


def test_what_is_retired_is_gone(team: Team, owner: User) -> None:
    promise(team, owner, retired_at=datetime.now(UTC))
    assert "Requests that succeed" not in page(owner)


def test_without_any_it_says_what_to_do(owner: User) -> None:
    text = page(owner)
    assert "No success metric yet" in text
    assert text.count("Add a success metric") == 2


@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.CONTRIBUTOR])
def test_who_writes_for_no_team_is_offered_no_new_one(role: Role) -> None:
    assert "Add a success metric" not in page(UserFactory(role=role))


def test_twenty_metrics_cost_as_many_queries_as_one(team: Team, owner: User) -> None:
    site = NodeFactory().site
    promise(team, owner)
    browser = signed_in(owner)
    with_one = queries(browser, reverse(PAGE))
    for number in range(19):
        promise(team, UserFactory(), name=f"Metric {number}", scope="site", site=site)
    assert queries(browser, reverse(PAGE)) == with_one


def test_numbers_are_written_in_french(team: Team, owner: User) -> None:
    promise(team, owner)
    text = words(signed_in(owner).get("/fr/success-metrics/"))
    assert "≥\u00a099,5\u00a0%" in text
    assert "99.5" not in text


def test_other_methods_are_refused(owner: User) -> None:
    assert signed_in(owner).post(reverse(PAGE)).status_code == 405
