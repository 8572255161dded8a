"""TensorFlow Serving: names that start with a colon, microseconds, and faults that are not the server's."""

from tests.inference_kpis.engines.samples import counters, counts, read


def test_it_works() -> None:
    (model,) = read("tensorflow_serving").values()
    assert counters(model) == {"requests": 56, "failed_requests": 2}
    assert counts(model) == {"e2e_latency": 50}


def test_both_entry_points_are_read_in_seconds() -> None:
    states = read("tensorflow_serving")["half_plus_two"].histograms["e2e_latency"].values()
    assert {state.bounds[:3] for state in states} == {(0.00001, 0.000018, 0.0000324)}
    assert sorted(round(state.sum, 9) for state in states) == [0.0012, 0.009]
