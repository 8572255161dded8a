"""The interactive twin of a line chart: a Plotly figure as a plain dictionary.

Plain because building one takes a third of a millisecond where the library takes thirty; the tests let the library
validate it. Colours are not in it: the page's script takes them from the style sheet, light or dark.
"""

from datetime import UTC, datetime, tzinfo
from html import escape
from typing import Any

from inference_kpis.dashboards.chart_marks import figure_marks
from inference_kpis.dashboards.charts import LineChart, Series, band_runs, runs

DASHES = {1: "solid", 2: "dash", 3: "dot", 4: "dashdot", 5: "longdash"}
# Decimal mark and thousands mark, in the order Plotly wants them.
SEPARATORS = {"fr": ",\u202f", "en": ".,"}


def line_figure(chart: LineChart, *, zone: tzinfo, language: str, target: str = "") -> dict[str, Any]:
    """Traces and layout; times are local wall-clock times of `zone`, as on the drawing."""
    shapes, letters = figure_marks(chart.marks, chart.start_ms, chart.end_ms, lambda at: _local(at, zone))
    return {
        "data": [
            *(edge for series in chart.series for edge in _band(series, chart, zone)),
            *(_trace(series, chart, zone) for series in chart.series),
        ],
        "layout": {
            "margin": {"l": 56, "r": 16, "t": 32, "b": 40},
            "hovermode": "x unified",
            "showlegend": len(chart.series) > 1,
            # Below the axis: the buttons are above the plot.
            "legend": {"orientation": "h", "yanchor": "top", "y": -0.14, "x": 0},
            "separators": SEPARATORS.get(language[:2], SEPARATORS["en"]),
            "xaxis": {
                "type": "date",
                "hoverformat": "%H:%M<br>%-d %b %Y",
                # The whole window, as drawn: a lone point would be shown to the millisecond.
                "range": [_local(chart.start_ms, zone), _local(chart.end_ms, zone)],
            },
            "yaxis": {
                "title": {"text": escape(chart.unit_label)},
                "rangemode": "tozero" if chart.starts_at_zero else "normal",
            },
            "shapes": [*shapes, *([] if chart.target is None else [_target_line(chart.target)])],
            "annotations": [*letters, *([] if chart.target is None else [_target_label(chart.target, target)])],
            # The same word at every refresh: a reader's zoom stays.
            "uirevision": "kept",
        },
    }


def _trace(series: Series, chart: LineChart, zone: tzinfo) -> dict[str, Any]:
    x: list[str] = []
    y: list[float | None] = []
    for run in runs(series, chart.step_ms):
        if x:
            x.append(x[-1])
            y.append(None)
        x += [_local(at, zone) for at, _ in run]
        y += [float(f"{value:.6g}") for _, value in run]
    is_sparse = any(len(run) == 1 for run in runs(series, chart.step_ms))
    unit = f" {escape(chart.unit_label)}" if chart.unit_label else ""
    return {
        "type": "scatter",
        "mode": "lines+markers" if is_sparse else "lines",
        "name": escape(series.label),
        "x": x,
        "y": y,
        "connectgaps": False,
        "line": {"width": 1 if series.is_before else 2, "dash": DASHES[series.dash]},
        "marker": {"size": 4},
        "hovertemplate": f"%{{y:,.{chart.decimals}f}}{unit}",
        "meta": series.colour,
    }


def _band(series: Series, chart: LineChart, zone: tzinfo) -> list[dict[str, Any]]:
    """Two edges a stretch, the upper one filled down to the lower; neither in the legend nor under the pointer."""
    edges = []
    for area in band_runs(series, chart.step_ms):
        for side in (1, 2):
            edges.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": [_local(point[0], zone) for point in area],
                    "y": [float(f"{point[side]:.6g}") for point in area],
                    "line": {"width": 0},
                    "marker": {},
                    "fill": "none" if side == 1 else "tonexty",
                    "hoverinfo": "skip",
                    "showlegend": False,
                    "meta": series.colour,
                }
            )
    return edges


def _local(at_ms: int, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _target_line(target: float) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": target,
        "y1": target,
        "line": {"width": 1, "dash": "dash"},
    }


def _target_label(target: float, text: str) -> dict[str, Any]:
    return {
        "xref": "paper",
        "x": 0,
        "y": target,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "text": escape(text),
    }
