"""The queries of a source: only the names that engines read, only the nodes that are meant, nothing smuggled in."""

import pytest

from inference_kpis.engines import ENGINES
from inference_kpis.engines.recognition import SIGNATURES
from inference_kpis.query_sources.promql import Scope, index_query, is_selector, samples_query


def test_it_works() -> None:
    scope = Scope('{job="vllm"}', "pod", ("site",), "vllm")
    assert index_query(scope).startswith('label_replace(count by (pod, instance, job, site) ({__name__=~"vllm:')
    assert index_query(scope).endswith('pod!="", job="vllm"}), "vigie_engine", "vllm", "", "")')
    query = samples_query(scope, "vllm", ["b", "a"], 90)
    assert query.endswith('pod=~"a|b", job="vllm"}[90s]')
    for name in ("vllm:request_success_total", "vllm:e2e_request_latency_seconds_bucket", "up"):
        assert name in query
    assert "sglang" not in query


def test_every_engine_that_can_be_recognised_is_asked_for() -> None:
    query = index_query(Scope())
    assert [key for key in sorted(SIGNATURES) if f'"vigie_engine", "{key}"' not in query] == []
    assert '__name__=~""' not in query
    assert '"http_requests_total' not in query.replace("|", '"')


@pytest.mark.parametrize("engine", ENGINES)
def test_a_chosen_engine_is_told_by_all_its_names(engine: str) -> None:
    query = index_query(Scope(engine=engine))
    assert '__name__=~""' not in query
    assert "process_start_time_seconds" not in query


@pytest.mark.parametrize("name", ["a.b", 'x"}) or vector(1)', "new\nline", "back\\slash", "é [::1]:80", "a|b"])
def test_the_name_of_a_node_is_nothing_but_a_name(name: str) -> None:
    query = samples_query(Scope(), "vllm", [name], 15)
    inner = query.split(", instance=~")[1].removesuffix("}[15s]")
    assert inner[0] == inner[-1] == '"'
    assert '"' not in inner[1:-1].replace('\\"', "")
    assert "\n" not in inner


@pytest.mark.parametrize("text", ["{}", '{job="a"}', '{ job =~ "a|b" , env!="x\\"y", }', '{a!~""}'])
def test_a_selector_is_matchers_in_braces(text: str) -> None:
    assert is_selector(text)


@pytest.mark.parametrize(
    "text",
    ["", "up", '{job="a"', '{job="a"}[5m]', '{job="a"} or up', "{job=a}", '{job="a"}) or ({b="c"}', '{"job"="a"}'],
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_selector(text)
