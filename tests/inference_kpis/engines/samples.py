"""The expositions in `tests/samples/`, and what an engine reads in them."""

from pathlib import Path

import pytest

from inference_kpis.engines import ENGINES, observe
from inference_kpis.protocols.exposition import parse
from inference_kpis.readings.observation import HistogramState, ModelObservation

SAMPLES = Path(__file__).parents[2] / "samples"
KEYS = sorted(path.stem for path in SAMPLES.glob("*.txt") if path.stem in ENGINES)


def sample(key: str) -> bytes:
    return (SAMPLES / f"{key}.txt").read_bytes()


def read(key: str, body: bytes | None = None) -> dict[str, ModelObservation]:
    """What the engine of this key reads in its sample, or in another body, by model; nothing may be dropped."""
    engine = ENGINES[key]
    observation = observe(engine, parse(sample(key) if body is None else body, engine.wanted))
    assert observation.problems == ()
    return observation.models


def counters(model: ModelObservation) -> dict[str, float]:
    """The counters of a model by measure, their series added."""
    return {measure: pytest.approx(sum(by_series.values())) for measure, by_series in model.counters.items()}


def histogram(model: ModelObservation, measure: str) -> HistogramState:
    """The only series of a measure's histogram."""
    (state,) = model.histograms[measure].values()
    return state


def counts(model: ModelObservation) -> dict[str, int]:
    """How many observations each distribution holds."""
    return {
        measure: sum(state.cumulative[-1] for state in states.values()) for measure, states in model.histograms.items()
    }


def edited(key: str, *pairs: tuple[str, str]) -> bytes:
    """The sample with texts replaced, such as names by those of an older release."""
    text = sample(key).decode()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text.encode()
