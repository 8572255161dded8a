"""Samples that say when they are from: what is too old or lies ahead does not count as what the server shows now.

A kept sample counts at the time of its pull all the same, like one without a time: a node's clock decides which
samples are fresh and never when a reading was. The marker of staleness, a NaN of its own, cannot be told from
another NaN in a text; both make no sense as values and are dropped as such.
"""

from collections.abc import Sequence

from inference_kpis.protocols.exposition import Sample

# How long Prometheus looks back for a sample, and how far a clock may run ahead.
FRESH_MS = 5 * 60 * 1000


def fresh(samples: Sequence[Sample], at_ms: int) -> tuple[list[Sample], tuple[str, ...]]:
    """The samples that count at `at_ms`, and the codes of what was dropped."""
    kept, problems = [], set()
    for sample in samples:
        if sample.timestamp_ms is None or abs(sample.timestamp_ms - at_ms) <= FRESH_MS:
            kept.append(sample)
        else:
            problems.add("stale_sample" if sample.timestamp_ms < at_ms else "sample_ahead")
    return kept, tuple(sorted(problems))
