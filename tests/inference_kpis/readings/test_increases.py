"""What counters grew by: nothing negative, nothing twice, resets seen by value and by start time."""

from collections.abc import Iterable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.readings.algebra import Distribution, Increase, Level, Reading, merge_all
from inference_kpis.readings.increases import MOST_SERIES, CounterState, HistogramQuanta, OutOfOrder, advance
from inference_kpis.readings.observation import HistogramState, ModelObservation, Observation

STEP_MS = 15_000
Seen = Mapping[str, float] | None


def requests(series: Seen, started_at: float | None = None) -> Observation:
    """One model with a counter of several series; None when the model is not there."""
    models = {} if series is None else {"m": ModelObservation(counters={"requests": dict(series)})}
    return Observation(models, None if started_at is None else round(started_at * 1000))


def latency(
    *cumulative: int, total: float = 0.0, bounds: tuple[float, ...] = (0.5, 1.0), series: str = "s"
) -> Observation:
    state = HistogramState(bounds, cumulative, total)
    return Observation({"m": ModelObservation(histograms={"e2e_latency": {series: state}})})


def replay(observations: Iterable[Observation]) -> list[Reading]:
    """The readings of model m, one step apart; those of nothing are left out."""
    state: CounterState | None = None
    readings = []
    for number, observation in enumerate(observations, start=1):
        step = advance(state, observation, number * STEP_MS)
        state = CounterState.from_bytes(step.state.to_bytes())
        readings += [reading for model, reading in step.readings.items() if model == "m"]
    return readings


def grown(*observations: Observation) -> list[int]:
    """The increases of requests, pull by pull."""
    increases = [reading.measures.get("requests") for reading in replay(observations)]
    return [increase.amount for increase in increases if isinstance(increase, Increase)]


def test_it_works() -> None:
    (reading,) = replay([requests({"a": 100, "b": 5}), requests({"a": 130, "b": 7})])
    assert reading == Reading(STEP_MS, 2 * STEP_MS, {"requests": Increase(32, STEP_MS)})


@pytest.mark.parametrize(
    ("values", "increases"),
    [
        ([100], []),
        ([100, 100], [0]),
        ([100, 130, 130, 145], [30, 0, 15]),
        ([100, 20], [20]),
        ([100, 0, 5], [0, 5]),
        ([100, 130, 20, 50], [30, 20, 30]),
        ([0, 3], [3]),
        ([2**52, 2**52 + 3], [3]),
    ],
)
def test_a_lower_value_is_a_reset(values: Sequence[float], increases: Sequence[int]) -> None:
    assert grown(*(requests({"a": value}) for value in values)) == increases


@pytest.mark.parametrize(
    ("starts", "increase"),
    [
        ((1000, 2000), 130),  # overtook its old counter between two pulls
        ((1000, 1000), 30),
        ((1000, 1001), 30),  # printed with a fraction that moved
        ((1000, 1001.6), 130),
        ((1000, None), 30),
        ((None, 1000), 30),
        ((2000, 1000), 30),
    ],
)
def test_a_later_start_is_a_reset(starts: tuple[float | None, float | None], increase: int) -> None:
    before, after = starts
    assert grown(requests({"a": 100}, before), requests({"a": 130}, after)) == [increase]


@pytest.mark.parametrize(
    ("seen", "increases"),
    [
        ([{"a": 100}, {"a": 100, "b": 4}], [4]),  # the first error of a kind
        ([{}, {"b": 4}], [4]),
        ([{"a": 100, "b": 4}, {"a": 110}], [10]),
        ([{"a": 100, "b": 4}, {"a": 110}, {"a": 110, "b": 3}], [10, 3]),
        ([{"a": 100, "b": 50}, {"a": 110, "b": 20}], [30]),  # one worker of two restarted
        ([None, {"a": 100}, {"a": 110}], [10]),  # a model that was loaded meanwhile
        ([{"a": 100}, None, {"a": 110}, {"a": 115}], [10, 5]),  # a model that was not shown once
        ([{"a": 100, "b": 4}, {"a": 110}, {"a": 110, "b": 9}], [10, 5]),  # nor a series of it
    ],
)
def test_series_come_and_go(seen: Sequence[Seen], increases: Sequence[int]) -> None:
    assert grown(*(requests(series) for series in seen)) == increases


