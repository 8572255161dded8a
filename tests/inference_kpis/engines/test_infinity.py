"""infinity, captured from the middleware it mounts: six requests, one of which failed, a probe and a pull."""

from tests.inference_kpis.engines.samples import counters, counts, read


def test_it_works() -> None:
    (model,) = read("infinity").values()
    assert counters(model) == {"requests": 6, "failed_requests": 1}
    assert counts(model) == {"e2e_latency": 6}
