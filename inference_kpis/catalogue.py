"""The catalogue: measures are what is stored, KPIs are what is shown.

A measure is additive and kept as integers, each worth one `quantum` of its unit, so that merging is exact. A KPI is a
formula over merged measures; `readings.statistics` evaluates it. Ids and keys are for ever: neither renamed nor reused.
"""

import math
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from functools import cached_property

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Label = str | Promise
# Below this the error of a float times a whole number is less than a quarter.
EXACT_BELOW = 2.0**50


class Kind(StrEnum):
    """How a measure merges: sums of increases, integrals of a level, counts per bucket of a distribution."""

    INCREASE = "increase"
    LEVEL = "level"
    DISTRIBUTION = "distribution"


@dataclass(frozen=True)
class Measure:
    """An additive quantity. `quantum` says what the integer 1 means in `unit`; for a distribution, in its sum."""

    id: int
    key: str
    kind: Kind
    unit: str
    quantum: Decimal
    label: Label = field(compare=False)

    @cached_property
    def per_unit(self) -> int:
        """Quanta of one unit."""
        return int(1 / self.quantum)

    def to_quanta(self, value: float | Decimal) -> int:
        """`value`, in `unit`, as a whole number of quanta, half to even. Raises ValueError for NaN and infinities."""
        if not math.isfinite(value):
            raise ValueError(f"{self.key} cannot be {value}")
        if not isinstance(value, Decimal) and abs(scaled := value * self.per_unit) < EXACT_BELOW:
            nearest = round(scaled)
            # Nearer than what the product and the decimal of a float can be apart: the same, at a tenth of the cost.
            if abs(scaled - nearest) < 0.25:
                return nearest
        exact = value if isinstance(value, Decimal) else Decimal(repr(value))
        return int((exact / self.quantum).to_integral_value(ROUND_HALF_EVEN))

    def from_quanta(self, quanta: int) -> float:
        """A whole number of quanta in `unit`."""
        return float(quanta * self.quantum)


_ONE, _MILLI, _MICRO = Decimal(1), Decimal("0.001"), Decimal("0.000001")