def test_a_restarted_server_counts_new_models_from_nothing() -> None:
    assert grown(requests(None, 1000), requests({"a": 7}, 2000)) == [7]


def test_what_is_not_newer_is_out_of_order() -> None:
    state = advance(None, requests({"a": 1}), STEP_MS).state
    for at_ms in (STEP_MS, STEP_MS - 1):
        with pytest.raises(OutOfOrder):
            advance(state, requests({"a": 2}), at_ms)


# --- Histograms and gauges -------------------------------------------------------------------------------------------


def test_a_histogram_grows_bucket_by_bucket() -> None:
    (reading,) = replay([latency(4, 6, 7, total=5.0), latency(5, 9, 11, total=8.5)])
    assert reading.measures["e2e_latency"] == Distribution({(0.5, 1.0): (1, 2, 1)}, 3_500_000, STEP_MS)


@pytest.mark.parametrize(
    ("before", "after", "counts", "total"),
    [
        (latency(4, 6, 7, total=5.0), latency(4, 6, 7, total=5.0), (0, 0, 0), 0),
        # One bucket fell, so that everything is new, the sum as well.
        (latency(4, 6, 7, total=5.0), latency(3, 8, 9, total=6.0), (3, 5, 1), 6_000_000),
        (latency(4, 6, 7, total=5.0), latency(1, 1, 1, total=0.25), (1, 0, 0), 250_000),
        # Latencies cannot be negative: a sum that fell by itself adds nothing.
        (latency(4, 6, 7, total=5.0), latency(5, 7, 8, total=4.0), (1, 0, 0), 0),
        # Growing less than the bucket below is no histogram's doing.
        (latency(4, 6, 7, total=5.0), latency(8, 8, 9, total=5.0), (4, 0, 0), 0),
    ],
)
def test_a_histogram_resets_as_a_whole(before: Observation, after: Observation, counts: object, total: int) -> None:
    (reading,) = replay([before, after])
    assert reading.measures["e2e_latency"] == Distribution({(0.5, 1.0): counts}, total, STEP_MS)  # type: ignore[dict-item]


def test_a_changed_layout_is_a_reset() -> None:
    (reading,) = replay([latency(4, 6, 7, total=5.0), latency(2, 3, total=1.0, bounds=(0.8,))])
    assert reading.measures["e2e_latency"] == Distribution({(0.8,): (2, 1)}, 1_000_000, STEP_MS)


def test_series_add_their_counts_and_not_the_time_they_were_watched() -> None:
    def two(*pairs: tuple[int, int]) -> Observation:
        states = {str(n): HistogramState((0.5,), pair, 0.0) for n, pair in enumerate(pairs)}
        return Observation({"m": ModelObservation(histograms={"e2e_latency": states})})

    (reading,) = replay([two((1, 1), (1, 1)), two((2, 3), (1, 4))])
    assert reading.measures["e2e_latency"] == Distribution({(0.5,): (1, 4)}, 0, STEP_MS)


def test_a_gauge_is_held_since_the_pull_before() -> None:
    waiting = Observation({"m": ModelObservation(gauges={"queue_depth": 2.5})})
    (reading,) = replay([waiting, waiting])
    assert reading.measures == {"queue_depth": Level(2500 * STEP_MS, STEP_MS, 2500, 2500, 2500, 2 * STEP_MS)}


# --- Limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ModelObservation(counters={"requests": {"a": 0}}), ModelObservation(counters={"requests": {"a": 2.0**52}})),
        (ModelObservation(), ModelObservation(gauges={"kv_cache_usage": 9e15})),
        (ModelObservation(), ModelObservation(gauges={"queue_depth": -9e15})),
        (
            ModelObservation(histograms={"e2e_latency": {}}),
            ModelObservation(histograms={"e2e_latency": {"s": HistogramState((1.0,), (2, 2), 1e12)}}),
        ),
        (
            ModelObservation(histograms={"e2e_latency": {}}),
            ModelObservation(
                histograms={"e2e_latency": {"s": HistogramState(tuple(map(float, range(201))), (1,) * 202, 1.0)}}
            ),
        ),
    ],
)
def test_what_is_too_large_to_be_true_is_left_out_and_named(before: ModelObservation, after: ModelObservation) -> None:
    state = advance(None, Observation({"m": before}), STEP_MS).state
    observation = Observation({"m": after})
    assert advance(state, observation, 2 * STEP_MS).readings == {}
    assert observation.problems == ("implausible",)


