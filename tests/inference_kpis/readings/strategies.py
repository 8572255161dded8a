"""Readings for property tests: small whole numbers, a few measures, a few layouts."""

from hypothesis import strategies as st

from inference_kpis.readings.algebra import EMPTY, Distribution, Increase, Level, Reading

numbers = st.integers(0, 10**6)
durations = st.integers(1, 10**7)
layouts = st.sampled_from([(0.1, 0.5), (0.1, 0.5, 1.0), (0.3,)])
increases = st.builds(Increase, numbers, durations)


@st.composite
def levels(draw: st.DrawFn) -> Level:
    low, last, high = sorted(draw(st.tuples(numbers, numbers, numbers)))
    return Level(draw(numbers), draw(durations), low, high, last, draw(durations))


@st.composite
def distributions(draw: st.DrawFn) -> Distribution:
    chosen = draw(st.lists(layouts, min_size=1, max_size=3, unique=True))
    counts = {
        bounds: tuple(draw(st.lists(st.integers(0, 50), min_size=len(bounds) + 1, max_size=len(bounds) + 1)))
        for bounds in chosen
    }
    return Distribution(counts, draw(numbers), draw(durations))


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    if draw(st.integers(0, 9)) == 0:
        return EMPTY
    start = draw(durations)
    measures = {
        "requests": increases,
        "output_tokens": increases,
        "queue_depth": levels(),
        "e2e_latency": distributions(),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(measures)), unique=True, min_size=1))
    return Reading(start, start + draw(durations), {key: draw(measures[key]) for key in chosen})
