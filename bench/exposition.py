"""The exposition of a busy vLLM server with two engines: about 800 lines, whose counters grow from one step to the next.

Names, labels and bounds are those that vLLM and its HTTP middleware document, comments and `_created` series included.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from inference_kpis.demo.expositions import VLLM_FIRST_TOKEN_BOUNDS, VLLM_INTER_TOKEN_BOUNDS, VLLM_REQUEST_BOUNDS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MODEL = "meta-llama/Llama-3.1-8B-Instruct"
LABELS = tuple(f'engine="{number}",model_name="{MODEL}"' for number in range(2))
STARTED_AT = 1_790_000_000.25
TOKEN_BOUNDS = tuple(float(digit * 10**power) for power in range(5) for digit in (1, 2, 5))
ITERATION_BOUNDS = (1.0, *(float(2**power) for power in range(3, 15)))
HTTP_BOUNDS = (*(n / 100 for n in (1, 2.5, 5, 7.5, 10, 25, 50, 75)), *(1.0, 1.5, 2.0, 2.5, 3.0, 5.0, 10.0, 30.0, 60.0))
HANDLERS = ("/v1/chat/completions", "/v1/completions", "/v1/models", "/tokenize")
FINISHED = ("stop", "length", "abort", "error", "repetition")
HISTOGRAMS: dict[str, Sequence[float]] = {
    "e2e_request_latency_seconds": VLLM_REQUEST_BOUNDS,
    "request_queue_time_seconds": VLLM_REQUEST_BOUNDS,
    "request_inference_time_seconds": VLLM_REQUEST_BOUNDS,
    "request_prefill_time_seconds": VLLM_REQUEST_BOUNDS,
    "request_decode_time_seconds": VLLM_REQUEST_BOUNDS,
    "time_to_first_token_seconds": VLLM_FIRST_TOKEN_BOUNDS,
    "inter_token_latency_seconds": VLLM_INTER_TOKEN_BOUNDS,
    "request_time_per_output_token_seconds": VLLM_INTER_TOKEN_BOUNDS,
    "request_prompt_tokens": TOKEN_BOUNDS,
    "request_generation_tokens": TOKEN_BOUNDS,
    "request_params_max_tokens": TOKEN_BOUNDS,
    "iteration_tokens_total": ITERATION_BOUNDS,
}
COUNTERS = {
    "prompt_tokens": 4_211,
    "generation_tokens": 2_903,
    "prefix_cache_queries": 4_211,
    "prefix_cache_hits": 1_870,
    "num_preemptions": 1,
}
GAUGES = {"num_requests_running": 7, "num_requests_waiting": 3, "kv_cache_usage_perc": 0.42}


def exposition(step: int) -> bytes:
    """The body at a step; every counter and every bucket is higher, or as high, at the next one."""
    return ("\n".join(_lines(step)) + "\n").encode()


def _lines(step: int) -> Iterator[str]:
    yield from _family("process_start_time_seconds", "gauge", [("", STARTED_AT)])
    yield from _family("process_cpu_seconds_total", "counter", [("", 812.5 + 14.25 * step)])
    for name, value in GAUGES.items():
        yield from _family(f"vllm:{name}", "gauge", [(engine, value + (step % 5) / 100) for engine in LABELS])
    for name, growth in COUNTERS.items():
        yield from _counter(f"vllm:{name}", [(engine, growth * (step + 9)) for engine in LABELS])
    finished = [f'finished_reason="{reason}",{engine}' for engine in LABELS for reason in FINISHED]
    yield from _counter("vllm:request_success", [(labels, 11 * (step + 9)) for labels in finished])
    for name, bounds in HISTOGRAMS.items():
        yield from _histogram(f"vllm:{name}", bounds, LABELS, step)
    answers = [f'handler="{handler}",method="POST"' for handler in HANDLERS]
    yield from _counter("http_requests", [(f'{labels},status="2xx"', 13 * (step + 9)) for labels in answers])
    yield from _histogram("http_request_duration_seconds", HTTP_BOUNDS, answers, step)


def _family(name: str, kind: str, samples: Sequence[tuple[str, float]]) -> Iterator[str]:
    yield f"# HELP {name} What the server says about {name}."
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        yield f"{name}{{{labels}}} {float(value)}" if labels else f"{name} {float(value)}"


def _counter(name: str, samples: Sequence[tuple[str, float]]) -> Iterator[str]:
    yield from _family(f"{name}_total", "counter", samples)
    yield from _family(f"{name}_created", "gauge", [(labels, STARTED_AT) for labels, _ in samples])


def _histogram(name: str, bounds: Sequence[float], series: Sequence[str], step: int) -> Iterator[str]:
    yield f"# HELP {name} Histogram of {name}."
    yield f"# TYPE {name} histogram"
    for labels in series:
        heights = list(accumulate((position % 7) * (step + 9) for position in range(len(bounds) + 1)))
        for bound, height in zip([*map(str, bounds), "+Inf"], heights, strict=True):
            yield f'{name}_bucket{{{labels},le="{bound}"}} {float(height)}'
        yield f"{name}_count{{{labels}}} {float(heights[-1])}"
        yield f"{name}_sum{{{labels}}} {heights[-1] * 0.734}"
    yield from _family(f"{name}_created", "gauge", [(labels, STARTED_AT) for labels in series])
