"""What every engine keeps to."""

import pytest

from inference_kpis.catalogue import MEASURES
from inference_kpis.engines import ENGINES, Engine
from inference_kpis.engines.generic import GENERIC
from tests.inference_kpis.expositions import observed


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_an_engine_asks_for_every_name_it_reads(engine: Engine) -> None:
    assert engine.exposes <= MEASURES.keys()
    assert len(engine.exposes) == len(engine.sources)
    assert b"process_start_time_seconds" in engine.wanted
    for source in engine.sources:
        suffix = "_bucket" if source.kind == "distribution" else ""
        for alternative in source.alternatives:
            assert all(f"{series.name}{suffix}".encode() in engine.wanted for series in alternative)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("start", ["NaN", "-5", "+Inf", "0"])
def test_a_start_time_that_makes_no_sense_is_unknown(engine: Engine, start: str) -> None:
    assert observed(engine, f"process_start_time_seconds {start}\n").started_at_ms is None


def test_the_youngest_of_several_processes_says_when_the_server_started() -> None:
    text = 'process_start_time_seconds{pid="1"} 100\nprocess_start_time_seconds{pid="2"} 200\n'
    assert observed(GENERIC, text).started_at_ms == 200_000
