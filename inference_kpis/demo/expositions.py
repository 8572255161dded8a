"""What a server counted, in the words of three makes. Names, units and bounds are those that the makes document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inference_kpis.demo.server import Histogram, Stats

VLLM_REQUEST_BOUNDS = (
    *(0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0),
    *(120.0, 240.0, 480.0, 960.0, 1920.0, 7680.0),
)
VLLM_FIRST_TOKEN_BOUNDS = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
    *(20.0, 40.0, 80.0, 160.0, 640.0, 2560.0),
)
VLLM_INTER_TOKEN_BOUNDS = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
    *(20.0, 40.0, 80.0),
)
GENERIC_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)


def _family(name: str, kind: str, meaning: str, samples: Iterable[tuple[str, float]]) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        yield f"{name}{{{labels}}} {value}" if labels else f"{name} {value}"


def _histogram(name: str, meaning: str, labels: str, histogram: Histogram) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} histogram"
    comma = "," if labels else ""
    bounds = [*map(str, histogram.bounds), "+Inf"]
    heights = list(accumulate(histogram.counts))
    for bound, height in zip(bounds, heights, strict=True):
        yield f'{name}_bucket{{{labels}{comma}le="{bound}"}} {float(height)}'
    closing = f"{{{labels}}}" if labels else ""
    yield f"{name}_sum{closing} {histogram.sum}"
    yield f"{name}_count{closing} {float(heights[-1])}"


def _process(stats: Stats) -> Iterator[str]:
    meaning = "Start time of the process since unix epoch in seconds."
    return _family("process_start_time_seconds", "gauge", meaning, [("", stats.started_at)])


def vllm(stats: Stats) -> str:
    label = f'model_name="{stats.model_name}",engine="0"'
    finished = [(f'{label},finished_reason="{reason}"', count) for reason, count in stats.finished.items()]
    lines = [
        *_process(stats),
        *_family("vllm:request_success_total", "counter", "Finished requests.", finished),
        *_family("vllm:prompt_tokens_total", "counter", "Prompt tokens.", [(label, stats.prompt_tokens)]),
        *_family("vllm:generation_tokens_total", "counter", "Generated tokens.", [(label, stats.output_tokens)]),
        *_family("vllm:num_requests_running", "gauge", "Running requests.", [(label, stats.running)]),
        *_family("vllm:num_requests_waiting", "gauge", "Waiting requests.", [(label, stats.waiting)]),
        *_family("vllm:kv_cache_usage_perc", "gauge", "KV-cache usage, 1 is full.", [(label, stats.cache_share)]),
        *_histogram("vllm:e2e_request_latency_seconds", "Latency of requests.", label, stats.e2e),
        *_histogram("vllm:time_to_first_token_seconds", "Time to first token.", label, stats.first_token),
        *_histogram("vllm:inter_token_latency_seconds", "Time between tokens.", label, stats.inter_token),
        *_histogram("vllm:request_queue_time_seconds", "Time in the queue.", label, stats.queue),
    ]
    return "\n".join(lines) + "\n"


def triton(stats: Stats) -> str:
    label = f'model="{stats.model_name}",version="1"'
    micro = 1e6
    lines = [
        *_family("nv_inference_request_success", "counter", "Successful requests.", [(label, stats.finished["stop"])]),
        *_family(
            "nv_inference_request_failure",
            "counter",
            "Failed requests.",
            [(f'{label},reason="OTHER"', stats.finished["error"])],
        ),
        *_family(
            "nv_inference_request_duration_us",
            "counter",
            "Cumulative duration of requests in microseconds.",
            [(label, round(stats.request_seconds * micro))],
        ),
        *_family(
            "nv_inference_queue_duration_us",
            "counter",
            "Cumulative duration in the queue in microseconds.",
            [(label, round(stats.queue_seconds * micro))],
        ),
        *_family("nv_inference_pending_request_count", "gauge", "Pending requests.", [(label, stats.waiting)]),
    ]
    return "\n".join(lines) + "\n"


def generic(stats: Stats) -> str:
    statuses = {"200": stats.finished["stop"], "500": stats.finished["error"]}
    path = 'method="POST",handler="/v1/completions"'
    requests = [(f'{path},status="{status}"', count) for status, count in statuses.items()]
    lines = [
        *_process(stats),
        *_family("http_requests_total", "counter", "Requests.", requests),
        *_family("http_requests_in_progress", "gauge", "Requests in progress.", [("", stats.running)]),
        *_family("http_requests_queued", "gauge", "Requests that wait.", [("", stats.waiting)]),
        *_histogram("http_request_duration_seconds", "Duration of requests.", path, stats.http),
    ]
    return "\n".join(lines) + "\n"


RENDER: dict[str, Callable[[Stats], str]] = {"vllm": vllm, "triton": triton, "generic": generic}
