"""A sample counts while it is from the last five minutes."""

import pytest

from inference_kpis.protocols.exposition import Sample
from inference_kpis.protocols.freshness import FRESH_MS, fresh

NOW = 1_700_000_000_000


@pytest.mark.parametrize(
    ("timestamp_ms", "problems"),
    [
        (None, ()),
        (NOW, ()),
        (NOW - FRESH_MS, ()),
        (NOW + FRESH_MS, ()),
        (NOW - FRESH_MS - 1, ("stale_sample",)),
        (NOW + FRESH_MS + 1, ("sample_ahead",)),
        (0, ("stale_sample",)),
        (-(2**70), ("stale_sample",)),
        (2**70, ("sample_ahead",)),
    ],
)
def test_it_counts_while_it_is_fresh(timestamp_ms: int | None, problems: tuple[str, ...]) -> None:
    sample = Sample("a", {}, 1.0, timestamp_ms)
    assert fresh([sample], NOW) == ([] if problems else [sample], problems)


def test_one_that_is_not_takes_no_other_with_it() -> None:
    good, old, ahead = (Sample("a", {}, 1.0, stamp) for stamp in (NOW, 0, 2 * NOW))
    assert fresh([old, good, ahead], NOW) == ([good], ("sample_ahead", "stale_sample"))
