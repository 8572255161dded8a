"""Text Embeddings Inference: requests, not the texts inside them."""

from tests.inference_kpis.engines.samples import counters, counts, histogram, read


def test_it_works() -> None:
    (model,) = read("tei").values()
    assert counters(model) == {"requests": 50, "failed_requests": 2, "prompt_tokens": 17900}
    assert model.gauges == {"queue_depth": 6}
    assert counts(model) == {"e2e_latency": 46, "queue_time": 46}
    assert histogram(model, "e2e_latency").bounds[0] == 0.000015
