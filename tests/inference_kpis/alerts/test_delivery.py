"""Sending: at least once, told once, in order, retried with back-off, through the guard, signed."""

import hashlib
import hmac
import json
import smtplib
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core import mail
from django.db import connections

from inference_kpis.alerts import delivery
from inference_kpis.alerts.delivery import send_due
from inference_kpis.alerts.models import Channel, Notification
from inference_kpis.alerts.outbox import enqueue_test
from inference_kpis.fleet.models import Node
from inference_kpis.pull.client import Limits, Posting, post_all
from tests.factories import scheduled
from tests.inference_kpis.alerts.makers import channel, enter, kpi_rule, measured, nodes_up, state_rule, watch
from tests.inference_kpis.pulls import at

pytestmark = pytest.mark.django_db
SECRET = "s3cret-of-the-hook"
URL = "https://hooks.example.test/T0/B0/secret-path"


def outage(where: Channel, nodes: int = 1) -> Notification:
    """Nodes of one site go down; the message that waits."""
    state_rule(channel=where)
    for node in nodes_up(nodes):
        enter(node, Node.State.DOWN, 0)
    watch(30)
    return Notification.objects.get()


def hook(kind: str = Channel.Kind.WEBHOOK, **values: Any) -> Channel:
    found = channel(kind=kind, **values)
    found.seal(url=URL, host="hooks.example.test", secret=SECRET)
    found.save()
    return found


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch) -> list[Posting]:
    """What would have been posted; every answer is one of success."""
    found: list[Posting] = []

    def post(postings: list[Posting], limits: Limits) -> list[str]:
        found.extend(postings)
        return [""] * len(postings)

    monkeypatch.setattr(delivery, "post_all", post)
    return found


def answering(monkeypatch: pytest.MonkeyPatch, problem: str) -> None:
    monkeypatch.setattr(delivery, "post_all", lambda postings, limits: [problem] * len(postings))


class TestMail:
    def test_it_works(self) -> None:
        outage(channel(kind="email", recipients=["ops@example.test"]))
        assert send_due(at(60)) == 1
        (message,) = mail.outbox
        assert message.bcc == ["ops@example.test"]
        assert "\n" not in message.subject
        assert "is down, with its 1 node" in message.subject
        assert "/en/alerts/" in message.body
        assert Notification.objects.get().state == "sent"

    def test_it_speaks_the_language_of_its_channel(self) -> None:
        outage(channel(kind="email", recipients=["ops@example.test"], language="fr"))
        send_due(at(60))
        assert "/fr/alerts/" in mail.outbox[0].body

    def test_a_server_that_refuses_is_asked_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        outage(channel(kind="email", recipients=["ops@example.test"]))

        def refuse(self: object) -> None:
            raise smtplib.SMTPServerDisconnected

        with monkeypatch.context() as patch:
            patch.setattr(mail.EmailMessage, "send", refuse)
            assert send_due(at(60)) == 0
        waiting = Notification.objects.get()
        assert (waiting.state, waiting.problem, waiting.due_at) == ("waiting", "mail_failed", at(70))
        assert send_due(at(71)) == 1

    def test_a_kpi_is_told_with_its_value_and_threshold(self) -> None:
        kpi_rule(channel=channel(kind="email", recipients=["ops@example.test"]), raise_after_seconds=0)
        (node,) = nodes_up()
        scheduled(node, at(0))
        measured(node, [0, 100, 200])
        watch(40, start=35)
        send_due(at(120))
        assert "≥\u00a01000\u00a0ms" in mail.outbox[0].body.replace("1,000", "1000")
        assert "500\u00a0ms" in mail.outbox[0].body