MEASURES: dict[str, Measure] = {
    measure.key: measure
    for measure in (
        Measure(1, "requests", Kind.INCREASE, "{request}", _ONE, _("Requests")),
        Measure(2, "failed_requests", Kind.INCREASE, "{request}", _ONE, _("Failed requests")),
        Measure(3, "edge_requests", Kind.INCREASE, "{request}", _ONE, _("Requests served at the edge")),
        Measure(4, "prompt_tokens", Kind.INCREASE, "{token}", _ONE, _("Prompt tokens")),
        Measure(5, "output_tokens", Kind.INCREASE, "{token}", _ONE, _("Output tokens")),
        Measure(6, "pulls", Kind.INCREASE, "{pull}", _ONE, _("Pulls")),
        Measure(7, "successful_pulls", Kind.INCREASE, "{pull}", _ONE, _("Successful pulls")),
        Measure(8, "energy", Kind.INCREASE, "J", _MILLI, _("Energy")),
        Measure(9, "cost", Kind.INCREASE, "{currency}", _MICRO, _("Cost")),
        Measure(10, "request_time", Kind.INCREASE, "s", _MICRO, _("Time spent on requests")),
        Measure(15, "generation_time", Kind.INCREASE, "s", _MICRO, _("Time spent generating tokens")),
        Measure(20, "queue_depth", Kind.LEVEL, "{request}", _MILLI, _("Waiting requests")),
        Measure(21, "running_requests", Kind.LEVEL, "{request}", _MILLI, _("Running requests")),
        Measure(22, "kv_cache_usage", Kind.LEVEL, "1", _MICRO, _("KV-cache usage")),
        Measure(23, "accelerator_utilisation", Kind.LEVEL, "1", _MICRO, _("Accelerator utilisation")),
        Measure(24, "accelerator_memory_usage", Kind.LEVEL, "1", _MICRO, _("Accelerator memory usage")),
        Measure(25, "power", Kind.LEVEL, "W", _MILLI, _("Power")),
        Measure(40, "e2e_latency", Kind.DISTRIBUTION, "s", _MICRO, _("End-to-end latency")),
        Measure(41, "time_to_first_token", Kind.DISTRIBUTION, "s", _MICRO, _("Time to first token")),
        Measure(42, "inter_token_latency", Kind.DISTRIBUTION, "s", _MICRO, _("Inter-token latency")),
        Measure(43, "time_per_output_token", Kind.DISTRIBUTION, "s", _MICRO, _("Time per output token")),
        Measure(44, "queue_time", Kind.DISTRIBUTION, "s", _MICRO, _("Queue time")),
        Measure(50, "gateway_latency", Kind.DISTRIBUTION, "s", _MICRO, _("Latency at the gateway")),
        Measure(
            51, "gateway_time_to_first_token", Kind.DISTRIBUTION, "s", _MICRO, _("Time to first token at the gateway")
        ),
        # What probes measure, and nobody else may send. The central ones are of the counterpart that was asked in the same
        # run, kept with the edge node: only so is the reduction a function of what was merged, whatever was merged.
        Measure(60, "probes", Kind.INCREASE, "{probe}", _ONE, _("Probes")),
        Measure(61, "successful_probes", Kind.INCREASE, "{probe}", _ONE, _("Successful probes")),
        Measure(62, "central_probes", Kind.INCREASE, "{probe}", _ONE, _("Probes of the central counterpart")),
        Measure(
            63,
            "successful_central_probes",
            Kind.INCREASE,
            "{probe}",
            _ONE,
            _("Successful probes of the central counterpart"),
        ),
        Measure(64, "probe_latency", Kind.DISTRIBUTION, "s", _MICRO, _("Latency seen by a probe")),
        Measure(
            65, "probe_time_to_first_byte", Kind.DISTRIBUTION, "s", _MICRO, _("Time to first byte seen by a probe")
        ),
        Measure(
            66, "probe_time_to_first_token", Kind.DISTRIBUTION, "s", _MICRO, _("Time to first token seen by a probe")
        ),
        Measure(67, "central_probe_latency", Kind.DISTRIBUTION, "s", _MICRO, _("Latency of the central counterpart")),
        Measure(
            68,
            "central_probe_time_to_first_token",
            Kind.DISTRIBUTION,
            "s",
            _MICRO,
            _("Time to first token of the central counterpart"),
        ),
        # Runs in which both ends answered, and no others: probes without a counterpart would be compared with nothing.
        Measure(
            69, "compared_probe_latency", Kind.DISTRIBUTION, "s", _MICRO, _("Latency compared with the central one")
        ),
        # What a quotient of cost or energy leaves out: most readings have none of them, and no byte for it.
        Measure(70, "uncosted_requests", Kind.INCREASE, "{request}", _ONE, _("Requests without a known cost")),
        Measure(71, "uncosted_prompt_tokens", Kind.INCREASE, "{token}", _ONE, _("Prompt tokens without a known cost")),
        Measure(72, "uncosted_output_tokens", Kind.INCREASE, "{token}", _ONE, _("Output tokens without a known cost")),
        Measure(73, "unmetered_requests", Kind.INCREASE, "{request}", _ONE, _("Requests without known energy")),
        Measure(74, "unmetered_prompt_tokens", Kind.INCREASE, "{token}", _ONE, _("Prompt tokens without known energy")),
        Measure(75, "unmetered_output_tokens", Kind.INCREASE, "{token}", _ONE, _("Output tokens without known energy")),
        Measure(76, "avoided_egress", Kind.INCREASE, "By", _ONE, _("Egress avoided")),
    )
}
MEASURES_BY_ID: dict[int, Measure] = {measure.id: measure for measure in MEASURES.values()}
PROBE_MEASURES = frozenset(measure.key for measure in MEASURES.values() if 60 <= measure.id < 70)


# --- Formulas --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rate:
    """Σ increase / seconds of the window: nodes add up."""

    measure: str


@dataclass(frozen=True)
class Sum:
    """Σ increase over the window: nodes add up."""

    measure: str


@dataclass(frozen=True)
class Ratio:
    """factor · Σ numerators / Σ denominators of merged measures, or 1 minus that; a ratio of sums, never a mean of ratios.

    The sum of `excluded` is taken off the denominator: what it holds has no part in the numerator. With `absent_is_zero` a numerator that is missing counts as 0 where the denominator is there: error counters are
    absent until the first error. Energy or cost that nobody measured or declared is no data.
    """

    numerators: tuple[str, ...]
    denominators: tuple[str, ...]
    factor: Decimal = Decimal(1)
    complement: bool = False
    absent_is_zero: bool = False
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quantile:
    """The q-quantile of a merged distribution, by the published rules of `histogram_quantile`."""

    measure: str
    q: float


