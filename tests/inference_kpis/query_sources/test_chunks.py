"""Which nodes are asked about together: every node once, no answer far beyond its limit, no span beyond an hour."""

from inference_kpis.query_sources.chunks import (
    BYTES_OF_AN_ANSWER,
    LONGEST_SPAN_MS,
    MOST_NODES,
    OVERLAP_MS,
    Asked,
    chunks,
    since,
)

NOW = 1_700_000_000_000


def asked(number: int, *, series: int = 100, engine: str = "vllm", ago_ms: int = 60_000) -> Asked:
    return Asked(number, f"node-{number:04}", engine, series, NOW - ago_ms)


def test_it_works() -> None:
    [chunk] = chunks([asked(2), asked(1, ago_ms=90_000)], NOW)
    assert [node.node_id for node in chunk.nodes] == [1, 2]
    assert (chunk.start_ms, chunk.seconds) == (NOW - 90_000, 90)
    assert chunks([], NOW) == []


def test_an_answer_stays_within_its_limit_and_every_node_is_asked_about_once() -> None:
    nodes = [asked(number, series=150 + number % 7) for number in range(1000)]
    found = chunks(nodes, NOW)
    assert sorted(node.node_id for chunk in found for node in chunk.nodes) == list(range(1000))
    assert all(sum(node.bytes_until(NOW) for node in chunk.nodes) <= BYTES_OF_AN_ANSWER for chunk in found)
    assert len(chunks([asked(number, series=1) for number in range(MOST_NODES + 1)], NOW)) == 2


def test_engines_are_asked_apart() -> None:
    found = chunks([asked(1), asked(2, engine="triton"), asked(3)], NOW)
    assert [[node.node_id for node in chunk.nodes] for chunk in found] == [[2], [1, 3]]


def test_one_that_was_not_heard_for_long_makes_few_others_wait() -> None:
    late = asked(0, ago_ms=LONGEST_SPAN_MS)
    found = chunks([late, *(asked(number) for number in range(1, 100))], NOW)
    assert len(found[0].nodes) < 10
    assert {chunk.seconds for chunk in found[1:]} == {60}


def test_halves_ask_for_the_same() -> None:
    [chunk] = chunks([asked(1), asked(2), asked(3, ago_ms=90_000)], NOW)
    first, second = chunk.halves()
    assert (*first.nodes, *second.nodes) == chunk.nodes
    assert (first.seconds, second.seconds) == (90, 60)
    early, late = second.halves()[0].halves()
    assert (early.start_ms, early.end_ms, late.start_ms, late.end_ms) == (NOW - 60_000, NOW - 30_000, NOW - 30_000, NOW)
    assert early.halves()[0].halves() == ()


def test_a_question_goes_on_from_what_was_heard_and_never_beyond_an_hour() -> None:
    assert since(NOW - 15_000, NOW, 60_000) == NOW - 15_000 - OVERLAP_MS
    assert since(None, NOW, 60_000) == NOW - 60_000 - OVERLAP_MS
    assert since(NOW - 10**9, NOW, 60_000) == NOW - LONGEST_SPAN_MS
    assert since(NOW + 10**9, NOW, 60_000) == NOW - OVERLAP_MS
