"""Bands of quantiles and thin lines of earlier windows, in the drawing and in the figure."""

from dataclasses import replace

import plotly.graph_objects as go

from inference_kpis.dashboards.charts import LineChart, Series
from inference_kpis.dashboards.figures import line_figure
from tests.inference_kpis.dashboards.test_charts import MINUTE, PARIS, START, chart, drawn

BAND = tuple((START + i * MINUTE, 10.0, 20.0) for i in (0, 1, 3))


def with_band() -> LineChart:
    plain = chart([15.0, 16.0, None, 17.0])
    return replace(plain, series=(replace(plain.series[0], band=BAND),))


def test_a_band_is_an_area_that_stops_at_gaps() -> None:
    areas = [path.attrib["d"] for path in drawn(with_band()).iter("path") if "band" in path.attrib["class"]]
    assert len(areas) == 1
    assert areas[0].startswith("M0 110")
    assert areas[0].endswith("Z")


def test_a_band_is_no_line_of_the_figure() -> None:
    figure = line_figure(with_band(), zone=PARIS, language="en")
    go.Figure(figure)
    assert [trace.get("fill") for trace in figure["data"]] == ["none", "tonexty", None]
    assert [trace.get("showlegend") for trace in figure["data"]] == [False, False, None]


def test_an_earlier_window_is_a_thin_line_without_label() -> None:
    plain = chart([1.0, 2.0], [3.0, 4.0])
    before = Series("line 0, before", plain.series[1].points, is_before=True)
    svg = drawn(replace(plain, series=(plain.series[0], before)))
    assert [path.attrib["class"] for path in svg.iter("path")] == ["line-1 dash-1", "before line-1 dash-1"]
    assert not [text for text in svg.iter("text") if "end-label" in text.attrib["class"]]
    widths = [
        trace["line"]["width"]
        for trace in line_figure(replace(plain, series=(before,)), zone=PARIS, language="en")["data"]
    ]
    assert widths == [1]
