"""Whatever a node does, it costs its own time-out: twenty good nodes of its batch are stored as if it were not there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import Settings

from inference_kpis.fleet.models import Node
from inference_kpis.pull.ingestion import pull_claimed
from inference_kpis.pull.models import PullState
from inference_kpis.pull.problems import sentence
from inference_kpis.pull.schedule import claim_due
from inference_kpis.readings.algebra import Increase
from inference_kpis.readings.queries import Window, group_readings
from inference_kpis.readings.rollups import roll_up_touched
from tests.factories import NodeFactory, SiteFactory, UserFactory, scheduled, signed_in
from tests.inference_kpis.dashboards.asking import text_of
from tests.inference_kpis.pull.hostile import PATHS, Server, serving

pytestmark = pytest.mark.django_db
GOOD_NODES, LONG, SHORT = 20, 20, 1

# What ends such a pull, or, after a plus, what of it was dropped while the rest was kept.
ENDS = {
    "endless": "too_large",
    "dripping": "timed_out",
    "silent": "timed_out",
    "endless-headers": "bad_http",
    "hangs-up": "hung_up",
    "bomb": "too_large",
    "brotli": "bad_encoding",
    "deflate": "bad_encoding",
    "gzip-twice": "bad_encoding",
    "million": "too_large",
    "many-samples": "too_many_samples",
    "long-label": "label_too_long",
    "many-labels": "too_many_labels",
    "loop": "redirected",
    "other-origin": "redirected",
    "other-port": "redirected",
    "too-short": "cut_short",
    "negative-length": "bad_http",
    "two-lengths": "bad_http",
    "broken-chunks": "bad_http",
    "endless-chunk": "cut_short",
    "many-headers": "bad_http",
    "long-header": "bad_http",
    "no-http": "bad_http",
    "html": "not_an_exposition",
    "json": "not_an_exposition",
    "empty": "no_samples",
    "other-engine": "no_samples",
    "error": "status",
    "nan": "no_usable_value",
    "negative-buckets": "+bad_histogram",
    "falling-buckets": "+bad_histogram",
    "no-infinity": "+bad_histogram",
    "twice": "+duplicate_series",
    "long-model": "+bad_model_name",
    "stale": "stale_sample",
}
STALLS = {"dripping", "silent"}


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    with serving() as server:
        settings.DEMO_ENDPOINTS = frozenset({f"127.0.0.1:{server.port}"})
        yield server


def pull_all(server: Server, requests: int) -> None:
    """Pull every node once, after the good ones served so many requests."""
    server.requests = requests
    now = datetime.now(UTC)
    PullState.objects.update(next_pull_at=now)
    pull_claimed(claim_due(now), now)


def counted_requests() -> int:
    now = datetime.now(UTC)
    roll_up_touched(now)
    readings = group_readings(Window(now - timedelta(hours=1), now + timedelta(hours=1), timedelta(minutes=1)))
    values = [each.reading.measures.get("requests") for each in readings if each.group.site_name == "Good"]
    return sum(value.amount for value in values if isinstance(value, Increase))


def test_every_path_is_tested() -> None:
    assert {*ENDS, "good"} == PATHS.keys()


@pytest.mark.parametrize("path", ENDS)
def test_it_costs_its_own_time_and_no_other_node(server: Server, path: str) -> None:
    site = SiteFactory(name="Good")
    good = [NodeFactory(url=f"http://127.0.0.1:{server.port}/good", site=site) for _ in range(GOOD_NODES)]
    bad = NodeFactory(
        url=f"http://127.0.0.1:{server.port}/{path}", pull_timeout_seconds=SHORT if path in STALLS else LONG
    )
    for node in (*good, bad):
        scheduled(node, datetime.now(UTC))
    for requests in (100, 107):
        pull_all(server, requests)
    assert counted_requests() == 7 * GOOD_NODES
    assert set(Node.objects.filter(site=site).values_list("state", "problem")) == {("up", "")}
    bad.refresh_from_db()
    dropped = ENDS[path].removeprefix("+")
    state = PullState.objects.get(node=bad)
    if ENDS[path].startswith("+"):
        assert (bad.state, dropped in state.problems) == ("up", True), (bad.problem, state.problems)
    else:
        assert (bad.state, bad.problem) == ("down", ENDS[path])
    assert (state.history[dropped]["hours"].popitem()[1]) >= 1
    assert_named(bad, dropped)


def assert_named(node: Node, code: str) -> None:
    """The page of the node says what is wrong, in either language, and repeats nothing of what it sent."""
    browser: Client = signed_in(UserFactory())
    for language in ("en", "fr"):
        with translation.override(language):
            page = browser.get(reverse("kpis:node_detail", args=[node.uuid]))
            assert " ".join(str(sentence(code)).split()) in text_of(page)
            assert b"alert(1)" not in page.content


def test_all_of_them_at_once_cost_no_good_node(server: Server) -> None:
    site = SiteFactory(name="Good")
    url = f"http://127.0.0.1:{server.port}"
    for node in [
        *(NodeFactory(url=f"{url}/good", site=site) for _ in range(GOOD_NODES)),
        *(NodeFactory(url=f"{url}/{path}", pull_timeout_seconds=5) for path in ENDS),
    ]:
        scheduled(node, datetime.now(UTC))
    for requests in (100, 107):
        pull_all(server, requests)
    assert counted_requests() == 7 * GOOD_NODES
    assert not Node.objects.filter(state="waiting").exists()


@pytest.mark.parametrize(
    ("limits", "samples_ceiling", "problem"),
    [
        ({}, 200_000, "too_many_samples"),
        ({"pull_samples": 100_000}, 200_000, ""),
        ({"pull_samples": 100_000}, 50_000, "too_many_samples"),
        ({"pull_samples": 100_000, "pull_body_mib": 1}, 200_000, "too_large"),
    ],
)
def test_a_node_may_be_allowed_more_within_the_ceilings(
    server: Server, settings: Settings, limits: dict[str, int], samples_ceiling: int, problem: str
) -> None:
    settings.PULL_SAMPLES_CEILING = samples_ceiling
    node = NodeFactory(url=f"http://127.0.0.1:{server.port}/many-samples", pull_timeout_seconds=LONG, **limits)
    scheduled(node, datetime.now(UTC))
    pull_all(server, 1)
    node.refresh_from_db()
    assert node.problem == problem
