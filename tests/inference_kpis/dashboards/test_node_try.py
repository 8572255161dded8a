"""Trying a node on its form: the findings beside what was typed, and nothing stored."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import AuditEvent
from inference_kpis.fleet.models import Node
from inference_kpis.pull.models import PullState
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.dashboards.asking import text_of
from tests.inference_kpis.dashboards.test_node_add import URL, node_form
from tests.inference_kpis.dashboards.test_node_edit import edit
from tests.inference_kpis.pull.hostile import Server, serving

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    with serving() as server:
        settings.DEMO_ENDPOINTS = frozenset({f"127.0.0.1:{server.port}"})
        yield server


def url_of(server: Server, path: str = "good") -> str:
    return f"http://127.0.0.1:{server.port}/{path}"


def test_it_works(operator: Client, server: Server) -> None:
    assert b'name="try"' in operator.get(URL).content
    page = operator.post(URL, {**node_form(SiteFactory(), url=url_of(server), engine=""), "try": "1"})
    words = text_of(page)
    for found in (
        "It can be pulled. Nothing was stored.",
        "Status HTTP 200",
        "Format Prometheus text",
        "Engine vLLM",
        "Models m",
        "End-to-end latency",
        "9 samples",
    ):
        assert found in words
    assert f'value="{url_of(server)}"' in page.content.decode()
    assert not Node.objects.exists()
    assert not PullState.objects.exists()
    assert AuditEvent.objects.get().verb == "node.try"


def test_a_node_that_is_there_stays_as_it_is(operator: Client, server: Server) -> None:
    node = NodeFactory(name="lyon-03")
    page = edit(operator, node, name="other", url=url_of(server), **{"try": "1"})
    assert "It can be pulled." in text_of(page)
    same = Node.objects.get()
    assert (same.name, same.url, same.engine) == ("lyon-03", node.url, node.engine)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("html", "The answer is no metrics page. Check the URL. Status HTTP 200"),
        ("error", "The server answered with an error. Status HTTP 500"),
        ("hangs-up", "The server closed the connection without an answer. Status no answer"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_of_it_repeated(
    operator: Client, server: Server, path: str, words: str
) -> None:
    page = operator.post(URL, {**node_form(SiteFactory(), url=url_of(server, path)), "try": "1"})
    assert words in text_of(page)
    assert b"alert(1)" not in page.content


def test_an_engine_says_what_it_does_not_expose(operator: Client, server: Server) -> None:
    page = operator.post(URL, {**node_form(SiteFactory(), engine="llama_cpp", url=url_of(server, "twice")), "try": "1"})
    words = text_of(page)
    assert "The exposition holds no sample of this engine." in words
    assert "Not exposed by this engine" in words
    assert "End-to-end latency, p95" in words


def test_secrets_are_used_and_not_given_back(operator: Client, server: Server) -> None:
    form = node_form(SiteFactory(), url=url_of(server), credential_kind="bearer", credential="s3cret")
    page = operator.post(URL, {**form, "try": "1"})
    assert "enter it once more before you save" in text_of(page)
    assert b"s3cret" not in page.content
    assert "s3cret" not in str(AuditEvent.objects.values())


def test_a_form_that_is_not_in_order_fetches_nothing(operator: Client, server: Server) -> None:
    page = operator.post(URL, {**node_form(SiteFactory(), url=""), "try": "1"})
    assert "Please check this first" in text_of(page)
    assert not AuditEvent.objects.exists()


def test_what_is_not_allowed_is_not_fetched(operator: Client, server: Server, settings: Settings) -> None:
    settings.DEMO_ENDPOINTS = frozenset()
    page = operator.post(URL, {**node_form(SiteFactory(), url=url_of(server)), "try": "1"})
    assert "The address is in no network that the administrator allowed." in text_of(page)


def test_who_only_reads_is_refused(browser: Client, server: Server) -> None:
    node = NodeFactory()
    form = {**node_form(node.site, url=url_of(server)), "try": "1"}
    for url in (URL, reverse("kpis:node_edit", args=[node.uuid])):
        assert browser.post(url, form).status_code == 403
    assert not AuditEvent.objects.exists()
