"""Which observations of a sorted sample enclose a quantile, whatever the distribution: order statistics and the binomial.

Of n independent observations, the number at or below the true q-quantile is binomial (n, q). So the l-th and the u-th
smallest enclose it with at least confidence 1 − α where P(B ≤ l − 1) ≤ α/2 and P(B ≥ u) ≤ α/2. Source: W. J. Conover,
Practical Nonparametric Statistics, 3rd edition, section 3.2; H. A. David and H. N. Nagaraja, Order Statistics, section 7.1.
"""

import math
from functools import lru_cache

# Terms below this share of the largest one no longer count; their sum is far below any confidence that is asked for.
NEGLIGIBLE = 1e-18


@lru_cache(maxsize=10_000)
def quantile_ranks(count: int, q: float, confidence: float) -> tuple[int, int] | None:
    """The ranks (l, u), from 1, that enclose the q-quantile with this confidence; None when there are too few to say.

    `q` and `confidence` lie between 0 and 1. Costs about √count steps.
    """
    side = (1 - confidence) / 2
    first, terms = _binomial(count, q)
    # P(B ≤ first − 1) is as good as nothing.
    low, below = first, 0.0
    for term in terms:
        if below + term > side:
            break
        below += term
        low += 1
    high, above = first + len(terms), 0.0
    for term in reversed(terms):
        if above + term > side:
            break
        above += term
        high -= 1
    return (low, high) if low >= 1 and high <= count else None


def _binomial(count: int, q: float) -> tuple[int, list[float]]:
    """P(B = k) for every k that matters, with the first such k."""
    mode = min(int((count + 1) * q), count)
    log_peak = math.lgamma(count + 1) - math.lgamma(mode + 1) - math.lgamma(count - mode + 1)
    peak = math.exp(log_peak + mode * math.log(q) + (count - mode) * math.log1p(-q))
    odds = q / (1 - q)
    down, up = [], [peak]
    term, k = peak, mode
    while k > 0 and term > peak * NEGLIGIBLE:
        term *= k / ((count - k + 1) * odds)
        k -= 1
        down.append(term)
    first, term, k = k, peak, mode
    while k < count and term > peak * NEGLIGIBLE:
        term *= (count - k) * odds / (k + 1)
        k += 1
        up.append(term)
    return first, [*reversed(down), *up]
