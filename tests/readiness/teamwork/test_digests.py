"""The e-mail of the day: once, at eight by the company's clock, in the reader's language."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone, translation

from accounts.models import User
from readiness.assessments.models import Assessment
from readiness.teamwork.digests import sections_of, write_digests
from readiness.teamwork.models import Mail, WorkPreference
from readiness.teamwork.tasks import send_mails
from readiness.teamwork.tasks import write_digests as write_digests_task
from readiness.work import WorkItem, WorkKind
from tests.readiness.teamwork.asking import ask, say

pytestmark = pytest.mark.django_db
# Paris is one hour ahead of UTC in winter, two in summer; the clock changes on 2027-03-28.
WINTER, SUMMER = date(2027, 3, 27), date(2027, 3, 28)
MORNING = datetime(2027, 3, 27, 7, 0, tzinfo=UTC)


@pytest.fixture
def overdue(assessment: Assessment, owner: User, colleague: User) -> User:
    """Somebody with something that is overdue."""
    ask(assessment, colleague, owner, due_on=date(2027, 3, 20))
    return colleague


def test_it_works(overdue: User) -> None:
    assert write_digests(MORNING) == 1
    written = Mail.objects.get()
    assert (written.recipient, written.day, written.state) == (overdue, WINTER, "waiting")
    assert written.subject == "1 thing waits for you"
    assert "Overdue\n- Answer “" in written.text
    assert "/en/assignments/" in written.text


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2027, 3, 27, 6, 59, tzinfo=UTC), 0),
        (datetime(2027, 3, 27, 7, 0, tzinfo=UTC), 1),
        (datetime(2027, 3, 28, 5, 59, tzinfo=UTC), 0),
        (datetime(2027, 3, 28, 6, 0, tzinfo=UTC), 1),
        (datetime(2027, 3, 27, 22, 59, tzinfo=UTC), 1),
    ],
)
def test_the_day_begins_at_eight_by_the_clock(overdue: User, moment: datetime, written: int) -> None:
    assert write_digests(moment) == written


def test_a_day_has_one_also_when_the_clock_changes(overdue: User) -> None:
    # In the third morning it is eight an hour earlier than on the first.
    moments = [MORNING + timedelta(hours=hours) for hours in range(47)]
    assert sum(map(write_digests, moments)) == 2
    assert list(Mail.objects.values_list("day", flat=True)) == [SUMMER, WINTER]


def test_who_has_nothing_gets_nothing_that_day(assessment: Assessment, owner: User, colleague: User) -> None:
    assert write_digests(MORNING) == 0
    ask(assessment, colleague, owner, due_on=WINTER)
    assert write_digests(MORNING + timedelta(hours=1)) == 0
    assert write_digests(MORNING + timedelta(days=1)) == 1


@pytest.mark.parametrize("values", [{"wants_digest": False}, {"digested_on": WINTER}])
def test_who_wants_none_gets_none(overdue: User, values: dict[str, object]) -> None:
    WorkPreference.objects.create(user=overdue, **values)
    assert write_digests(MORNING) == 0


def test_who_may_no_longer_sign_in_gets_none(overdue: User) -> None:
    User.objects.filter(pk=overdue.pk).update(is_active=False)
    assert write_digests(MORNING) == 0


def test_it_is_in_the_language_of_its_reader(overdue: User) -> None:
    WorkPreference.objects.create(user=overdue, language="fr")
    write_digests(MORNING)
    written = Mail.objects.get()
    assert "20 mars 2027" in written.text
    assert "/fr/assignments/" in written.text
    assert translation.get_language() == "en"


def test_a_mention_is_told(assessment: Assessment, owner: User, colleague: User) -> None:
    say(assessment, "Please look", owner, mention=colleague)
    write_digests(MORNING)
    assert "You are named\n- Olive Owner names you: “Please look” (Support)" in Mail.objects.get().text


def test_what_is_due_later_waits_on_the_page() -> None:
    def item(days: int) -> WorkItem:
        return WorkItem(WorkKind.ACTION, str(days), "/", "Team", WINTER + timedelta(days=days))

    sections = sections_of([item(days) for days in (-40, -1, 0, 1, 3, 4)], WINTER)
    assert [[each.title for each in found] for _heading, found in sections] == [["-40", "-1"], ["0"], ["1", "3"]]


def test_a_demo_person_is_sent_nothing(overdue: User) -> None:
    User.objects.filter(pk=overdue.pk).update(is_demo=True)
    write_digests(MORNING)
    send_mails()
    assert Mail.objects.get().state == "held"
    assert mail.outbox == []


def test_the_tasks_do_it(assessment: Assessment, owner: User, colleague: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("readiness.teamwork.digests.HOUR", 0)
    ask(assessment, colleague, owner, due_on=timezone.localdate())
    write_digests_task()
    send_mails()
    send_mails()
    assert [(each.to, each.subject) for each in mail.outbox] == [([colleague.email], "1 thing waits for you")]


@pytest.mark.django_db(transaction=True)
def test_two_workers_write_one(overdue: User) -> None:
    def work(_number: int) -> int:
        try:
            return write_digests(MORNING)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 1
    assert Mail.objects.count() == 1
