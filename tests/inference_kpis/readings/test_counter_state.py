"""The counters of a node as they are kept: without the labels of their series, across releases."""

import orjson
import pytest

from inference_kpis.readings.algebra import Distribution, Increase
from inference_kpis.readings.increases import CounterState, advance
from inference_kpis.readings.observation import HistogramState, ModelObservation, Observation, series_digest

SERIES = "litellm_requests_total\x1fuser_email=ada@example.test"


def observation(requests: float) -> Observation:
    digest = series_digest(SERIES)
    histogram = HistogramState((0.5,), (int(requests), int(requests)), requests / 4)
    model = ModelObservation({"requests": {digest: requests}}, {}, {"e2e_latency": {digest: histogram}})
    return Observation({"m": model})


def test_it_works() -> None:
    state = advance(None, observation(5), 1000).state
    assert CounterState.from_bytes(state.to_bytes()) == state


def test_a_state_of_the_release_before_goes_on_without_a_jump() -> None:
    """That release kept series in full; they are the same series, and neither lost nor counted from 0."""
    before = [
        1000,
        None,
        {"m": {"requests": {SERIES: 5}}},
        {"m": {"e2e_latency": {SERIES: [[0.5], [5, 5], 1_250_000]}}},
    ]
    step = advance(CounterState.from_bytes(orjson.dumps(before)), observation(8), 2000)
    assert step.readings["m"].measures == {
        "requests": Increase(3, 1000),
        "e2e_latency": Distribution({(0.5,): (3, 0)}, 750_000, 1000),
    }
    assert b"example.test" not in step.state.to_bytes()


@pytest.mark.parametrize("other", ["", SERIES + "\x1f", SERIES.replace("ada", "adb")])
def test_series_that_differ_have_digests_that_differ(other: str) -> None:
    assert series_digest(other) != series_digest(SERIES)
    assert len(series_digest(other)) == len(series_digest(SERIES)) == 16
