"""Interactive figures: valid for the library, equal to the drawing, safe with hostile names."""

import json
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import pytest

from inference_kpis.catalogue import Direction
from inference_kpis.dashboards.charts import LineChart, Series
from inference_kpis.dashboards.figures import line_figure

PARIS = ZoneInfo("Europe/Paris")
MINUTE = 60_000
START = 1_795_348_800_000  # 22 November 2026, 12:00 UTC


def chart(values: list[float | None], label: str = "Lyon", **changes: object) -> LineChart:
    points = tuple((START + i * MINUTE, value) for i, value in enumerate(values))
    return LineChart((Series(label, points),), START, START + 9 * MINUTE, MINUTE, "ms", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("target", [None, 400.0])
def test_the_library_accepts_it(language: str, target: float | None) -> None:
    line_chart = chart([1.0, 2.0, None, 3.0], target=target, direction=Direction.LOWER)
    figure = line_figure(line_chart, zone=PARIS, language=language, target="at most 400 ms")
    go.Figure(figure)
    json.dumps(figure, allow_nan=False)


def test_times_are_local_and_gaps_stay() -> None:
    (trace,) = line_figure(chart([1.0, 2.0, None, 3.0]), zone=PARIS, language="en")["data"]
    assert trace["x"][0] == "2026-11-22 13:00:00"
    assert trace["y"] == [1.0, 2.0, None, 3.0]
    assert trace["connectgaps"] is False


def test_numbers_follow_the_language() -> None:
    assert line_figure(chart([1.0]), zone=PARIS, language="fr")["layout"]["separators"] == ",\u202f"
    assert line_figure(chart([1.0]), zone=PARIS, language="en")["layout"]["separators"] == ".,"


def test_names_cannot_bring_markup() -> None:
    figure = line_figure(chart([1.0], label='<a href="https://evil.example">x</a>'), zone=PARIS, language="en")
    assert "<a" not in json.dumps(figure)


def test_colours_are_left_to_the_style_sheet() -> None:
    assert "color" not in json.dumps(line_figure(chart([1.0], target=2.0), zone=PARIS, language="en"))
