"""What the shape of an engine can say of a series, on small expositions."""

import pytest

from inference_kpis.catalogue import MEASURES
from inference_kpis.engines import ENGINES, observe
from inference_kpis.engines.engine import Engine, Series, none_of, source
from inference_kpis.engines.generic import GENERIC
from inference_kpis.protocols.exposition import parse
from inference_kpis.readings.observation import ModelObservation


def observed(text: str, *sources: object) -> ModelObservation:
    """The only model of an exposition read by an engine of these sources."""
    engine = Engine("test", "Test", 80, "/metrics", ("model",), sources)  # type: ignore[arg-type]
    models = observe(engine, parse(text.encode(), engine.wanted)).models
    return next(iter(models.values()), ModelObservation())


def total(model: ModelObservation, measure: str = "requests") -> float:
    return sum(model.counters[measure].values())


def test_the_first_alternative_that_is_there_counts_alone() -> None:
    requests = source("requests", Series("new_total"), (Series("old_a"), Series("old_b")))
    assert total(observed("new_total 3\nold_a 4\nold_b 5\n", requests)) == 3
    assert total(observed("old_a 4\nold_b 5\n", requests)) == 9


def test_of_ranks_that_repeat_each_other_one_counts() -> None:
    waiting = source("queue_depth", Series("waiting", one_per=("dp_rank",)))
    text = "".join(f'waiting{{tp_rank="{tp}",dp_rank="{tp // 2}"}} {5 + tp // 2}\n' for tp in range(4))
    assert observed(text, waiting).gauges == {"queue_depth": 5 + 6}


def test_a_counter_goes_on_when_its_pod_changes() -> None:
    energy = source("energy", Series("energy", scale=1e-3, one_per=("UUID",)))
    before = observed('energy{UUID="a",pod="one"} 7000\n', energy).counters["energy"]
    after = observed('energy{UUID="a",pod="two"} 9000\nenergy{UUID="a",pod="three"} 9000\n', energy).counters["energy"]
    assert list(before) == list(after)
    assert list(after.values()) == [9]


def test_of_histograms_that_repeat_each_other_one_counts() -> None:
    latency = source("queue_time", Series("wait", one_per=("dp_rank",)))
    lines = [
        f'wait_bucket{{tp_rank="{rank}",dp_rank="0",le="{le}"}} {count}\n'
        for rank in range(2)
        for le, count in (("1", 4), ("+Inf", 6))
    ]
    sums = [f'wait_sum{{tp_rank="{rank}",dp_rank="0"}} 3.5\n' for rank in range(2)]
    (histogram,) = observed("".join(lines + sums), latency).histograms["queue_time"].values()
    assert (histogram.bounds, histogram.cumulative, histogram.sum) == ((1.0,), (4, 6), 3.5)


def test_a_ratio_divides_by_all_that_is_named() -> None:
    usage = source("accelerator_memory_usage", Series("used", per=("used", "free")))
    assert observed('used{gpu="0"} 30\nused{gpu="1"} 20\nfree{gpu="0"} 50\nfree{gpu="1"} 100\n', usage).gauges == {
        "accelerator_memory_usage": 0.25
    }


def test_what_waits_for_its_first_event_is_none() -> None:
    failed = source("failed_requests", (none_of("requests"), Series("failures")))
    assert total(observed('requests{model="m"} 5\n', failed), "failed_requests") == 0
    assert total(observed('requests{model="m"} 5\nfailures{model="m"} 2\n', failed), "failed_requests") == 2


@pytest.mark.parametrize("value", ["NaN", "-1", "+Inf", "1e300"])
def test_a_counter_that_makes_no_sense_is_not_none(value: str) -> None:
    assert observed(f"requests {value}\n", source("requests", Series("requests"))).counters == {}


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_an_engine_names_each_measure_once_and_only_such_as_exist(engine: Engine) -> None:
    measures = [each.measure for each in engine.sources]
    assert len(measures) == len(set(measures))
    assert set(measures) <= set(MEASURES)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_an_engine_has_its_place_in_the_list(engine: Engine) -> None:
    assert ENGINES[engine.key] is engine
    assert engine.default_path.startswith("/")
    assert len(engine.key) <= 30


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("start", ["NaN", "-5", "+Inf", "0"])
def test_a_start_time_that_makes_no_sense_is_unknown(engine: Engine, start: str) -> None:
    samples = parse(f"process_start_time_seconds {start}\n".encode(), engine.wanted)
    assert observe(engine, samples).started_at_ms is None


def test_the_youngest_of_several_processes_says_when_the_server_started() -> None:
    text = b'process_start_time_seconds{pid="1"} 100\nprocess_start_time_seconds{pid="2"} 200\n'
    assert observe(GENERIC, parse(text, GENERIC.wanted)).started_at_ms == 200_000


def test_a_series_says_since_when_it_counts() -> None:
    engine = Engine(
        *("test", "Test", 80, "/metrics", ("model",)),
        (source("requests", Series("r_total")), source("e2e_latency", Series("t")), source("queue_depth", Series("q"))),
    )
    body = (
        b'r_total{model="m"} 5\nr_created{model="m"} 1700000000.25\nr_created{model="n"} NaN\n'
        b't_bucket{model="m",le="1"} 1\nt_bucket{model="m",le="+Inf"} 1\nt_created{model="m"} 1.7e9\nq_created 7\n'
    )
    observation = observe(engine, parse(body, engine.wanted))
    (counted,) = observation.models["m"].counters["requests"]
    (distributed,) = observation.models["m"].histograms["e2e_latency"]
    assert observation.created_ms == {counted: 1_700_000_000_250, distributed: 1_700_000_000_000}


def test_of_a_series_that_comes_twice_the_first_counts() -> None:
    engine = Engine(
        *("test", "Test", 80, "/metrics", ("model",)),
        (source("requests", Series("r_total")), source("queue_depth", Series("q"))),
    )
    body = b'r_total{a="1",b="2"} 5\nr_total{b="2",a="1"} 7\nq 3\nq 3\n'
    observation = observe(engine, parse(body, engine.wanted))
    assert observation.problems == ("duplicate_series",)
    assert total(observation.models[""]) == 5
    assert observation.models[""].gauges == {"queue_depth": 3}