class TestHooks:
    def test_it_works(self, posts: list[Posting]) -> None:
        waiting = outage(hook(), nodes=3)
        assert send_due(at(60)) == 1
        (post,) = posts
        told = json.loads(post.body)
        headers = dict(post.headers)
        assert post.url == URL
        assert (told["version"], told["status"], told["delivery"]) == (1, "firing", str(waiting.uuid))
        assert headers["X-Vigie-Delivery"] == str(waiting.uuid)
        assert len(told["alerts"]) == 3
        assert {each["happened"] for each in told["alerts"]} == {"fired"}

    def test_a_receiver_can_check_who_sent_it(self, posts: list[Posting]) -> None:
        outage(hook())
        send_due(at(60))
        headers = dict(posts[0].headers)
        stamp, _, digest = headers["X-Vigie-Signature"].partition(",v1=")
        signed = f"{stamp.removeprefix('t=')}.".encode() + posts[0].body
        assert hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest() == digest

    @pytest.mark.parametrize("kind", ["slack", "mattermost", "teams"])
    def test_chats_get_what_they_expect(self, posts: list[Posting], kind: str) -> None:
        where = hook(kind)
        state_rule(channel=where, name="<!channel> @all & co")
        (node,) = nodes_up()
        enter(node, Node.State.DOWN, 0)
        watch(30)
        send_due(at(60))
        text = posts[0].body.decode()
        told = json.loads(text)
        match kind:
            case "slack":
                assert "&lt;!channel&gt;" in told["text"]
                assert "<!" not in told["text"]
            case "mattermost":
                assert "@all" not in told["text"]
            case "teams":
                card = told["attachments"][0]["content"]
                assert (card["type"], card["body"][0]["wrap"]) == ("AdaptiveCard", True)
        assert "X-Vigie-Signature" not in dict(posts[0].headers)

    def test_secrets_are_sealed_and_shown_nowhere(self, caplog: pytest.LogCaptureFixture) -> None:
        where = hook()
        outage(where)
        send_due(at(60))
        row = Channel.objects.values().get()
        assert URL not in str(row)
        assert SECRET not in str(row)
        assert URL not in caplog.text
        assert URL not in repr(Posting(URL, b"", 1))

    def test_keys_that_are_lost_are_a_problem_of_the_channel(self, posts: list[Posting]) -> None:
        where = hook()
        outage(where)
        Channel.objects.update(url_sealed=b"not sealed with our keys")
        assert send_due(at(60)) == 0
        assert Notification.objects.get().problem == "key_lost"


