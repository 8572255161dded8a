"""Reading expositions: the product's parser against the Python client's, on the same bodies of about 800 lines."""

from collections.abc import Callable, Iterator

from prometheus_client.parser import text_string_to_metric_families

from bench.exposition import exposition
from bench.report import Figure, Line, Note, cpu_seconds
from inference_kpis.engines import ENGINES, plan_for
from inference_kpis.protocols.exposition import parse
from inference_kpis.protocols.layouts import layout_of

BODIES = [exposition(step) for step in range(8)]
RUNS = 15
VLLM = ENGINES["vllm"]
LAYOUT = layout_of(BODIES[0], VLLM.wanted)
assert LAYOUT
PLAN = plan_for(VLLM, LAYOUT.series)
EVERY_NAME = frozenset(
    line.partition(b"{")[0].split()[0] for line in BODIES[0].splitlines() if not line.startswith(b"#")
)
LIMIT = 10


def parse_wanted() -> None:
    for body in BODIES:
        parse(body, VLLM.wanted)


def read_by_layout() -> None:
    for body in BODIES:
        values = LAYOUT.values(body)
        assert values
        PLAN.observe(values)


def parse_everything() -> None:
    for body in BODIES:
        parse(body, EVERY_NAME)


def parse_with_client() -> None:
    for body in BODIES:
        for _ in text_string_to_metric_families(body.decode()):
            pass


WAYS = {
    "decode: parse, names that vLLM's KPIs need": parse_wanted,
    "decode: by layout, mapped to measures": read_by_layout,
    "decode: parse, every name": parse_everything,
}


def measure() -> Iterator[Line | Note]:
    """Megabytes per CPU second, all ways in turn so that a busy machine is busy for all."""
    megabytes = sum(map(len, BODIES)) / 1e6
    speeds: dict[Callable[[], None], list[float]] = {way: [] for way in (*WAYS.values(), parse_with_client)}
    for warm in speeds:
        warm()
    for _ in range(RUNS):
        for way, found in speeds.items():
            found.append(megabytes / cpu_seconds(way))
    client = Figure(speeds[parse_with_client], "MB/s", 1)
    for what, way in WAYS.items():
        yield Line(what, Figure(speeds[way], "MB/s", 1), "prometheus_client", client, LIMIT, "at least")
    lines, wanted = BODIES[0].count(b"\n"), len(parse(BODIES[0], VLLM.wanted))
    yield Note(f"bodies of {lines} lines, {len(BODIES[0]) / 1000:.0f} kB, {wanted} samples wanted; series seen before")
