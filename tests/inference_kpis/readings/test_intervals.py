"""Order statistics that enclose a quantile: against the binomial written out, and against chance."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.readings.intervals import quantile_ranks


def by_definition(count: int, q: float, confidence: float) -> tuple[int, int] | None:
    share = [math.comb(count, k) * q**k * (1 - q) ** (count - k) for k in range(count + 1)]
    side = (1 - confidence) / 2
    low = max(rank for rank in range(count + 2) if sum(share[:rank]) <= side)
    high = min(rank for rank in range(count + 2) if sum(share[rank:]) <= side)
    return (low, high) if low >= 1 and high <= count else None


@pytest.mark.parametrize("q", [0.5, 0.95, 0.99])
def test_it_works(q: float) -> None:
    for count in range(130):
        assert quantile_ranks(count, q, 0.975) == by_definition(count, q, 0.975), count


@pytest.mark.parametrize(("q", "fewest"), [(0.5, 7), (0.95, 86), (0.99, 437)])
def test_too_few_claim_nothing(q: float, fewest: int) -> None:
    assert quantile_ranks(fewest - 1, q, 0.975) is None
    assert quantile_ranks(fewest, q, 0.975) is not None


@given(st.integers(7, 100_000), st.sampled_from([0.5, 0.9]), st.sampled_from([0.9, 0.975, 0.999]))
def test_the_ranks_hold_the_quantiles_own_rank(count: int, q: float, confidence: float) -> None:
    ranks = quantile_ranks(count, q, confidence)
    if ranks is not None:
        assert 1 <= ranks[0] <= math.ceil(q * count) <= ranks[1] <= count


def test_more_confidence_is_wider_and_more_samples_are_narrower() -> None:
    spans = [quantile_ranks(1000, 0.5, confidence) for confidence in (0.8, 0.95, 0.99)]
    assert all(a[0] > b[0] and a[1] < b[1] for a, b in pairwise(spans))  # type: ignore[index]
    shares = [(ranks[1] - ranks[0]) / n for n in (10, 1000, 100_000) if (ranks := quantile_ranks(n, 0.5, 0.95))]
    assert shares == sorted(shares, reverse=True)
    assert len(shares) == 3


def test_a_hundred_million_are_no_trouble() -> None:
    assert quantile_ranks(10**8, 0.5, 0.975) == pytest.approx((49_988_793, 50_011_208), abs=5)