class TestTrying:
    def test_it_waits_twice_as_long_each_time_and_gives_up_in_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        outage(hook())
        answering(monkeypatch, "status")
        moments, now = [], at(60)
        for _ in range(delivery.MOST_TRIES):
            send_due(now)
            waiting = Notification.objects.get()
            moments.append((waiting.due_at - now).total_seconds())
            now = waiting.due_at
        assert moments[:5] == [10, 20, 40, 80, 160]
        assert max(moments) == 3600
        assert (waiting.state, waiting.tries) == ("given_up", delivery.MOST_TRIES)
        assert send_due(now + timedelta(days=1)) == 0

    def test_nothing_is_sent_before_its_time(self, posts: list[Posting]) -> None:
        outage(hook())
        assert send_due(at(31)) == 0
        assert posts == []

    def test_messages_about_one_thing_arrive_in_order(self, monkeypatch: pytest.MonkeyPatch) -> None:
        where = hook()
        outage(where)
        answering(monkeypatch, "timed_out")
        send_due(at(60))
        enter(Node.objects.get(), Node.State.UP, 62)
        watch(70, start=65)
        assert Notification.objects.count() == 2
        Notification.objects.update(due_at=at(100))
        told: list[bytes] = []

        def post(postings: list[Posting], limits: Limits) -> list[str]:
            told.extend(posting.body for posting in postings)
            return [""] * len(postings)

        monkeypatch.setattr(delivery, "post_all", post)
        send_due(at(100))
        send_due(at(101))
        assert [json.loads(body)["status"] for body in told] == ["firing", "resolved"]

    def test_who_is_killed_between_the_change_and_the_sending_loses_nothing(self, posts: list[Posting]) -> None:
        """The state has moved, its message is a row: whoever runs the sender next sends it."""
        outage(hook())
        assert send_due(at(3600)) == 1
        assert len(posts) == 1

    def test_who_is_killed_while_sending_leaves_it_to_the_next_after_the_lease(
        self, monkeypatch: pytest.MonkeyPatch, posts: list[Posting]
    ) -> None:
        outage(hook())

        def die(*_: object) -> None:
            raise SystemExit

        with monkeypatch.context() as patch:
            patch.setattr(delivery, "post_all", die)
            with pytest.raises(SystemExit):
                send_due(at(60))
        assert send_due(at(61)) == 0
        assert send_due(at(60) + delivery.LEASE + timedelta(seconds=1)) == 1
        assert len(posts) == 1

    def test_who_comes_back_after_the_lease_does_not_undo_what_the_next_wrote(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outage(hook())
        late = at(60) + delivery.LEASE + timedelta(seconds=1)

        def slow(postings: list[Posting], limits: Limits) -> list[str]:
            with monkeypatch.context() as patch:
                patch.setattr(delivery, "post_all", lambda postings, limits: [""])
                assert send_due(late) == 1
            return ["timed_out"]

        monkeypatch.setattr(delivery, "post_all", slow)
        assert send_due(at(60)) == 0
        assert (Notification.objects.get().state, Notification.objects.get().problem) == ("sent", "")

    def test_a_test_is_tried_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        enqueue_test(hook(), at(0))
        answering(monkeypatch, "status")
        send_due(at(1))
        assert Notification.objects.get().state == "given_up"

    def test_what_stays_in_the_application_is_sent_at_once(self) -> None:
        outage(channel())
        assert send_due(at(60)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_send_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        enqueue_test(hook(name=f"Hook {number}"), at(0))
    sent: list[bytes] = []
    together = threading.Barrier(2, timeout=30)
    claim = delivery._claim

    def claim_together(now: Any) -> list[Notification]:
        together.wait()
        return claim(now)

    def post(postings: list[Posting], limits: Limits) -> list[str]:
        sent.extend(posting.body for posting in postings)
        return [""] * len(postings)

    monkeypatch.setattr(delivery, "_claim", claim_together)
    monkeypatch.setattr(delivery, "post_all", post)

    def run() -> None:
        try:
            send_due(at(1))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == 6
    assert len({json.loads(body)["delivery"] for body in sent}) == 6


# --- Through the door ------------------------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[bytes], dict[str, int]]]:
    """A server on loopback that keeps what it is sent and answers as told."""
    bodies: list[bytes] = []
    answer = {"status": 200}

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(answer["status"])
            if answer["status"] == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", bodies, answer
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "problem"),
    [(200, ""), (204, ""), (302, "redirected"), (403, "not_allowed"), (404, "status"), (500, "status")],
)
def test_an_answer_is_judged_by_its_status(
    receiver: tuple[str, list[bytes], dict[str, int]], status: int, problem: str
) -> None:
    endpoint, bodies, answer = receiver
    answer["status"] = status
    limits = Limits((), frozenset({endpoint}))
    assert post_all([Posting(f"http://{endpoint}/hook", b"{}", 5)], limits) == [problem]
    assert bodies == [b"{}"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "[::1]", "10.1.2.3"])
def test_no_address_that_nobody_allowed_is_posted_to(host: str) -> None:
    limits = Limits(("192.0.2.0/24",), frozenset())
    assert post_all([Posting(f"http://{host}:9/hook", b"{}", 5)], limits) == ["address_refused"]


def test_not_even_an_allowed_network_opens_this_host(receiver: tuple[str, list[bytes], dict[str, int]]) -> None:
    endpoint, bodies, _ = receiver
    limits = Limits(("0.0.0.0/0",), frozenset())
    assert post_all([Posting(f"http://{endpoint}/hook", b"{}", 5)], limits) == ["address_refused"]
    assert bodies == []
