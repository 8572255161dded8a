"""Asking for the pages of the fleet, and nodes that have something to show."""

from collections.abc import Sequence
from typing import Any

from django.test import Client

from inference_kpis.fleet.health import count_health
from inference_kpis.fleet.models import Node
from inference_kpis.readings import store
from inference_kpis.readings.rollups import roll_up_touched
from tests.factories import NodeFactory, scheduled
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.pulls import START, at, pull
from tests.pages import words

NOW = at(300)
PULLS = (0, 100, 200, 290)


def pulled(*nodes: Node, bodies: Sequence[bytes | str] = (vllm(0), vllm(100), vllm(200), vllm(290))) -> None:
    """Pull these nodes four times, the last time ten seconds ago, and roll up what they gave."""
    for node in nodes:
        scheduled(node, START)
    for seconds, body in zip(PULLS, bodies, strict=True):
        pull(dict.fromkeys(nodes, body), seconds)
    roll_up_touched(NOW)
    count_health(NOW)


def busy_node(**values: Any) -> Node:
    """A node that serves a request a second."""
    node: Node = NodeFactory(**values)
    pulled(node)
    node.refresh_from_db()
    return node


def poll(browser: Client, url: str, version: int | None = None) -> Any:
    """Ask again as the page itself does; with the version that is current unless told otherwise."""
    known = store.version() if version is None else version
    return browser.get(url, {"v": known}, headers={"HX-Request": "true"})


def text_of(response: Any) -> str:
    """What somebody reads on a page, with ordinary spaces only."""
    return words(response).replace("\u00a0", " ").replace("\u202f", " ")


def assert_is_live(browser: Client, url: str) -> None:
    """The page keeps itself fresh: nothing when nothing changed, its live part when something did."""
    whole = browser.get(url)
    assert b"<html" in whole.content
    assert "HX-Request" in whole["Vary"]
    unchanged = poll(browser, url)
    assert (unchanged.status_code, unchanged.content) == (204, b"")
    changed = poll(browser, url, store.version() - 1)
    assert changed.status_code == 200
    assert changed.content.strip().startswith(b'<div id="')
    assert changed.content.strip() in whole.content
    assert "HX-Request" in changed["Vary"]
    # Only a poll may be told that nothing changed: a reload or a link with the version gets the page.
    assert b"<html" in browser.get(url, {"v": store.version()}).content