@dataclass(frozen=True)
class Mean:
    """Σ integral / Σ covered time of a level: nodes average. Of a distribution: Σ sum / Σ count."""

    measure: str


@dataclass(frozen=True)
class Total:
    """Σ integral / seconds of the window of a level: nodes add up."""

    measure: str


@dataclass(frozen=True)
class Maximum:
    """The highest value of the first of these levels that is there; nodes do not add up."""

    measures: tuple[str, ...]


@dataclass(frozen=True)
class Reduction:
    """1 − q-quantile of `measure` / q-quantile of `baseline`: the same percentile of both, each of its merged distribution."""

    measure: str
    baseline: str
    q: float


@dataclass(frozen=True)
class ShareBelow:
    """The share of a distribution's observations that are at most `bound`, in the measure's unit."""

    measure: str
    bound: float


@dataclass(frozen=True)
class Constant:
    """A number of a custom formula, in base units."""

    value: float


class Operator(StrEnum):
    PLUS = "+"
    MINUS = "-"
    TIMES = "*"
    OVER = "/"


@dataclass(frozen=True)
class Combined:
    """Two formulas in one, each evaluated after merging; what has no value on one side has none as a whole."""

    operator: Operator
    left: "Formula"
    right: "Formula"


Formula = Rate | Sum | Ratio | Quantile | Mean | Total | Maximum | Reduction | ShareBelow | Constant | Combined


def measures_of(formula: Formula) -> frozenset[str]:
    """The keys of the measures that a formula reads."""
    match formula:
        case Ratio(numerators, denominators, excluded=excluded):
            return frozenset(numerators + denominators + excluded)
        case Maximum(measures):
            return frozenset(measures)
        case Reduction(measure, baseline):
            return frozenset({measure, baseline})
        case Combined(_, left, right):
            return measures_of(left) | measures_of(right)
        case Constant():
            return frozenset()
        case _:
            return frozenset({formula.measure})


# --- KPIs ------------------------------------------------------------------------------------------------------------


class Direction(StrEnum):
    HIGHER = "higher"
    LOWER = "lower"


class Vantage(StrEnum):
    """Where a latency was seen; server-side latency cannot show the gain of the edge."""

    NONE = "none"
    SERVER = "server"
    GATEWAY = "gateway"
    CLIENT = "client"
    PROBE = "probe"


VANTAGE_LABELS: dict[Vantage, Label] = {
    Vantage.NONE: "",
    Vantage.SERVER: _("seen by the server"),
    Vantage.GATEWAY: _("seen by the gateway"),
    Vantage.CLIENT: _("seen by the client"),
    Vantage.PROBE: _("seen by a probe"),
}


@dataclass(frozen=True)
class Kpi:
    """What is shown. `display_factor` turns the formula's value (SI units, ratios of 1) into `unit`.

    `unit` is a key of `UNIT_LABELS`, or what the author of a custom KPI wrote; `decimals` is the most that a page shows.
    """

    key: str
    label: Label
    unit: str
    direction: Direction
    formula: Formula
    description: Label
    vantage: Vantage = Vantage.NONE
    display_factor: Decimal = Decimal(1)
    decimals: int = 2
    is_default: bool = False

    @property
    def measures(self) -> frozenset[str]:
        return measures_of(self.formula)


UNIT_LABELS: dict[str, Label] = {
    "ms": "ms",
    "s": "s",
    "%": "%",
    "req/s": _("req/s"),
    "requests": _("requests"),
    "tok/s": _("tok/s"),
    "J": "J",
    "MB": _("MB"),
    "currency": "",
}


def _latencies(
    measure: str,
    label: dict[str, Label],
    description: Label,
    *,
    vantage: Vantage = Vantage.SERVER,
    is_default: bool = False,
) -> list[Kpi]:
    """p95, p50 and p99 of one distribution; p95 may be among the defaults."""
    return [
        Kpi(
            f"{measure}_p{percent}",
            label[str(percent)],
            "ms",
            Direction.LOWER,
            Quantile(measure, percent / 100),
            description,
            vantage,
            Decimal(1000),
            0,
            is_default=is_default and percent == 95,
        )
        for percent in (95, 50, 99)
    ]


_PERCENT, _HUNDRED = "%", Decimal(100)
_TOKENS = ("prompt_tokens", "output_tokens")
_UNCOSTED_TOKENS = ("uncosted_prompt_tokens", "uncosted_output_tokens")
_UNMETERED_TOKENS = ("unmetered_prompt_tokens", "unmetered_output_tokens")

