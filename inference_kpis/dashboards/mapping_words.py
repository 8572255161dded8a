"""What the pages of mappings say of rows, of what they read, and of series."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from inference_kpis.catalogue import MEASURES
from inference_kpis.dashboards.wording import number
from inference_kpis.engines.engine import Combine
from inference_kpis.engines.mapping import SeriesKind
from inference_kpis.engines.rehearsal import Figure
from inference_kpis.engines.suggestion import Caution
from inference_kpis.pull.problems import sentence

KINDS: dict[str, str | Promise] = {
    SeriesKind.COUNTER: gettext_lazy("counter"),
    SeriesKind.GAUGE: gettext_lazy("gauge"),
    SeriesKind.HISTOGRAM: gettext_lazy("histogram"),
    SeriesKind.SUMMARY: gettext_lazy("summary, or a pair of sum and count"),
}
UNIT_NAMES: dict[str, str | Promise] = {
    "count": pgettext_lazy("unit", "a count"),
    "second": gettext_lazy("seconds"),
    "millisecond": gettext_lazy("milliseconds"),
    "microsecond": gettext_lazy("microseconds"),
    "nanosecond": gettext_lazy("nanoseconds"),
    "ratio": gettext_lazy("a ratio from 0 to 1"),
    "percent": gettext_lazy("percent"),
    "byte": gettext_lazy("bytes"),
    "joule": gettext_lazy("joules"),
    "millijoule": gettext_lazy("millijoules"),
    "microjoule": gettext_lazy("microjoules"),
    "watt_hour": gettext_lazy("watt-hours"),
    "kilowatt_hour": gettext_lazy("kilowatt-hours"),
    "watt": gettext_lazy("watts"),
    "milliwatt": gettext_lazy("milliwatts"),
    "kilowatt": gettext_lazy("kilowatts"),
}
COMBINES: dict[str, str | Promise] = {
    Combine.SUM: gettext_lazy("add up"),
    Combine.MAXIMUM: gettext_lazy("the highest counts"),
    Combine.MEAN: gettext_lazy("their mean counts"),
}
PROBLEMS: dict[str, str | Promise] = {
    "bad_condition": gettext_lazy(
        "Write conditions as label=value or label!=value, values apart by |, conditions by ;"
    ),
    "bad_divisor": gettext_lazy("Only a gauge can be divided, by the name of another gauge."),
    "bad_model_labels": gettext_lazy("Name five labels at most, with commas between them."),
    "bad_row": gettext_lazy("A row is an object with measure, series, kind and unit, each a text."),
    "bad_series": gettext_lazy("Write the name of a series, in letters, digits, underscores and colons."),
    "combined_otherwise": gettext_lazy("Row %(other)s is of the same measure and combines its series otherwise."),
    "counted_twice": gettext_lazy(
        "Row %(other)s counts the same series: tell them apart by conditions, or remove one."
    ),
    "no_rows": gettext_lazy("Map at least one series."),
    "not_a_mapping": gettext_lazy("This is no exported mapping. Export one and change that file."),
    "not_for_distribution": gettext_lazy("This measure needs a histogram. A summary gives the time spent on requests."),
    "not_for_increase": gettext_lazy("This measure is counted: it needs a counter, a summary or a histogram."),
    "not_for_level": gettext_lazy("This measure is a level: it needs a gauge."),
    "only_added": gettext_lazy("Counters and histograms can only be added up."),
    "ratio_of_what": gettext_lazy("Bytes are a ratio only when they are divided: name the gauge of all bytes."),
    "too_many_rows": gettext_lazy("A mapping has 60 rows at most."),
    "unknown_measure": gettext_lazy("There is no such measure that a mapping can give."),
    "wrong_unit": gettext_lazy("This unit makes no sense for this measure."),
}
REMARKS: dict[str, str | Promise] = {
    "above_one": gettext_lazy("More than 1: is it a percentage?"),
    "divisor_not_there": gettext_lazy("The node does not show the gauge to divide by."),
    "gauge_counted": gettext_lazy("The node calls it a gauge: it is counted as if it never fell but at a restart."),
    "not_there": gettext_lazy("The node does not show this series."),
    "nothing_selected": gettext_lazy("The series is there, and none of its label values pass the conditions."),
    "odd_mean": gettext_lazy("A mean of more than an hour or less than a microsecond: is the unit right?"),
    "other_kind": gettext_lazy("The node says that this is something else. Check the kind."),
    "part_of_family": gettext_lazy("This is a part of a histogram or summary: write its name without the ending."),
    "same_number": gettext_lazy("The same number as row %(other)s: do they count the same things?"),
}
CAUTIONS: dict[str, str | Promise] = {
    "no_type": gettext_lazy("The node does not say what kind it is."),
    "repeats": gettext_lazy("Shows the same number as %(other)s: count one of the two only."),
    "summary": gettext_lazy("A summary: its quantiles cannot be added, its mean can be."),
    "time_of_creation": gettext_lazy("A time of creation: it is read by itself, map nothing to it."),
}


def problem_sentence(code: str, other: int = -1) -> str:
    """What is wrong with a row; `other` is the row it collides with, counted from 0."""
    return str(PROBLEMS[code]) % {"other": other + 1}


def remark_sentence(code: str, other: int = -1) -> str:
    """What is odd about a row; `other` is the row that shows the same, counted from 0."""
    return str(REMARKS[code]) % {"other": other + 1} if code in REMARKS else str(sentence(code))


def caution_sentence(caution: Caution) -> str:
    return str(CAUTIONS[caution.code]) % {"other": caution.other}


def figure_text(figure: Figure) -> str:
    """What a measure shows, in words and units."""
    measure = MEASURES[figure.measure]
    if figure.level is not None:
        return amount(figure.level, measure.unit)
    if figure.grown is None or figure.seconds is None:
        words = {"total": amount(figure.total or 0, _unit_of_total(figure.measure))}
        if figure.mean is None:
            return _("%(total)s so far. Look again in a few seconds to see it grow.") % words
        return _("%(total)s so far, on average %(mean)s. Look again in a few seconds to see it grow.") % {
            **words,
            "mean": amount(figure.mean, measure.unit),
        }
    grown = {
        "grown": amount(figure.grown, _unit_of_total(figure.measure)),
        "seconds": number(figure.seconds, 2),
        "mean": amount(figure.mean or 0, measure.unit),
    }
    if figure.mean is None or not figure.grown:
        return _("+%(grown)s in %(seconds)s s") % grown
    return _("+%(grown)s in %(seconds)s s, on average %(mean)s") % grown


def _unit_of_total(measure: str) -> str:
    """What is counted: of a distribution, requests and the like; its unit is that of what they took."""
    return MEASURES[measure].unit if MEASURES[measure].kind != "distribution" else "{value}"


def amount(value: float, unit: str) -> str:
    """A number of the catalogue's unit."""
    # A number that is not whole is several things.
    count = int(value) if value == int(value) else 2
    things = {
        "{request}": ngettext("%(number)s request", "%(number)s requests", count),
        "{token}": ngettext("%(number)s token", "%(number)s tokens", count),
        "{value}": ngettext("%(number)s value", "%(number)s values", count),
    }
    if unit in things:
        return things[unit] % {"number": number(value, 6)}
    if unit == "1":
        return f"{number(value * 100)} %"
    if unit == "s" and abs(value) < 1:
        return f"{number(value * 1000)} ms"
    return f"{number(value)} {unit}"


def figures_text(figures: Iterable[Figure]) -> list[tuple[str, str]]:
    """Model and words of each figure."""
    return [(figure.model, figure_text(figure)) for figure in figures]
