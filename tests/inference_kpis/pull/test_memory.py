"""What is remembered of bodies changes how they are read and never what they say."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.engines import ENGINES, observe
from inference_kpis.protocols.exposition import DEFAULT_LIMITS, parse
from inference_kpis.pull import memory
from inference_kpis.pull.memory import Kind
from inference_kpis.readings.observation import Observation
from tests.inference_kpis.expositions import vllm

VLLM: Kind = (ENGINES["vllm"], "text/plain", DEFAULT_LIMITS)
SGLANG: Kind = (ENGINES["sglang"], "text/plain", DEFAULT_LIMITS)


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    memory.forget()
    yield
    memory.forget()


def recalled(node_id: int, body: bytes, kind: Kind = VLLM) -> Observation | None:
    found = memory.recall(node_id, kind, body)
    return found[0].observe(found[1]) if found else None


def observed(body: bytes) -> Observation:
    return observe(ENGINES["vllm"], parse(body, ENGINES["vllm"].wanted))


def test_it_works() -> None:
    assert recalled(1, vllm(10)) is None
    memory.miss(1, VLLM, vllm(10))
    assert recalled(1, vllm(20)) == observed(vllm(20))
    # A server that writes the same lines is read by the same layout, though it was never seen.
    assert recalled(2, vllm(30)) == observed(vllm(30))


def test_another_kind_of_body_is_not_recalled() -> None:
    memory.miss(1, VLLM, vllm(10))
    assert recalled(1, vllm(10), SGLANG) is None
    assert recalled(1, vllm(10), (*VLLM[:2], DEFAULT_LIMITS._replace(samples=3))) is None


def test_other_lines_are_not_recalled_until_they_are_known() -> None:
    memory.miss(1, VLLM, vllm(10))
    assert recalled(1, vllm(10, model="other")) is None
    memory.miss(1, VLLM, vllm(10, model="other"))
    assert recalled(1, vllm(11, model="other")) == observed(vllm(11, model="other"))


def test_a_node_whose_lines_keep_changing_is_not_learnt_each_time() -> None:
    for number in range(1, 6):
        memory.miss(1, VLLM, vllm(10, model=f"m{number}"))
    known = [number for number in range(1, 6) if recalled(number, vllm(10, model=f"m{number}"))]
    # Only the newest stands for its kind; of the five, the fourth was the last to be learnt.
    assert known == [4]


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_LAYOUTS", 2)
    for number in range(4):
        memory.miss(number, VLLM, vllm(10, model=f"m{number}"))
    assert [number for number in range(4) if recalled(number, vllm(10, model=f"m{number}"))] == [2, 3]


@given(st.lists(st.one_of(st.integers(-3, 10**6), st.floats(), st.just(0.5)), min_size=9, max_size=9))
def test_values_that_make_no_sense_are_told_as_when_they_are_parsed(values: list[float]) -> None:
    *lines, _ = vllm(10).decode().split("\n")
    texts = [f"{line.rpartition(' ')[0]} {value}" for line, value in zip(lines, values, strict=True)]
    body = ("\n".join(texts) + "\n").encode()
    memory.miss(1, VLLM, vllm(10))
    assert recalled(1, body) == observed(body)
