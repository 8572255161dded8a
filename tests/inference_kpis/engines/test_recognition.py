"""The engine of an exposition, told by its sample names: one, or none; never a guess."""

from itertools import combinations

import pytest

from inference_kpis.engines import ENGINES
from inference_kpis.engines.recognition import SIGNATURES, recognise
from inference_kpis.protocols.exposition import MalformedExposition, sample_names
from tests.inference_kpis.engines.samples import KEYS, sample

# Any HTTP middleware gives their names, or they have no prefix of their own.
NOBODYS = frozenset({"infinity", "nim"})


@pytest.mark.parametrize("key", KEYS)
def test_it_works(key: str) -> None:
    names = sample_names(sample(key))
    assert recognise(names) == (None if key in NOBODYS else key)


def test_every_engine_is_recognised_or_left_out_for_a_reason() -> None:
    assert set(SIGNATURES) == set(ENGINES) - NOBODYS


@pytest.mark.parametrize(("one", "other"), list(combinations(sorted(SIGNATURES), 2)))
def test_two_engines_at_once_are_not_guessed(one: str, other: str) -> None:
    assert recognise({SIGNATURES[one][0] + "x", SIGNATURES[other][0] + "x"}) is None


@pytest.mark.parametrize("names", [set(), {"up"}, {"my_vllm:requests"}, {"python_info", "process_start_time_seconds"}])
def test_names_of_no_engine_are_not_recognised(names: set[str]) -> None:
    assert recognise(names) is None


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b'a{x="1"} 1\nb 2\n', {"a", "b"}),
        (b"# TYPE a counter\n#b 1\n  c 3\n\n", {"c"}),
        (b'{"a.b","c"="d"} 1\n', {"a_b"}),
        (b":t:s:count{} 1", {":t:s:count"}),
        (b"\xff 1\n", {"_"}),
    ],
)
def test_names_are_read_and_nothing_else(body: bytes, names: set[str]) -> None:
    assert sample_names(body) == names


def test_a_page_has_no_names() -> None:
    with pytest.raises(MalformedExposition):
        sample_names(b"<html>")
