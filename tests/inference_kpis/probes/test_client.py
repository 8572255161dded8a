"""Probes against servers that are slow, broken or hostile: each costs its own time-out and nothing else."""

import time

import pytest

from inference_kpis.probes.client import Ask, run_all
from inference_kpis.probes.requests import chat_body, chat_url
from inference_kpis.probes.results import Answer
from inference_kpis.pull.client import Limits
from tests.inference_kpis.probes.servers import Server

LONG, SHORT = 20.0, 0.4
BODY = chat_body(model="m", prompt="Say yes.", max_tokens=4)
# What ends each of them.
ENDS = {
    "endless": "too_large",
    "endless-line": "too_large",
    "endless-event": "too_large",
    "dripping": "timed_out",
    "silent": "timed_out",
    "html": "not_a_stream",
    "not-json": "malformed_stream",
    "not-an-object": "malformed_stream",
    "deep": "malformed_stream",
    "no-token": "no_token",
    "cut": "cut_short",
    "error-in-stream": "stream_error",
    "broken": "status",
    "refused": "not_allowed",
    "loop": "redirected",
    "elsewhere": "redirected",
    "looks": "redirected",
    "page": "not_a_stream",
}


def limits(server: Server) -> Limits:
    return Limits((), frozenset({server.address}))


def chat(server: Server, behaviour: str, timeout: float = LONG, **values: str) -> Ask:
    return Ask(chat_url(server.url(behaviour)), timeout, BODY, **values)


def answer(server: Server, ask: Ask) -> Answer:
    return run_all([(ask, None)], limits(server))[0].edge


def test_it_works(server: Server) -> None:
    found = answer(server, chat(server, "slow", authorization="Bearer secret"))
    assert (found.problem, found.status) == ("", 200)
    # The role comes before the first token, and the end after it, each after its pause.
    assert 0 < found.first_byte_seconds < found.first_token_seconds < found.total_seconds  # type: ignore[operator]
    method, path, headers, body = server.asked[0]
    assert (method, path, body) == ("POST", "/slow/v1/chat/completions", BODY)
    assert headers["Authorization"] == "Bearer secret"


def test_a_plain_one(server: Server) -> None:
    found = answer(server, Ask(server.url("page"), LONG))
    assert (found.problem, found.first_token_seconds, server.asked[0][0]) == ("", None, "GET")
    assert 0 < found.first_byte_seconds <= found.total_seconds  # type: ignore[operator]


def test_a_hostile_server_costs_itself_alone(server: Server) -> None:
    """All at once, beside good ones."""
    asked = [chat(server, name, SHORT if end == "timed_out" else LONG) for name, end in ENDS.items()]
    good = [chat(server, "good") for _ in range(5)]
    runs = run_all([(ask, None) for ask in (*asked, *good)], limits(server))
    assert {name: run.edge.problem for name, run in zip(ENDS, runs, strict=False)} == ENDS
    assert [run.edge.problem for run in runs[len(ENDS) :]] == [""] * 5
    assert all(run.edge.total_seconds is None for run in runs[: len(ENDS)])


def test_the_counterpart_is_asked_after_the_edge(server: Server) -> None:
    run = run_all([(chat(server, "slow"), chat(server, "broken"))], limits(server))[0]
    assert run.edge.is_good
    assert run.central is not None
    assert (run.central.problem, run.central.status) == ("status", 500)
    assert [path.split("/")[1] for _, path, _, _ in server.asked] == ["slow", "broken"]
    assert run.started_ms <= time.time() * 1000


@pytest.mark.parametrize("behaviour", ["here", "moved"])
def test_one_redirect_within_the_origin_is_followed(server: Server, behaviour: str) -> None:
    ask = chat(server, behaviour) if behaviour == "here" else Ask(server.url(behaviour), LONG)
    assert answer(server, ask).problem == ""
    assert server.asked[1][3] == ask.body


def test_a_plain_answer_is_bounded_too(server: Server) -> None:
    assert answer(server, Ask(server.url("huge"), LONG)).problem == "too_large"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://127.0.0.1:1/v1/chat/completions", "address_refused"),
        ("http://localhost:1/v1/chat/completions", "address_refused"),
        ("http://169.254.169.254/latest", "address_refused"),
        ("http://user@10.0.0.1/", "bad_url"),
        ("/v1/chat/completions", "bad_url"),
    ],
)
def test_only_allowed_networks_are_asked(server: Server, url: str, problem: str) -> None:
    assert answer(server, Ask(url, LONG, BODY)).problem == problem
    assert server.asked == []
