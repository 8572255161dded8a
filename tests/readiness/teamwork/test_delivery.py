"""Sending the outbox: once, tried again with patience, and never by two at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from accounts.models import User
from readiness.teamwork import delivery
from readiness.teamwork.delivery import LEASE, MOST_TRIES, send_due
from readiness.teamwork.models import Mail

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 27, 7, tzinfo=UTC)


@pytest.fixture
def waiting(owner: User) -> Mail:
    return Mail.objects.create(
        recipient=owner, day=NOW.date(), language="en", subject="Subject", text="Text", created_at=NOW, due_at=NOW
    )


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(mail.EmailMessage, "send", refuse)


def test_it_works(waiting: Mail, owner: User) -> None:
    assert send_due(NOW) == 1
    assert send_due(NOW) == 0
    (sent,) = mail.outbox
    assert (sent.to, sent.subject, sent.body) == ([owner.email], "Subject", "Text")
    assert sent.extra_headers["Message-ID"] == f"<{waiting.uuid}@vigie>"
    waiting.refresh_from_db()
    assert (waiting.state, waiting.sent_at) == ("sent", NOW)


@pytest.mark.usefixtures("broken")
def test_it_is_tried_again_later(waiting: Mail) -> None:
    assert send_due(NOW) == 0
    waiting.refresh_from_db()
    assert (waiting.state, waiting.problem, waiting.tries) == ("waiting", "mail_failed", 1)
    assert waiting.due_at > NOW
    assert delivery.problem_sentence(waiting.problem)


@pytest.mark.usefixtures("broken")
def test_it_is_given_up_in_the_end(waiting: Mail) -> None:
    Mail.objects.update(tries=MOST_TRIES - 1)
    send_due(NOW)
    waiting.refresh_from_db()
    assert waiting.state == "given_up"


def test_what_another_sends_is_left_to_them_until_the_lease_ends(waiting: Mail) -> None:
    Mail.objects.update(lease=1, leased_until=NOW + LEASE)
    assert send_due(NOW) == 0
    assert send_due(NOW + LEASE + timedelta(seconds=1)) == 1


def test_who_left_meanwhile_gets_none(waiting: Mail, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert send_due(NOW) == 0
    waiting.refresh_from_db()
    assert (waiting.state, mail.outbox) == ("given_up", [])
