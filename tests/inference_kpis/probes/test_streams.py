"""The stream of a chat answer, whole and in pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.probes.streams import LONGEST_EVENT_BYTES, ChatStream
from inference_kpis.pull.problems import PullFailed
from tests.inference_kpis.probes.servers import DONE, STOP, event, token

ROLE = event({"choices": [{"delta": {"role": "assistant", "content": ""}}]})
WHOLE = b": a comment\n\n" + ROLE + token("a") + token("b").replace(b"\n", b"\r\n") + STOP + DONE


def read(*chunks: bytes) -> ChatStream:
    stream = ChatStream()
    for chunk in chunks:
        stream.feed(chunk)
    return stream


def test_it_works() -> None:
    stream = read(WHOLE)
    stream.end()
    assert (stream.tokens, stream.is_done, stream.is_finished) == (2, True, True)


@given(st.lists(st.integers(0, len(WHOLE)), max_size=20))
def test_it_does_not_matter_how_it_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(WHOLE)]
    stream = read(*(WHOLE[a:b] for a, b in zip(edges, edges[1:], strict=False)))
    assert (stream.tokens, stream.is_done) == (2, True)


def test_a_role_is_no_token_and_reasoning_is_one() -> None:
    assert read(ROLE).tokens == 0
    assert read(event({"choices": [{"delta": {"reasoning_content": "hm"}}]})).tokens == 1


def test_a_proper_last_event_is_an_end() -> None:
    read(token(), STOP).end()


@pytest.mark.parametrize(
    ("chunks", "code"),
    [
        ([token()], "cut_short"),
        ([ROLE, STOP, DONE], "no_token"),
        ([], "cut_short"),
    ],
)
def test_an_end_that_is_none(chunks: list[bytes], code: str) -> None:
    with pytest.raises(PullFailed, match=code):
        read(*chunks).end()


@pytest.mark.parametrize(
    ("chunk", "code"),
    [
        (b"data: yes\n\n", "malformed_stream"),
        (b"data: 1\n\n", "malformed_stream"),
        (b"data: " + b"[" * 50_000 + b"\n\n", "malformed_stream"),
        (event({"error": {"message": "out of memory"}}), "stream_error"),
        (b"x" * (LONGEST_EVENT_BYTES + 1), "too_large"),
        (b"data:\n" * LONGEST_EVENT_BYTES, "too_large"),
    ],
)
def test_what_is_no_stream_of_tokens(chunk: bytes, code: str) -> None:
    with pytest.raises(PullFailed, match=code):
        read(chunk)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"choices": None},
        {"choices": ["x"]},
        {"choices": [{"delta": None}]},
        {"choices": [{"delta": {"content": 3}}]},
    ],
)
def test_odd_events_hold_no_token(said: object) -> None:
    assert read(event(said)).tokens == 0