def test_series_beyond_the_limit_are_not_counted_and_named() -> None:
    many = requests({f"s{number:05}": 1 for number in range(MOST_SERIES + 10)})
    state = advance(None, many, STEP_MS).state
    assert len(state.counters["m"]["requests"]) == MOST_SERIES
    assert many.problems == ("too_many_series",)


# --- Times of creation -----------------------------------------------------------------------------------------------


def created(series: Seen, **created_ms: int) -> Observation:
    """Requests of series that say since when they count."""
    observation = requests(series)
    observation.created_ms = created_ms
    return observation


@pytest.mark.parametrize(
    ("observations", "increases"),
    [
        # Created anew: what it shows is what happened since, even above what it had.
        ([created({"a": 100}, a=1000), created({"a": 130}, a=20_000)], [130]),
        ([created({"a": 100, "b": 5}, a=1000, b=1000), created({"a": 130, "b": 7}, a=20_000, b=1000)], [132]),
        # The same time, printed with another fraction, or one that went back, is none.
        ([created({"a": 100}, a=1000), created({"a": 130}, a=1900)], [30]),
        ([created({"a": 100}, a=9000), created({"a": 130}, a=1000)], [30]),
        # One that says it only now, or no longer, goes on.
        ([created({"a": 100}), created({"a": 130}, a=20_000)], [30]),
        ([created({"a": 100}, a=1000), created({"a": 130}), created({"a": 150}, a=40_000)], [30, 150]),
        # A measure not seen before counts from 0 if it began between the two pulls, and not otherwise.
        ([created(None), created({"a": 7}, a=STEP_MS + 1)], [7]),
        ([created(None), created({"a": 7, "b": 90}, a=STEP_MS + 1, b=STEP_MS)], [7]),
        ([created(None), created({"a": 7}, a=STEP_MS), created({"a": 9}, a=STEP_MS)], [2]),
        ([created(None), created({"a": 7}, a=2 * STEP_MS + 1), created({"a": 9}, a=2 * STEP_MS + 1)], [2]),
        ([created({"a": 7}, a=1)], []),
    ],
)
def test_a_series_that_says_since_when_it_counts(observations: list[Observation], increases: list[int]) -> None:
    assert grown(*observations) == increases


def test_a_histogram_that_was_created_anew_counts_in_full() -> None:
    before, after = latency(1, 2, 3, total=2.0), latency(4, 5, 6, total=9.0)
    before.created_ms, after.created_ms = {"s": 1000}, {"s": 20_000}
    (reading,) = replay([before, after])
    assert reading.measures["e2e_latency"] == Distribution({(0.5, 1.0): (4, 1, 1)}, 9_000_000, STEP_MS)


@pytest.mark.parametrize(
    ("before", "after", "is_reset"),
    [
        (requests({"a": 5}), requests({"a": 6}), False),
        (requests({"a": 5}), requests({"b": 1}), False),
        (requests({"a": 5}), requests({"a": 4}), True),
        (requests({"a": 5}, started_at=100), requests({"a": 9}, started_at=200), True),
        (created({"a": 5}, a=1000), created({"a": 9}, a=9000), True),
    ],
)
def test_a_new_beginning_is_told(before: Observation, after: Observation, is_reset: bool) -> None:
    first = advance(None, before, STEP_MS)
    assert (first.is_reset, advance(first.state, after, 2 * STEP_MS).is_reset) == (False, is_reset)


def test_a_state_from_before_there_were_times_of_creation_is_read() -> None:
    old = b'[15000,null,{"m":{"requests":{"a":5}}},{}]'
    assert CounterState.from_bytes(old) == CounterState(15_000, None, {"m": {"requests": {"a": 5}}})


