"""Bodies read by their layout say what the parser says, or are left to it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.protocols.exposition import MalformedExposition, parse
from inference_kpis.protocols.layouts import MOST_LINES, Layout, layout_of

WANTED = frozenset({b"a", b"a_total", b"b"})
TEXT = '# TYPE a gauge\na{x="1"} 3\nother{x="1"} 9\nplain 4\na_total 17\n'
# Names that are wanted, that begin like wanted ones, and that are not; labels of every usual and unusual kind.
NAMES = st.sampled_from(["a", "a_total", "b", "ab", "a_", "other", "other_total", '"a"'])
LABELS = st.sampled_from(["", "{}", '{x="1"}', '{x="1",y="2"}', '{x="}"}', '{x="{"}', "{x=1}", ' {x="1"}', '{"a"}'])
BLANKS = st.sampled_from([" ", " ", " ", "  ", "\t", ""])
VALUES = st.one_of(
    st.floats().map(repr),
    st.integers(0, 10**6).map(str),
    st.sampled_from(["NaN", "+Inf", "1_000", "0x1p3", "", "x", "1 1700000000000", "1 # {} 2", "{", "} 1", "\r", "1 "]),
)
LINES = st.one_of(
    st.tuples(NAMES, LABELS, BLANKS, VALUES).map("".join),
    st.sampled_from(["# HELP a Words.", "# EOF", "", " ", "#", "a", "b{"]),
)


def layout(text: str) -> Layout | None:
    return layout_of(text.encode(), WANTED)


def parsed(text: str) -> list[tuple[str, dict[str, str], float]] | None:
    """What the parser says; None when it refuses the body."""
    try:
        return [(each.name, dict(each.labels), each.value) for each in parse(text.encode(), WANTED)]
    except MalformedExposition:
        return None


def test_it_works() -> None:
    found = layout(TEXT)
    assert found
    assert found.series == (("a", {"x": "1"}), ("a_total", {}))
    assert found.values(TEXT.replace("17", "18").replace("plain 4", "plain 5").encode()) == [3.0, 18.0]


@given(st.lists(LINES, max_size=8), st.data())
def test_a_layout_says_what_the_parser_says(lines: list[str], data: st.DataObject) -> None:
    first = "".join(f"{line}\n" for line in lines)
    found = layout(first) if parsed(first) is not None else None
    if found is None:
        return
    # The same lines with a few others among them, and other values behind what may be any of their beginnings.
    others = [
        data.draw(
            st.one_of(st.just(line), VALUES.map(lambda value, line=line: line.rpartition(" ")[0] + " " + value), LINES)
        )
        for line in lines
    ]
    second = "".join(f"{line}\n" for line in others)
    values = found.values(second.encode())
    if values is not None:
        said = parsed(second)
        assert said is not None
        assert [(name, dict(labels)) for name, labels in found.series] == [(name, labels) for name, labels, _ in said]
        assert all(
            one == other or (math.isnan(one) and math.isnan(other))
            for one, (_, _, other) in zip(values, said, strict=True)
        )


@pytest.mark.parametrize(
    "other",
    [
        TEXT.replace('a{x="1"}', 'a{x="2"}'),
        TEXT.replace("plain 4", 'a{x="2"} 4'),
        TEXT.replace("17", "17 1700000000000"),
        TEXT.replace("17", "0x11"),
        TEXT + "more 1\n",
        TEXT.rstrip("\n"),
        TEXT.replace("# TYPE", " # TYPE"),
    ],
)
def test_what_differs_is_left_to_the_parser(other: str) -> None:
    found = layout(TEXT)
    assert found
    assert found.values(other.encode()) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a 1\n",
        "a 1\n\nb 2\n",
        "a 1\nb 2",
        "a 1\nb{x=1} 2\n",
        "a 1\nb\t2\n",
        'a 1\n{"b"} 2\n',
        "a 1\nb 2\n" * MOST_LINES,
    ],
)
def test_what_is_not_usual_has_no_layout(text: str) -> None:
    assert layout(text) is None


@pytest.mark.parametrize(
    "content_type", ["application/openmetrics-text; version=1.0.0", "text/plain; version=1.0.0; escaping=values"]
)
def test_forms_that_need_care_have_no_layout(content_type: str) -> None:
    assert layout_of(TEXT.encode(), WANTED, content_type=content_type) is None
