"""Counting on when a node is read otherwise than before: what is read otherwise starts anew, the rest goes on.

Without it a series that is new under a measure would count from 0, and one in another unit by what the units differ:
a change of words would look like a million requests.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from inference_kpis.readings.increases import CounterState

Value = TypeVar("Value")


def carried_over(state: CounterState, before: Mapping[str, str], after: Mapping[str, str]) -> CounterState:
    """The state without the measures that are read otherwise; each mapping has a fingerprint a measure.

    An empty one is an engine of the code: between it and a mapping nothing is comparable.
    """
    if before == after:
        return state
    if not before or not after:
        return replace(state, counters={}, histograms={})
    same = {measure for measure, how in after.items() if before.get(measure) == how}

    def kept(models: Mapping[str, Mapping[str, Value]]) -> dict[str, dict[str, Value]]:
        return {
            model: {measure: value for measure, value in measures.items() if measure in same}
            for model, measures in models.items()
        }

    return replace(state, counters=kept(state.counters), histograms=kept(state.histograms))
