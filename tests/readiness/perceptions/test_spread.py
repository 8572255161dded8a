"""The spread of blind answers: levels counted by circle, no small group of an anonymous round ever shown."""

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.perceptions.spread import (
    FEWEST,
    BlindReply,
    Circle,
    Perception,
    agreement,
    findings,
    perception,
)
from readiness.perceptions.wording import NAMES, SENTENCES

IT, BUSINESS, BOARD = Circle
Levels = Sequence[int | None]
replies = st.lists(
    st.builds(BlindReply, st.sampled_from(list(Circle)), st.one_of(st.none(), st.integers(0, 4))), max_size=12
)


def seen(it: Levels = (), business: Levels = (), board: Levels = (), *, is_anonymous: bool = False) -> Perception:
    by_circle = zip(Circle, (it, business, board), strict=True)
    given = [BlindReply(circle, level) for circle, levels in by_circle for level in levels]
    return perception(given, is_anonymous=is_anonymous)


def groups(perception: Perception) -> list[tuple[str, int, int]]:
    """Of each spread: its circles, how many levels, how many could not say."""
    return [("+".join(each.circles), each.levels, each.cannot_say) for each in perception.spreads]


def test_it_works() -> None:
    found = seen((1, 1, 2), (2,), (3, 4, 3))
    assert [(each.counts, each.median) for each in found.spreads] == [
        ((0, 2, 1, 0, 0), 1),
        ((0, 0, 1, 0, 0), 2),
        ((0, 0, 0, 2, 1), 3),
    ]
    assert found.total is not None
    assert (found.total.counts, found.total.median) == ((0, 2, 2, 2, 1), 2)
    assert found.finding is not None
    assert (found.finding.low.circles, found.finding.high.circles, found.finding.width) == ((IT,), (BOARD,), 2)


@pytest.mark.parametrize(
    ("it", "board", "medians", "width"),
    [
        ((1, 2), (3, 4), [1, 3], 2),
        ((2,), (3,), [2, 3], 1),
        ((0,), (None,), [0, None], None),
        ((None,), (None,), [None, None], None),
        ((2,), (), [2], None),
        ((4, 4), (4,), [4, 4], 0),
    ],
)
def test_who_cannot_say_has_no_level(it: Levels, board: Levels, medians: list[int | None], width: int | None) -> None:
    found = seen(it, board=board)
    assert [each.median for each in found.spreads] == medians
    assert (found.gap.width if found.gap else None) == width


@pytest.mark.parametrize(
    ("answers", "shown"),
    [
        (((1, 1, 1), (2, 2, 2), (3, 3, 3)), [("it", 3, 0), ("business", 3, 0), ("board", 3, 0)]),
        (((1, 1, 1), (2, 2), (3,)), [("it", 3, 0), ("business+board", 3, 0)]),
        # One left over would be the difference of all and the others: it is shown with the smallest of them.
        (((1, 1, 1), (2, 2, 2, 2), (3,)), [("it+board", 4, 0), ("business", 4, 0)]),
        (((1, 1, 1), (), (3,)), [("it+board", 4, 0)]),
        # Left out, who cannot say would be told apart as well.
        (((1, 1, 1), (), (None,)), [("it+board", 3, 1)]),
        (((1, 1, None), (2, 2, 2), ()), [("it+business", 5, 1)]),
        (((1,), (2,), ()), []),
        (((None, None, None), (), ()), []),
        (((), (), ()), []),
    ],
)
def test_an_anonymous_round_shows_no_small_group(
    answers: tuple[Levels, Levels, Levels], shown: list[tuple[str, int, int]]
) -> None:
    assert groups(seen(*answers, is_anonymous=True)) == shown


@given(replies)
def test_anonymous_spreads_are_large_and_whole(given: list[BlindReply]) -> None:
    found = perception(given, is_anonymous=True)
    assert all(each.levels >= FEWEST for each in found.spreads)
    if found.total:
        levels = [reply.level for reply in given if reply.level is not None]
        assert (found.total.levels, found.total.cannot_say) == (len(levels), len(given) - len(levels))
        assert set(found.total.circles) == {reply.circle for reply in given}
    else:
        assert sum(reply.level is not None for reply in given) < FEWEST


@given(replies, st.booleans(), st.randoms(use_true_random=False))
def test_order_does_not_matter(given: list[BlindReply], is_anonymous: bool, random: object) -> None:
    shuffled = sorted(given, key=lambda _reply: random.random())  # type: ignore[attr-defined]
    assert perception(shuffled, is_anonymous=is_anonymous) == perception(given, is_anonymous=is_anonymous)


@given(replies, st.booleans())
def test_the_median_was_chosen_by_somebody(given: list[BlindReply], is_anonymous: bool) -> None:
    found = perception(given, is_anonymous=is_anonymous)
    assert {each.median for each in found.spreads} <= {reply.level for reply in given} | {None}
    assert all(each.median is None or each.counts[each.median] for each in found.spreads)


def test_findings_have_the_widest_first() -> None:
    perceptions = {
        "UC1": seen((1,), (3,)),
        "UC2": seen((2,), (3,)),
        "UC3": seen((0,), (), (4,)),
        "UC4": seen((4,), (2,)),
    }
    assert [(key, gap.width) for key, gap in findings(perceptions)] == [("UC3", 4), ("UC1", 2), ("UC4", 2)]


def test_what_cannot_be_compared_is_left_out() -> None:
    found = agreement([seen((1,), (3,)), seen((2,), (3,)), seen((2,), (2,)), seen((1,)), seen((1,), (None,))])
    assert (found.compared, found.findings, found.mean_width) == (3, 1, Fraction(1))
    assert agreement([]).mean_width is None
    assert agreement([seen((1,))]).mean_width is None


def test_every_pair_of_groups_has_its_sentence() -> None:
    apart = {(high, low) for high in NAMES for low in NAMES if not set(high) & set(low)}
    assert set(SENTENCES) == apart