_E2E = _latencies(
    "e2e_latency",
    {"95": _("End-to-end latency, p95"), "50": _("End-to-end latency, median"), "99": _("End-to-end latency, p99")},
    _("Quantile of the merged histograms of the time from a request's arrival at the server to its last byte."),
    is_default=True,
)
_TTFT = _latencies(
    "time_to_first_token",
    {"95": _("Time to first token, p95"), "50": _("Time to first token, median"), "99": _("Time to first token, p99")},
    _("Quantile of the merged histograms of the time from a request's arrival at the server to its first token."),
    is_default=True,
)
_ITL = _latencies(
    "inter_token_latency",
    {"95": _("Inter-token latency, p95"), "50": _("Inter-token latency, median"), "99": _("Inter-token latency, p99")},
    _("Quantile of the merged histograms of the time between two output tokens."),
    is_default=True,
)
_TPOT = _latencies(
    "time_per_output_token",
    {
        "95": _("Time per output token, p95"),
        "50": _("Time per output token, median"),
        "99": _("Time per output token, p99"),
    },
    _("Quantile of the merged histograms of a request's mean time between its output tokens."),
)
_GATEWAY = _latencies(
    "gateway_latency",
    {
        "95": _("Latency at the gateway, p95"),
        "50": _("Latency at the gateway, median"),
        "99": _("Latency at the gateway, p99"),
    },
    _("Quantile of the merged histograms of the time from a request's arrival at the gateway to its last byte."),
    vantage=Vantage.GATEWAY,
)
_GATEWAY_TTFT = _latencies(
    "gateway_time_to_first_token",
    {
        "95": _("Time to first token at the gateway, p95"),
        "50": _("Time to first token at the gateway, median"),
        "99": _("Time to first token at the gateway, p99"),
    },
    _("Quantile of the merged histograms of the time from when the gateway called the server to the first token."),
    vantage=Vantage.GATEWAY,
)
_PROBE = _latencies(
    "probe_latency",
    {
        "95": _("Latency seen by probes, p95"),
        "50": _("Latency seen by probes, median"),
        "99": _("Latency seen by probes, p99"),
    },
    _("Quantile of the merged histograms of the time from before a probe connects to the last byte of the answer."),
    vantage=Vantage.PROBE,
)
_PROBE_TTFT = _latencies(
    "probe_time_to_first_token",
    {
        "95": _("Time to first token seen by probes, p95"),
        "50": _("Time to first token seen by probes, median"),
        "99": _("Time to first token seen by probes, p99"),
    },
    _("Quantile of the merged histograms of the time from before a probe connects to the first token of the answer."),
    vantage=Vantage.PROBE,
)


def _reduction(percent: int, label: Label) -> Kpi:
    return Kpi(
        f"response_time_reduction_p{percent}",
        label,
        _PERCENT,
        Direction.HIGHER,
        Reduction("compared_probe_latency", "central_probe_latency", percent / 100),
        _(
            "One minus the percentile of the probes of the edge divided by the same percentile of the probes of its central"
            " counterpart, over the runs in which both answered, with the interval that holds the true reduction with a"
            " confidence of 0.95 if runs do not depend on each other."
        ),
        Vantage.PROBE,
        _HUNDRED,
        1,
    )


