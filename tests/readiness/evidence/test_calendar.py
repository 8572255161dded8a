"""What runs out: as a page, a calendar file and a table."""

import csv

import pytest
from django.urls import reverse
from django.utils.formats import date_format
from icalendar import Calendar

from accounts.models import Team, User
from readiness.assessments.models import Evidence
from tests.factories import signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import approved, days_ago

pytestmark = pytest.mark.django_db
CALENDAR = "/en/evidence/calendar/"


@pytest.fixture
def evidence(team: Team) -> Evidence:
    """Of a gate practice at level 3: it counts in full for ten more days, and the rule with it."""
    approved(team, 3)
    piece = Evidence.objects.get(answer__practice="UC1")
    Evidence.objects.filter(pk=piece.pk).update(
        dated_on=days_ago(20), valid_until=days_ago(-10), reviewed_by=None, reviewed_at=None
    )
    return piece


def test_it_works(evidence: Evidence, owner: User) -> None:
    text = words(signed_in(owner).get(CALENDAR))
    assert "Rule 1 of Support falls to level 2" in text
    assert "“Minutes of UC1”" in text
    assert "is past its validity and counts one class lower." in text
    only = words(signed_in(owner).get(CALENDAR, {"falls": "1"}))
    assert "evidence or an exemption runs out" not in only


def test_a_calendar_program_reads_it(evidence: Evidence, owner: User) -> None:
    answer = signed_in(owner).get(reverse("readiness:evidence_calendar_ics"))
    assert answer["Content-Type"].startswith("text/calendar")
    events = Calendar.from_ical(answer.content).events
    first = min(events, key=lambda event: event["dtstart"].dt)
    assert (first["summary"], first["dtstart"].dt) == ("Rule 1 of Support falls to level 2", days_ago(-11))


def test_as_a_table(evidence: Evidence, owner: User) -> None:
    Evidence.objects.filter(pk=evidence.pk).update(title="=cmd")
    rows = list(
        csv.DictReader(signed_in(owner).get(reverse("readiness:evidence_calendar_csv")).content.decode().splitlines())
    )
    first = rows[0]
    assert (first["day"], first["practice"], first["piece"]) == (days_ago(-11).isoformat(), "UC1", "'=cmd")
    assert (first["level_before"], first["level_after"]) == ("3", "2")


def test_others_do_not_see_it(evidence: Evidence, stranger: User) -> None:
    assert "Nothing of an approved assessment runs out within a year." in words(signed_in(stranger).get(CALENDAR))


def test_the_practice_warns_before(evidence: Evidence, owner: User) -> None:
    page = reverse("readiness:assessment_practice", args=[evidence.answer.assessment_id, "UC1"])
    text = words(signed_in(owner).get(page))
    assert "renew it soon" in text
    assert f"for nothing from {date_format(days_ago(-41))}" in text
    Evidence.objects.update(dated_on=days_ago(1), valid_until=None)
    assert "renew it soon" not in words(signed_in(owner).get(page))


def test_more_teams_cost_no_more_queries(evidence: Evidence, reviewer: User) -> None:
    few = queries(signed_in(reviewer), CALENDAR)
    for _ in range(3):
        approved(Team.objects.create(name=f"Team {Team.objects.count()}"), 3)
    assert queries(signed_in(reviewer), CALENDAR) == few <= 15
