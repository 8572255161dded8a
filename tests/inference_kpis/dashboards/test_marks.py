"""Annotations and alerts on the charts that they apply to."""

from datetime import timedelta
from typing import Any

import plotly.graph_objects as go
import pytest
from django.test import Client
from django.urls import reverse

from inference_kpis.alerts.areas import Place
from inference_kpis.alerts.models import Alert, AlertEvent, AlertRule, Channel
from inference_kpis.annotations.models import Annotation
from inference_kpis.catalogue import KPIS
from inference_kpis.dashboards.figures import line_figure
from inference_kpis.dashboards.marks import happenings
from inference_kpis.readings.queries import Window
from tests.factories import SiteFactory
from tests.inference_kpis.dashboards.asking import NOW, busy_node, text_of
from tests.inference_kpis.dashboards.test_charts import PARIS, chart, drawn

pytestmark = pytest.mark.django_db
WINDOW = Window.ending(NOW, timedelta(hours=1))
RATE = KPIS["request_rate"]
ANYWHERE = Place()


def annotate(minutes_ago: int = 10, **values: Any) -> Annotation:
    return Annotation.objects.create(
        **{"title": "v2", "starts_at": NOW - timedelta(minutes=minutes_ago), "kind": "release", **values}
    )


def fired(minutes_ago: int, minutes: int | None = None, **rule: Any) -> Alert:
    """An alert that began to fire so long ago, and fired for so many minutes or still does."""
    channel, _ = Channel.objects.get_or_create(name="Operators")
    values = {
        "channel": channel,
        "name": "Slow",
        "kind": "kpi",
        "kpi": "request_rate",
        "side": "below",
        "threshold": 1,
        "clear_threshold": 1,
        **rule,
    }
    at = NOW - timedelta(minutes=minutes_ago)
    alert = Alert.objects.create(rule=AlertRule.objects.create(**values), changed_at=at)
    alert.events.create(at=at, kind=AlertEvent.Kind.FIRED)
    if minutes is not None:
        alert.events.create(at=at + timedelta(minutes=minutes), kind=AlertEvent.Kind.RESOLVED)
    return alert


def titles(place: Place = ANYWHERE, kpi: str = "request_rate") -> list[str]:
    return [mark.title for mark in happenings(place, WINDOW).on(KPIS[kpi])]


def test_it_works(browser: Client) -> None:
    busy_node()
    annotate(link="https://ci.example/1")
    page = browser.get(reverse("kpis:kpi_detail", args=["request_rate"]))
    assert 'class="mark-line mark-release"' in page.content.decode()
    assert "A Release" in text_of(page)
    assert 'href="https://ci.example/1"' in page.content.decode()


def test_a_place_sees_what_applies_to_it() -> None:
    lyon, paris = SiteFactory(), SiteFactory()
    annotate(title="everywhere")
    annotate(20, title="lyon", scope="site", site=lyon)
    assert titles(Place("edge", lyon.pk)) == ["lyon", "everywhere"]
    assert titles(Place("edge", paris.pk)) == ["everywhere"]


def test_what_is_outside_the_window_or_removed_is_not_there() -> None:
    annotate(90)
    annotate(removed_at=NOW)
    annotate(-5)
    assert titles() == []


def test_what_reaches_into_the_window_is_there() -> None:
    annotate(90, title="work", kind="maintenance", ends_at=NOW - timedelta(minutes=50))
    annotate(90, title="outage", kind="incident")
    assert sorted(titles()) == ["outage", "work"]


def test_alerts_are_bands_on_the_charts_of_their_kpi() -> None:
    fired(30, 10)
    fired(100, name="still")
    fired(100, 10, name="over")
    fired(5, name="other", kpi="availability")
    fired(4, name="down", kind="state", bad_state="down", kpi="", side="")
    assert titles() == ["still", "Slow", "down"]
    still, slow, _down = happenings(Place(), WINDOW).on(RATE)
    assert (slow.end_ms or 0) - slow.start_ms == 600_000
    assert still.is_open


def test_only_the_last_twenty_are_shown() -> None:
    for minute in range(25):
        annotate(minute, title=str(minute))
    marks = happenings(Place(), WINDOW).on(RATE)
    assert [mark.letter for mark in marks] == [chr(ord("A") + i) for i in range(20)]
    assert marks[-1].title == "0"


def test_what_happened_in_the_last_step_stands_at_its_start() -> None:
    fired(0)
    marks = happenings(ANYWHERE, WINDOW).on(RATE)
    # The lines of this chart end long before the alert.
    line_chart = chart([1.0, 2.0], marks=marks)
    assert line_chart.end_ms < marks[0].start_ms
    (band,) = [rect for rect in drawn(line_chart).iter("rect") if "mark-band" in rect.attrib["class"]]
    assert float(band.attrib["width"].rstrip("%")) >= 0


def test_drawing_and_figure_show_the_same() -> None:
    annotate(40, kind="incident", title="<b>")
    fired(30, 10)
    marks = happenings(Place(), WINDOW).on(RATE)
    line_chart = chart([1.0, 2.0], marks=marks)
    svg = drawn(line_chart)
    assert len([rect for rect in svg.iter("rect") if "mark-band" in rect.attrib["class"]]) == 2
    figure = line_figure(line_chart, zone=PARIS, language="en")
    go.Figure(figure)
    assert [shape["type"] for shape in figure["layout"]["shapes"]] == ["rect", "rect"]
    assert [each["text"] for each in figure["layout"]["annotations"]] == ["A", "B"]
    assert "<b>" not in str(figure)


def test_the_page_of_a_site_shows_what_happened_there(browser: Client) -> None:
    lyon, lille = SiteFactory(key="lyon"), SiteFactory(key="lille")
    busy_node(site=lyon)
    annotate(title="Lyon upgraded", scope="site", site=lyon)
    annotate(title="Lille upgraded", scope="site", site=lille)
    text = text_of(browser.get(reverse("kpis:site_detail", args=["lyon"])))
    assert "Lyon upgraded" in text
    assert "Lille upgraded" not in text


def test_the_page_of_a_model_shows_what_happened_to_it(browser: Client) -> None:
    busy_node()
    annotate(title="m quantised", scope="model", model="m")
    annotate(title="n quantised", scope="model", model="n")
    text = text_of(browser.get(reverse("kpis:model_detail"), {"name": "m"}))
    assert "m quantised" in text
    assert "n quantised" not in text
