"""A name that leads elsewhere the second time: nothing ever connects to what was not judged."""

import socket
from collections.abc import Iterator

import pytest

from inference_kpis.pull.client import Fetched, Limits, Target, fetch_all

# Both are of this machine; only the first may be pulled.
ALLOWED, FORBIDDEN = "127.0.0.2", "127.0.0.1"


@pytest.fixture
def canary() -> Iterator[socket.socket]:
    """Listens where nobody may come."""
    with socket.create_server((FORBIDDEN, 0)) as listening:
        listening.setblocking(False)
        yield listening


def answer(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Resolve any name to these addresses, one answer after the other and the last for ever; what was asked."""
    asked: list[str] = []

    def resolve(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def fetch(canary: socket.socket, count: int = 1) -> list[Fetched]:
    """Pull a name at the canary's port, of which another address is allowed."""
    port = canary.getsockname()[1]
    target = Target(1, 1, f"http://fleet.example:{port}/metrics", 5)
    return fetch_all([target] * count, Limits((), frozenset({f"{ALLOWED}:{port}"})))


def came(canary: socket.socket) -> bool:
    try:
        canary.accept()
    except BlockingIOError:
        return False
    return True


def test_the_canary_hears_who_comes(canary: socket.socket) -> None:
    with socket.create_connection(canary.getsockname()):
        canary.setblocking(True)
        assert came(canary)


def test_a_name_is_resolved_once_and_what_was_judged_is_connected_to(
    canary: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer(monkeypatch, [ALLOWED], [FORBIDDEN])
    # Nobody listens at the allowed address: had the name been asked again, somebody would have come to the canary.
    assert [got.problem for got in fetch(canary)] == ["connection_failed"]
    assert (asked, came(canary)) == (["fleet.example"], False)


@pytest.mark.parametrize("answers", [[FORBIDDEN], [ALLOWED, FORBIDDEN], [FORBIDDEN, ALLOWED]])
def test_one_forbidden_address_refuses_the_name(
    canary: socket.socket, monkeypatch: pytest.MonkeyPatch, answers: list[str]
) -> None:
    answer(monkeypatch, answers)
    assert [got.problem for got in fetch(canary)] == ["address_refused"]
    assert not came(canary)


def test_a_later_pull_is_judged_anew(canary: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, [ALLOWED], [FORBIDDEN])
    assert [fetch(canary)[0].problem for _ in range(2)] == ["connection_failed", "address_refused"]
    assert not came(canary)


def test_the_address_is_judged_once_more_at_the_socket(canary: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if the client resolved by itself, behind the resolver that judges."""
    answer(monkeypatch, [FORBIDDEN])

    async def unjudged(_: object, host: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
        address = {"hostname": host, "host": FORBIDDEN, "port": port, "family": socket.AF_INET, "proto": 6, "flags": 0}
        return [address]

    monkeypatch.setattr("inference_kpis.pull.client.GuardedResolver.resolve", unjudged)
    assert [got.problem for got in fetch(canary)] == ["address_refused"]
    assert not came(canary)
