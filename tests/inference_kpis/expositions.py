"""Expositions: recorded ones, and small ones of vLLM whose counters follow from how many requests there were."""

from collections.abc import Sequence
from pathlib import Path

from inference_kpis.engines import Engine, observe
from inference_kpis.protocols.exposition import parse
from inference_kpis.readings.observation import Observation

SAMPLES = Path(__file__).parents[1] / "samples"
BOUNDS = (0.3, 1.0)


def vllm(
    requests: int, *, failed: int = 0, waiting: int = 0, started_at: float | None = None, model: str = "m"
) -> bytes:
    """Half of the requests took at most 0.3 s, nine tenths at most 1 s; 10 output tokens each."""
    label = f'model_name="{model}"'
    buckets: Sequence[tuple[str, int]] = (("0.3", requests // 2), ("1.0", requests * 9 // 10), ("+Inf", requests))
    lines = [
        f'vllm:request_success_total{{{label},finished_reason="stop"}} {requests - failed}',
        f'vllm:request_success_total{{{label},finished_reason="error"}} {failed}',
        f"vllm:generation_tokens_total{{{label}}} {requests * 10}",
        f"vllm:prompt_tokens_total{{{label}}} {requests * 5}",
        f"vllm:num_requests_waiting{{{label}}} {waiting}",
        *(f'vllm:e2e_request_latency_seconds_bucket{{{label},le="{le}"}} {count}' for le, count in buckets),
        f"vllm:e2e_request_latency_seconds_sum{{{label}}} {requests * 0.5}",
    ]
    if started_at is not None:
        lines.append(f"process_start_time_seconds {started_at}")
    return ("\n".join(lines) + "\n").encode()


def recorded(name: str) -> bytes:
    """What a server answered."""
    return (SAMPLES / f"{name}.txt").read_bytes()


def observed(engine: Engine, body: bytes | str) -> Observation:
    """What an engine makes of a body."""
    return observe(engine, parse(body.encode() if isinstance(body, str) else body, engine.wanted))


def counted(observation: Observation, model: str = "") -> dict[str, float]:
    """The counters of a model, all series of a measure added."""
    return {measure: sum(series.values()) for measure, series in observation.models[model].counters.items()}
