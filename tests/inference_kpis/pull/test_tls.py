"""TLS with real servers: whom a pull trusts, what it shows, and what is said when either side refuses."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from inference_kpis.fleet.models import Node
from inference_kpis.pull.certificates import client_certificate
from inference_kpis.pull.client import Fetched, Limits, Target, fetch_all
from inference_kpis.pull.ingestion import pull_claimed
from inference_kpis.pull.models import PullTls
from inference_kpis.pull.schedule import claim_due
from inference_kpis.pull.tls import Tls
from tests.factories import NodeFactory, scheduled
from tests.inference_kpis.certificates import Authority
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.pull.hostile import Server, server_context, serving

OURS, STRANGER = Authority(), Authority()
CLIENT, FOREIGN = OURS.issue("vigie"), STRANGER.issue("vigie")
TRUSTING = Tls(OURS.pem)
SHOWING = Tls(OURS.pem, CLIENT.certificate, CLIENT.key)


def fetch(server: Server, tls: Tls, scheme: str = "https") -> Fetched:
    limits = Limits((), frozenset({f"127.0.0.1:{server.port}"}))
    return fetch_all([Target(1, 1, f"{scheme}://127.0.0.1:{server.port}/good", 20, tls=tls)], limits)[0]


def test_it_works() -> None:
    with serving(server_context(OURS.issue("127.0.0.1"))) as server:
        got = fetch(server, TRUSTING)
    assert (got.problem, got.status, got.body) == ("", 200, vllm(0))


@pytest.mark.parametrize(
    ("tls", "name", "days", "problem"),
    [
        (Tls(), "127.0.0.1", 90, "tls_failed"),
        (Tls(STRANGER.pem), "127.0.0.1", 90, "tls_failed"),
        (TRUSTING, "other.example", 90, "tls_wrong_name"),
        (TRUSTING, "127.0.0.2", 90, "tls_wrong_name"),
        (TRUSTING, "127.0.0.1", -1, "tls_expired"),
    ],
)
def test_a_certificate_that_is_not_in_order_is_named(tls: Tls, name: str, days: int, problem: str) -> None:
    with serving(server_context(OURS.issue(name, days=days))) as server:
        assert fetch(server, tls).problem == problem


def test_own_authorities_replace_those_of_the_system() -> None:
    """A self-signed certificate that is its own authority is trusted where it was entered, and nowhere else."""
    assert "BEGIN CERTIFICATE" in STRANGER.pem
    with serving(server_context(STRANGER.issue("127.0.0.1"))) as server:
        assert fetch(server, Tls(STRANGER.pem)).problem == ""
        assert fetch(server, TRUSTING).problem == "tls_failed"


@pytest.mark.parametrize(
    ("tls", "problem"),
    [
        (SHOWING, ""),
        (TRUSTING, "tls_refused"),
        (Tls(OURS.pem, FOREIGN.certificate, FOREIGN.key), "tls_refused"),
    ],
)
def test_a_server_that_asks_for_a_certificate(tls: Tls, problem: str) -> None:
    with serving(server_context(OURS.issue("127.0.0.1"), clients_of=OURS)) as server:
        assert fetch(server, tls).problem == problem


def test_a_server_without_tls_is_named() -> None:
    with serving() as server:
        assert fetch(server, TRUSTING).problem == "tls_refused"


def test_a_key_does_not_show() -> None:
    assert "PRIVATE" not in repr(Target(1, 1, "https://node", 5, tls=SHOWING))


@pytest.fixture
def asking(settings: Settings) -> Iterator[Server]:
    """A server that asks for a certificate of ours."""
    with serving(server_context(OURS.issue("127.0.0.1"), clients_of=OURS)) as server:
        settings.DEMO_ENDPOINTS = frozenset({f"127.0.0.1:{server.port}"})
        yield server


def pulled_once(server: Server) -> Node:
    """A node with a certificate, after one pull."""
    node: Node = NodeFactory(url=f"https://127.0.0.1:{server.port}/good", pull_timeout_seconds=20)
    tls = PullTls(node=node, authorities=OURS.pem)
    tls.set_client(client_certificate(CLIENT.certificate, CLIENT.key, datetime.now(UTC)))
    tls.save()
    return node


@pytest.mark.django_db
def test_a_pull_shows_the_certificate_of_its_node(asking: Server) -> None:
    node = pulled_once(asking)
    now = datetime.now(UTC)
    scheduled(node, now)
    assert pull_claimed(claim_due(now), now) == 1
    node.refresh_from_db()
    assert (node.state, node.problem) == ("up", "")


@pytest.mark.django_db
def test_a_key_that_cannot_be_opened_is_told(asking: Server, settings: Settings) -> None:
    node = pulled_once(asking)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    now = datetime.now(UTC)
    scheduled(node, now)
    pull_claimed(claim_due(now), now)
    node.refresh_from_db()
    assert (node.state, node.problem) == ("down", "key_lost")
