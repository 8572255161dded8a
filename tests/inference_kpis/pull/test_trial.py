"""Trying a node from the command line: everything is said, nothing is stored."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import AuditEvent, Role
from inference_kpis.fleet.models import Node
from inference_kpis.pull.models import PullState
from tests.factories import UserFactory
from tests.inference_kpis.pull.hostile import Server, serving

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    with serving() as server:
        server.requests = 5
        settings.DEMO_ENDPOINTS = frozenset({f"127.0.0.1:{server.port}"})
        yield server


def check(url: str, by: str) -> str:
    out = StringIO()
    call_command("check_node", url, by=by, stdout=out)
    return out.getvalue()


@pytest.fixture
def operator() -> str:
    return str(UserFactory(role=Role.OPERATOR).email)


def test_it_works(server: Server, operator: str) -> None:
    said = check(f"http://127.0.0.1:{server.port}/good", operator)
    for words in (
        "status       200",
        "format       Prometheus text",
        "engine       vLLM",
        "models       m",
        "measures     requests, failed_requests, prompt_tokens, output_tokens, queue_depth, e2e_latency",
        "9 samples",
    ):
        assert words in said
    event = AuditEvent.objects.get()
    assert (event.verb, event.subject) == ("node.try", f"127.0.0.1:{server.port}")
    assert event.details == {"problem": "", "status": 200}
    assert not Node.objects.exists()
    assert not PullState.objects.exists()


def test_a_page_that_is_none_is_said(server: Server, operator: str) -> None:
    with pytest.raises(CommandError, match="The answer is no metrics page"):
        check(f"http://127.0.0.1:{server.port}/html", operator)


def test_what_was_dropped_is_said(server: Server, operator: str) -> None:
    assert "dropped      A series came twice; its first value was taken." in check(
        f"http://127.0.0.1:{server.port}/twice", operator
    )


def test_the_guard_is_that_of_every_pull(server: Server, operator: str, settings: Settings) -> None:
    settings.DEMO_ENDPOINTS = frozenset()
    with pytest.raises(CommandError, match="in no network that the administrator allowed"):
        check(f"http://127.0.0.1:{server.port}/good", operator)
    assert AuditEvent.objects.get().details["problem"] == "address_refused"


def test_a_url_that_holds_a_password_is_not_written_down(operator: str) -> None:
    with pytest.raises(CommandError, match="no user name"):
        check("http://user:s3cret@10.0.0.1/metrics", operator)
    assert "s3cret" not in str(AuditEvent.objects.values())


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, None])
def test_only_who_writes_the_fleet_may_try(server: Server, role: Role | None) -> None:
    by = UserFactory(role=role).email if role else "nobody@example.test"
    with pytest.raises(CommandError, match="Only an operator"):
        check(f"http://127.0.0.1:{server.port}/good", by)
    assert not AuditEvent.objects.exists()
