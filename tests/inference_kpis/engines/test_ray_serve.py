"""Ray Serve, captured: six requests, one of which raised, one to a wrong address, and a probe."""

from tests.inference_kpis.engines.samples import counters, counts, edited, read, sample


def test_it_works() -> None:
    models = read("ray_serve")
    model = models["echo"]
    assert counters(model) == {"requests": 6, "failed_requests": 1}
    assert model.gauges == {"queue_depth": 0, "running_requests": 0}
    assert counts(model) == {"e2e_latency": 6}
    assert counters(models[""]) == {"requests": 0, "failed_requests": 0}
    assert counts(models[""]) == {}


def test_a_counter_shown_twice_is_read_once() -> None:
    lines = sample("ray_serve").splitlines(keepends=True)
    again = [
        line.replace(b"requests_total{", b"requests{")
        for line in lines
        if line.startswith(b"ray_serve_num_http_requests_total{")
    ]
    assert len(again) == 4
    assert counters(read("ray_serve", b"".join(lines + again))["echo"])["requests"] == 6


def test_milliseconds_are_read_as_seconds() -> None:
    states = read("ray_serve")["echo"].histograms["e2e_latency"].values()
    assert all(state.bounds[:4] == (0.001, 0.002, 0.005, 0.01) for state in states)


def test_vllm_inside_is_read_as_well() -> None:
    inside = b'ray_vllm_generation_tokens_total{model_name="llama",WorkerId="a"} 70\n'
    inside += b'ray_vllm_gpu_cache_usage_perc{model_name="llama",WorkerId="a"} 0.4\n'
    model = read("ray_serve", edited("ray_serve") + inside)["llama"]
    assert counters(model) == {"output_tokens": 70}
    assert model.gauges == {"kv_cache_usage": 0.4}
