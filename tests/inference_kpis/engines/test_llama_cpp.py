"""llama.cpp: tokens and the time they took; no request, failure or latency can be told."""

from inference_kpis.catalogue import KPIS, Vantage
from inference_kpis.engines import ENGINES
from inference_kpis.readings.queries import exposed_by
from inference_kpis.readings.statistics import gives
from tests.inference_kpis.engines.samples import counters, edited, read


def test_it_works() -> None:
    (model,) = read("llama_cpp").values()
    assert counters(model) == {"prompt_tokens": 5120, "output_tokens": 2000, "generation_time": 50.5}
    assert model.gauges == {"queue_depth": 1, "running_requests": 2}
    assert not model.histograms


def test_a_high_water_mark_and_rates_are_not_read() -> None:
    wanted = ENGINES["llama_cpp"].wanted
    assert not wanted & {b"llamacpp:n_tokens_max", b"llamacpp:predicted_tokens_seconds"}


def test_an_older_release_tells_the_use_of_its_cache() -> None:
    body = edited("llama_cpp") + b"llamacpp:kv_cache_usage_ratio 0.5\n"
    assert read("llama_cpp", body)[""].gauges["kv_cache_usage"] == 0.5


def test_the_mean_between_tokens_is_all_that_it_says_of_time() -> None:
    exposed = exposed_by(["llama_cpp"])
    # Probes time any server from outside.
    of_server = {key: kpi for key, kpi in KPIS.items() if kpi.vantage is Vantage.SERVER}
    given = {key for key, kpi in of_server.items() if "latency" in key and gives(kpi, exposed)}
    assert given == {"mean_inter_token_latency"}
    assert not gives(KPIS["request_rate"], exposed)
