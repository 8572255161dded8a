"""What the page of a probe shows: edge and central side by side over a window, and how the last runs ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

from inference_kpis.catalogue import KPIS, Kpi, Quantile, Ratio
from inference_kpis.dashboards.series import Line, steps
from inference_kpis.probes.baselines import latest_baseline, reduction_against
from inference_kpis.probes.models import Probe, ProbeBaseline
from inference_kpis.probes.problems import sentence
from inference_kpis.probes.results import Answer, Run
from inference_kpis.readings.algebra import Distribution, Reading, merge_all
from inference_kpis.readings.queries import Window, node_model_readings
from inference_kpis.readings.statistics import Quantity, evaluate
from inference_kpis.readings.store import as_datetime

LATENCY = KPIS["probe_latency_p50"]
REDUCTIONS = ((KPIS["response_time_reduction_p50"], 0.5), (KPIS["response_time_reduction_p95"], 0.95))

# For each row of the comparison: how it is shown, and the formulas of the edge and of its counterpart.
COMPARED = (
    (KPIS["probe_latency_p50"], Quantile("probe_latency", 0.5), Quantile("central_probe_latency", 0.5)),
    (KPIS["probe_latency_p95"], Quantile("probe_latency", 0.95), Quantile("central_probe_latency", 0.95)),
    (
        KPIS["probe_time_to_first_token_p50"],
        Quantile("probe_time_to_first_token", 0.5),
        Quantile("central_probe_time_to_first_token", 0.5),
    ),
    (
        KPIS["probe_time_to_first_token_p95"],
        Quantile("probe_time_to_first_token", 0.95),
        Quantile("central_probe_time_to_first_token", 0.95),
    ),
    (
        KPIS["probe_success_ratio"],
        Ratio(("successful_probes",), ("probes",)),
        Ratio(("successful_central_probes",), ("central_probes",)),
    ),
)


@dataclass(frozen=True)
class Row:
    """One KPI of both ends."""

    kpi: Kpi
    edge: Quantity
    central: Quantity


@dataclass(frozen=True)
class Standing:
    """A probe over a window. `reductions` are against the counterpart, or against `baseline` where there is none."""

    rows: tuple[Row, ...]
    reductions: tuple[tuple[Kpi, Quantity], ...]
    baseline: ProbeBaseline | None
    lines: tuple[Line, ...]


def standing(probe: Probe, window: Window, *, edge_label: str, central_label: str) -> Standing:
    """What is known of a probe; a constant number of queries."""
    readings = node_model_readings(probe.node_id, window).get(probe.model_name, [])
    merged = merge_all(reading for _, reading in readings)
    rows = tuple(
        Row(kpi, _shown(kpi, evaluate(edge, merged)), _shown(kpi, evaluate(central, merged)))
        for kpi, edge, central in COMPARED
        if probe.is_chat or "token" not in kpi.key
    )
    has_none = probe.central_url or not probe.model_name
    baseline = None if has_none else latest_baseline(probe.model_name)
    found = merged.measures.get("probe_latency")
    edge = found if isinstance(found, Distribution) else None
    reductions = []
    for kpi, q in REDUCTIONS:
        value = reduction_against(edge, baseline, q) if baseline else evaluate(kpi.formula, merged)
        reductions.append((kpi, _shown(kpi, value)))
    lines = [Line(edge_label, steps(LATENCY, readings, window, is_exposed=True), rows[0].edge, "edge")]
    if probe.central_url:
        moved = [(at, _as_edge(reading)) for at, reading in readings]
        lines.append(Line(central_label, steps(LATENCY, moved, window, is_exposed=True), rows[0].central, "central"))
    return Standing(rows, tuple(reductions), baseline, tuple(lines))


def _shown(kpi: Kpi, quantity: Quantity) -> Quantity:
    return quantity.scaled(float(kpi.display_factor))


def _as_edge(reading: Reading) -> Reading:
    """The counterpart's latency where the edge's stands, for a line of the same KPI."""
    central = reading.measures.get("central_probe_latency")
    return Reading(reading.start_ms, reading.end_ms, {"probe_latency": central} if central else {})


# --- The last runs ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PastRun:
    """A run as people read it."""

    at: datetime
    edge: Answer
    central: Answer | None

    @property
    def edge_problem(self) -> str | Promise:
        return sentence(self.edge.problem) if self.edge.problem else ""

    @property
    def central_problem(self) -> str | Promise:
        return sentence(self.central.problem) if self.central and self.central.problem else ""


def past_run(run: Run) -> PastRun:
    """A run that was just made."""
    return PastRun(as_datetime(run.started_ms), run.edge, run.central)


def past_runs(probe: Probe) -> list[PastRun]:
    """The last runs, newest first."""
    return [PastRun(as_datetime(run["started_ms"]), _answer(run["edge"]), _central(run)) for run in probe.runs]


def _central(run: Mapping[str, dict[str, object]]) -> Answer | None:
    return _answer(run["central"]) if "central" in run else None


def _answer(values: dict[str, object]) -> Answer:
    return Answer(**values)  # type: ignore[arg-type]
