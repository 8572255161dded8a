"""A node whose engine is left to be recognised: from the form to the first pull that succeeds, and meanwhile."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from inference_kpis.catalogue import KPIS
from inference_kpis.dashboards.node_form import NodeForm
from inference_kpis.fleet.models import Node
from inference_kpis.pull.ingestion import store_pulls
from inference_kpis.pull.schedule import schedule_node
from inference_kpis.readings.queries import Window, exposed_by, group_readings, kpi_of
from inference_kpis.readings.rollups import roll_up_touched
from tests.factories import NodeFactory, SiteFactory, UserFactory, scheduled
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.pulls import START, at, fetched, pull

pytestmark = pytest.mark.django_db
NEITHER = b"http_requests_total 5\n"
BOTH = vllm(5) + b'nv_inference_request_success{model="m",version="1"} 5\n'


@pytest.fixture
def node() -> Node:
    node = NodeFactory(engine="")
    scheduled(node, START)
    return node


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(UserFactory(role=Role.OPERATOR))
    return client


def form(**changed: str) -> dict[str, str]:
    values = {"name": "lyon-01", "engine": "", "source": "pull", "url": "http://10.0.0.9:8000/metrics"}
    numbers = {
        "pull_interval_seconds": "15",
        "pull_timeout_seconds": "10",
        "pull_body_mib": "8",
        "pull_samples": "50000",
    }
    return {**values, **numbers, "site": str(SiteFactory().pk), "credential_kind": "none", **changed}


def test_it_works(operator: Client) -> None:
    operator.post(reverse("kpis:node_add"), form())
    node = Node.objects.get(name="lyon-01")
    assert "engine not recognised yet" in operator.get(node.get_absolute_url()).content.decode()
    pull({node: vllm(100)}, 0)
    node.refresh_from_db()
    assert (node.engine, node.state) == ("vllm", Node.State.UP)
    pull({node: vllm(130)}, 15)
    roll_up_touched(at(0))
    readings = group_readings(Window(START - timedelta(minutes=1), at(60), timedelta(minutes=1)))
    assert {each.group.engine for each in readings} == {"vllm"}
    assert kpi_of(KPIS["request_rate"], readings).samples == 30
    assert "vLLM" in operator.get(node.get_absolute_url()).content.decode()


@pytest.mark.parametrize("body", [NEITHER, BOTH], ids=["no engine", "two engines"])
def test_what_is_undecided_is_left_to_a_person(node: Node, operator: Client, body: bytes) -> None:
    pull({node: body}, 0)
    node.refresh_from_db()
    assert (node.engine, node.state, node.problem) == ("", Node.State.DOWN, "not_recognised")
    assert "choose the engine" in operator.get(node.get_absolute_url()).content.decode()
    pull({node: vllm(0)}, 15)
    node.refresh_from_db()
    assert (node.engine, node.problem) == ("vllm", "")


@pytest.mark.parametrize("body", ["connection_failed", b"<html>", b"", b"vllm:num_requests_waiting 1 2 3 4\n"])
def test_a_pull_that_fails_recognises_nothing(node: Node, body: bytes | str) -> None:
    pull({node: body}, 0)
    node.refresh_from_db()
    assert (node.engine, node.state) == ("", Node.State.DOWN)


def test_a_choice_made_while_a_pull_was_under_way_stands(node: Node) -> None:
    slow = fetched({node: vllm(10)}, 0)
    Node.objects.update(engine="triton")
    schedule_node(Node.objects.get(), at(1), is_another_server=True)
    assert store_pulls(slow) == 0
    assert Node.objects.get().engine == "triton"


def test_an_engine_that_was_chosen_is_not_overruled(node: Node) -> None:
    Node.objects.update(engine="triton")
    node.refresh_from_db()
    pull({node: vllm(10)}, 0)
    node.refresh_from_db()
    assert (node.engine, node.problem) == ("triton", "no_samples")


def test_a_server_that_nobody_asked_yet_is_up(node: Node) -> None:
    """KServe has no samples of its own before its first request; it announces them."""
    idle = b"# HELP request_predict_seconds x\n# TYPE request_predict_seconds histogram\npython_info 1\n"
    pull({node: idle}, 0)
    node.refresh_from_db()
    assert (node.engine, node.state, node.problem) == ("kserve", Node.State.UP, "")
    pull({node: idle}, 15)
    node.refresh_from_db()
    assert node.state == Node.State.UP


def test_what_is_counted_goes_before_what_is_announced(node: Node) -> None:
    pull({node: b"# TYPE request_predict_seconds histogram\n" + vllm(3)}, 0)
    node.refresh_from_db()
    assert node.engine == "vllm"


def test_pages_live_with_it(node: Node, operator: Client) -> None:
    pull({node: NEITHER}, 0)
    roll_up_touched(at(0))
    details = [reverse("kpis:kpi_detail", args=[key]) for key in ("availability", "request_rate")]
    splits = [f"{url}?split=engine&window=6h" for url in details]
    for url in (reverse("kpis:fleet"), reverse("kpis:kpi_list"), node.get_absolute_url(), *splits):
        assert operator.get(url).status_code == 200
    assert "engine not recognised yet" in operator.get(splits[0]).content.decode()
    assert "not exposed by this engine" not in operator.get(reverse("kpis:fleet")).content.decode()


def test_nothing_is_ruled_out_of_an_engine_not_known_yet() -> None:
    assert exposed_by([""]) > exposed_by(["vllm"]) > exposed_by(["no such engine"])


def test_what_is_pushed_needs_its_engine() -> None:
    assert "engine" in NodeForm(form(source="push", url="")).errors
    assert NodeForm(form(source="push", url="", engine="vllm")).is_valid()
