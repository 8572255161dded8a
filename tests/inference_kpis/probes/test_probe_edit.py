"""Adding, changing and trying a probe."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import AuditEvent
from inference_kpis.fleet.models import Node
from inference_kpis.probes.models import Probe
from inference_kpis.probes.schedule import claim_due
from tests.factories import NodeFactory
from tests.inference_kpis.dashboards.asking import text_of
from tests.inference_kpis.probes.probing import answered, probe_of, ran, run_at
from tests.inference_kpis.probes.servers import Server
from tests.inference_kpis.pulls import at

pytestmark = pytest.mark.django_db


def filled(of_node: Node, **values: Any) -> dict[str, Any]:
    defaults = {"name": "Lyon", "node": of_node.name, "kind": "chat", "url": "", "model_name": "m", "central_url": ""}
    defaults |= {"prompt": "Say yes.", "max_tokens": "8", "interval_seconds": "60", "timeout_seconds": "10"}
    return defaults | values


def add(browser: Client, of_node: Node, **values: Any) -> Any:
    return browser.post(reverse("kpis:probe_add"), filled(of_node, **values))


def edit(browser: Client, probe: Probe, **values: Any) -> Any:
    unchanged = {name: getattr(probe, name) for name in ("name", "url", "central_url", "max_tokens")}
    return browser.post(reverse("kpis:probe_edit", args=[probe.pk]), filled(probe.node, **unchanged | values))


def test_it_works(operator: Client, settings: Settings) -> None:
    settings.WORKER_REGIONS = ["lyon"]
    node = NodeFactory(url="http://10.0.0.1:8000/metrics")
    page = operator.get(reverse("kpis:probe_add"), {"node": node.name})
    assert f'value="{node.name}"' in page.content.decode()
    answer = add(operator, node, region="lyon", credential="edge token", central_url="http://10.9.0.1/v1")
    probe = Probe.objects.get()
    assert answer.url == probe.get_absolute_url()
    assert (probe.asked_url, probe.asked_central_url) == (
        "http://10.0.0.1:8000/v1/chat/completions",
        "http://10.9.0.1/v1/chat/completions",
    )
    assert (probe.credential(), probe.central_credential(), probe.region) == ("edge token", "", "lyon")
    assert b"edge token" not in bytes(probe.credential_sealed)
    assert len(claim_due(probe.next_run_at)) == 1
    assert AuditEvent.objects.get().verb == "probe.add"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"node": "nowhere"}, "There is no node of this name in service."),
        ({"node": "a\0b"}, "Null characters are not allowed."),
        ({"model_name": ""}, "A chat request needs the name of a model."),
        ({"prompt": ""}, "A chat request needs a prompt."),
        ({"url": "http://user@10.0.0.1/"}, "The URL cannot be used"),
        ({"central_url": "ftp://10.0.0.1/"}, "The URL cannot be used"),
        ({"interval_seconds": "1"}, "greater than or equal to 5"),
        ({"timeout_seconds": "21"}, "less than or equal to 20"),
        ({"interval_seconds": "5"}, "The time-out cannot be longer than the interval."),
        ({"region": "atlantis"}, "is not one of the available choices"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_is_wrong_is_said_and_changes_nothing(operator: Client, values: dict[str, str], words: str) -> None:
    assert words in text_of(add(operator, NodeFactory(), **values))
    assert not Probe.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_node_that_pushes_needs_a_url(operator: Client) -> None:
    node = NodeFactory(source=Node.Source.PUSH, url="")
    assert "write the URL to ask" in text_of(add(operator, node))
    assert add(operator, node, url="http://10.0.0.1:8000").status_code == 302


def test_a_node_and_model_have_one_probe(operator: Client) -> None:
    probe = probe_of()
    assert "have a probe already" in text_of(add(operator, probe.node))
    assert add(operator, probe.node, model_name="other").status_code == 302


def test_a_plain_one_needs_no_model(operator: Client) -> None:
    assert add(operator, NodeFactory(), kind="http", model_name="", prompt="").status_code == 302
    assert Probe.objects.get().asked_url == "http://10.0.0.1:8000/"


def test_a_change_keeps_what_was_found_and_the_token(operator: Client) -> None:
    probe = probe_of()
    probe.set_credential("secret")
    probe.save()
    ran(probe, run_at(0, answered(0.02)))
    claim_due(at(60))
    assert edit(operator, probe, name="Renamed").status_code == 302
    changed = Probe.objects.get()
    assert (changed.name, changed.credential(), len(changed.runs)) == ("Renamed", "secret", 1)
    # A run under way asked what the probe asked before.
    assert changed.leased_until is None
    assert AuditEvent.objects.get().details["fields"] == ["name"]


def test_a_token_goes_to_no_other_server(operator: Client) -> None:
    probe = probe_of()
    probe.set_credential("secret")
    probe.set_central_credential("other")
    probe.save()
    for values in ({"url": "http://10.6.6.6/"}, {"central_url": "http://10.6.6.6/"}):
        assert "sent to no other server" in text_of(edit(operator, probe, **values))
    assert edit(operator, probe, url="http://10.6.6.6/", credential="new").status_code == 302
    assert edit(operator, Probe.objects.get(), forget_credential="on").status_code == 302
    assert (Probe.objects.get().credential(), Probe.objects.get().central_credential()) == ("", "other")


def test_it_can_be_tried_and_nothing_is_stored(operator: Client, server: Server) -> None:
    values = {"url": server.url("good"), "central_url": server.url("broken"), "credential": "secret", "try": "1"}
    page = text_of(add(operator, NodeFactory(), **values))
    for found in (
        "What this probe finds",
        "first token",
        "The server answered with an error.",
        "HTTP 500",
        "enter it once more",
    ):
        assert found in page
    assert server.asked[0][2]["Authorization"] == "Bearer secret"
    assert not Probe.objects.exists()
    assert AuditEvent.objects.get().verb == "probe.try"