KPIS: dict[str, Kpi] = {
    kpi.key: kpi
    for kpi in (
        Kpi(
            "request_rate",
            _("Request rate"),
            "req/s",
            Direction.HIGHER,
            Rate("requests"),
            _("Requests of all nodes in scope, divided by the seconds of the window."),
            is_default=True,
        ),
        Kpi(
            "success_ratio",
            _("Success ratio"),
            _PERCENT,
            Direction.HIGHER,
            Ratio(("failed_requests",), ("requests",), complement=True, absent_is_zero=True),
            _("One minus failed requests divided by all requests."),
            display_factor=_HUNDRED,
            is_default=True,
        ),
        _E2E[0],
        _TTFT[0],
        _ITL[0],
        Kpi(
            "output_token_rate",
            _("Output tokens per second"),
            "tok/s",
            Direction.HIGHER,
            Rate("output_tokens"),
            _("Tokens produced by all nodes in scope, divided by the seconds of the window."),
            decimals=1,
            is_default=True,
        ),
        Kpi(
            "queue_depth",
            _("Queue depth"),
            "requests",
            Direction.LOWER,
            Total("queue_depth"),
            _("Waiting requests, averaged over the window and added over nodes."),
            is_default=True,
        ),
        Kpi(
            "kv_cache_pressure",
            _("Memory pressure"),
            _PERCENT,
            Direction.LOWER,
            Maximum(("kv_cache_usage", "accelerator_memory_usage")),
            _(
                "The highest KV-cache usage of any node in the window, or its accelerator memory where there is no cache."
            ),
            display_factor=_HUNDRED,
            decimals=1,
            is_default=True,
        ),
        Kpi(
            "availability",
            _("Availability"),
            _PERCENT,
            Direction.HIGHER,
            Ratio(("successful_pulls",), ("pulls",)),
            _("Pulls that succeeded divided by pulls that were tried."),
            display_factor=_HUNDRED,
            is_default=True,
        ),
        Kpi(
            "energy_per_1k_tokens",
            _("Energy per 1,000 tokens"),
            "J",
            Direction.LOWER,
            Ratio(("energy",), _TOKENS, factor=Decimal(1000), excluded=_UNMETERED_TOKENS),
            _(
                "Energy of the nodes, idle time included, divided by the prompt and output tokens of nodes whose energy is"
                " known, times 1,000."
            ),
            decimals=1,
            is_default=True,
        ),
        Kpi(
            "cost_per_1m_tokens",
            _("Cost per million tokens"),
            "currency",
            Direction.LOWER,
            Ratio(("cost",), _TOKENS, factor=Decimal(1_000_000), excluded=_UNCOSTED_TOKENS),
            _(
                "Price of the nodes' time, idle time included, divided by the prompt and output tokens of nodes whose price"
                " is known, times one million."
            ),
            is_default=True,
        ),
        Kpi(
            "edge_served_share",
            _("Edge-served share"),
            _PERCENT,
            Direction.HIGHER,
            Ratio(("edge_requests",), ("requests",)),
            _("Requests served by devices and edge sites, divided by all requests."),
            display_factor=_HUNDRED,
            decimals=1,
            is_default=True,
        ),
        *_E2E[1:],
        *_TTFT[1:],
        *_ITL[1:],
        *_TPOT,
        *_GATEWAY,
        *_GATEWAY_TTFT,
        *_PROBE,
        *_PROBE_TTFT,
        Kpi(
            "probe_success_ratio",
            _("Success ratio of probes"),
            _PERCENT,
            Direction.HIGHER,
            Ratio(("successful_probes",), ("probes",)),
            _("Probes that got their whole answer divided by probes that were sent."),
            Vantage.PROBE,
            _HUNDRED,
        ),
        _reduction(50, _("Response-time reduction, median")),
        _reduction(95, _("Response-time reduction, p95")),
        Kpi(
            "mean_latency",
            _("Mean latency"),
            "ms",
            Direction.LOWER,
            Ratio(("request_time",), ("requests",)),
            _("Time that servers spent on requests divided by requests, where an engine gives no histogram."),
            Vantage.SERVER,
            Decimal(1000),
            0,
        ),
        Kpi(
            "mean_inter_token_latency",
            _("Mean inter-token latency"),
            "ms",
            Direction.LOWER,
            Ratio(("generation_time",), ("output_tokens",)),
            _("Time spent generating tokens divided by output tokens, where an engine gives no histogram."),
            Vantage.SERVER,
            Decimal(1000),
            1,
        ),
        Kpi(
            "energy_per_request",
            _("Energy per request"),
            "J",
            Direction.LOWER,
            Ratio(("energy",), ("requests",), excluded=("unmetered_requests",)),
            _("Energy of the nodes, idle time included, divided by the requests of nodes whose energy is known."),
            decimals=1,
        ),
        Kpi(
            "cost_per_1k_requests",
            _("Cost per 1,000 requests"),
            "currency",
            Direction.LOWER,
            Ratio(("cost",), ("requests",), factor=Decimal(1000), excluded=("uncosted_requests",)),
            _(
                "Price of the nodes' time, idle time included, divided by the requests of nodes whose price is known, times"
                " 1,000."
            ),
        ),
        Kpi(
            "egress_avoided",
            _("Egress avoided"),
            "MB",
            Direction.HIGHER,
            Sum("avoided_egress"),
            _(
                "Requests served by devices and edge sites, times the bytes that a request of their model used to send to"
                " the central region, added up over the window."
            ),
            display_factor=_MICRO,
            decimals=1,
        ),
    )
}
DEFAULT_KPIS: tuple[Kpi, ...] = tuple(kpi for kpi in KPIS.values() if kpi.is_default)
