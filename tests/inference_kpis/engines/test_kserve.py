"""KServe's runtime, captured: six requests, one of which raised; it does not tell which."""

from inference_kpis.engines import ENGINES
from tests.inference_kpis.engines.samples import counters, counts, read


def test_it_works() -> None:
    model = read("kserve")["echo"]
    assert counters(model)["requests"] == 6
    assert counts(model) == {"e2e_latency": 6}


def test_the_time_of_a_request_holds_what_is_done_before_and_after() -> None:
    assert len(read("kserve")["echo"].counters["request_time"]) == 3


def test_what_it_does_not_count_is_not_called_none() -> None:
    assert "failed_requests" not in ENGINES["kserve"].exposes