def test_times_of_creation_take_no_more_room_than_series() -> None:
    many = created({f"s{number:05}": 1 for number in range(MOST_SERIES + 10)})
    many.created_ms = {f"s{number:05}": 1 for number in range(2 * MOST_SERIES)}
    assert len(advance(None, many, STEP_MS).state.created_ms) == MOST_SERIES


# --- Laws ------------------------------------------------------------------------------------------------------------

amounts = st.lists(st.integers(0, 1000), min_size=1, max_size=30)


def prometheus_increase(values: Sequence[float]) -> float:
    """Last − first + the value before each drop, as `increase` has it before it extrapolates."""
    drops = sum(before for before, after in zip(values, values[1:], strict=False) if after < before)
    return values[-1] - values[0] + drops


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=30))
def test_increases_are_those_of_prometheus(values: list[int]) -> None:
    assert sum(grown(*(requests({"a": value}) for value in values))) == prometheus_increase(values)


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.dictionaries(st.sampled_from("abc"), st.floats(0, 1e9))),
            st.one_of(st.none(), st.floats(1, 1e6)),
        ),
        max_size=15,
    )
)
def test_no_increase_is_ever_negative(seen: list[tuple[Seen, float | None]]) -> None:
    assert all(increase >= 0 for increase in grown(*(requests(series, started_at) for series, started_at in seen)))


@given(
    st.lists(st.tuples(*[st.integers(0, 50)] * 3, st.sampled_from([(0.5, 1.0), (0.3, 2.0)])), min_size=2, max_size=15)
)
def test_no_bucket_ever_holds_less_than_nothing(seen: list[tuple[int, int, int, tuple[float, ...]]]) -> None:
    observations = [latency(a, a + b, a + b + c, total=a + b + c, bounds=bounds) for a, b, c, bounds in seen]
    for reading in replay(observations):
        distribution = reading.measures["e2e_latency"]
        assert isinstance(distribution, Distribution)
        assert all(count >= 0 for counts in distribution.counts.values() for count in counts)
        assert distribution.sum >= 0


@given(amounts, st.lists(st.integers(0, 29), max_size=10))
def test_however_often_it_is_pulled_the_sum_is_the_same(growth: list[int], skipped: list[int]) -> None:
    totals = [sum(growth[:n]) for n in range(len(growth) + 1)]
    inner = [total for n, total in enumerate(totals[1:-1]) if n not in skipped]
    pulled = [totals[0], *inner, totals[-1]]
    assert sum(grown(*(requests({"a": total}) for total in pulled))) == sum(growth)


@given(st.lists(st.floats(0, 5), min_size=1, max_size=20), st.integers(1, 5))
def test_no_part_of_a_sum_gets_lost_in_rounding(times: list[float], every: int) -> None:
    totals = [sum(times[:n]) for n in range(len(times) + 1)]
    pulled = [*range(0, len(times), every), len(times)]
    whole = merge_all(replay(latency(n, n, n, total=totals[n]) for n in pulled)).measures["e2e_latency"]
    at_once = merge_all(replay(latency(n, n, n, total=totals[n]) for n in (0, len(times)))).measures["e2e_latency"]
    assert isinstance(whole, Distribution)
    assert isinstance(at_once, Distribution)
    assert (whole.counts, whole.sum) == (at_once.counts, at_once.sum)


@given(amounts)
def test_a_state_survives_being_written_down(growth: list[int]) -> None:
    observation = latency(*sorted([*growth[:1] * 3]), total=1.5)
    observation.models["m"].counters["requests"] = {str(n): value for n, value in enumerate(growth)}
    observation.created_ms = {"0": 1, "s": 2}
    state = advance(None, observation, STEP_MS).state
    assert CounterState.from_bytes(state.to_bytes()) == state


def test_a_state_with_the_bounds_beside_each_histogram_is_still_read() -> None:
    old = b'[15000,null,{},{"m":{"e2e_latency":{"a":[[0.5,1.0],[1,2,3],7]}}},{"a":4}]'
    state = CounterState.from_bytes(old)
    assert state.histograms == {"m": {"e2e_latency": {"a": HistogramQuanta((0.5, 1.0), (1, 2, 3), 7)}}}
    assert state.created_ms == {"a": 4}
    assert CounterState.from_bytes(state.to_bytes()) == state
