"""Reading a target list: what Prometheus would scrape is what Vigie pulls, and hostile lists stop here."""

import json

import pytest

from inference_kpis.discovery.problems import ListRefused, TargetRefused
from inference_kpis.discovery.targets import LabelNames, Listed, Wanted, place, read_list, read_target, target_group

JSON = "application/json"


def listed(*groups: object) -> list[Listed]:
    return read_list(json.dumps(groups).encode(), JSON)


def wanted(address: str = "10.0.0.1:8000", **labels: object) -> Wanted:
    return read_target(Listed(address, labels), LabelNames())


def refusal(address: str = "10.0.0.1:8000", **labels: object) -> str:
    with pytest.raises(TargetRefused) as refused:
        wanted(address, **labels)
    return refused.value.code


def test_it_works() -> None:
    [one, other] = listed({"targets": ["10.0.0.1:8000", "10.0.0.2:8000"], "labels": {"site": "lyon", "tier": "edge"}})
    assert read_target(one, LabelNames()) == Wanted(
        "10.0.0.1:8000", "http://10.0.0.1:8000/metrics", site="lyon", tier="edge"
    )
    assert read_target(other, LabelNames()).url == "http://10.0.0.2:8000/metrics"


def test_labels_say_where_and_how_often() -> None:
    labels = {
        "__scheme__": "https",
        "__metrics_path__": "/v2/metrics",
        "__param_format": "a b&c",
        "__scrape_interval__": "1m30s",
        "__scrape_timeout__": "2500ms",
        "instance": "gpu-1",
        "engine": "vLLM",
    }
    target = wanted("edge-1.example:8000", **labels)
    assert target.url == "https://edge-1.example:8000/v2/metrics?format=a+b%26c"
    assert (target.name, target.engine, target.interval_seconds, target.timeout_seconds) == ("gpu-1", "vllm", 90, 3)


def test_the_first_label_that_is_there_counts() -> None:
    assert wanted(__meta_vigie_site="paris", site="lyon").site == "paris"
    assert wanted(__meta_vigie_site=" ", site="lyon").site == "lyon"
    assert wanted().site == ""


def test_an_unknown_engine_is_left_to_be_recognised() -> None:
    assert wanted(engine="something new").engine == ""


def test_two_pages_of_one_server_have_two_names() -> None:
    assert wanted(__metrics_path__="/gpu").name == "10.0.0.1:8000/gpu"
    assert wanted(__param_part="2").name == "10.0.0.1:8000/metrics?part=2"


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"[]", "text/plain", "not_json"),
        (b"[]", "application/json; charset=latin-1", "not_json"),
        (b"", JSON, "bad_list"),
        (b"{}", JSON, "bad_list"),
        (b"[1]", JSON, "bad_list"),
        (b'[{"targets": "10.0.0.1:1"}]', JSON, "bad_list"),
        (b'[{"targets": [1]}]', JSON, "bad_list"),
        (b'[{"targets": ["a:1"], "labels": []}]', JSON, "bad_list"),
        (b'[{"targets": ["a:1"]', JSON, "bad_list"),
        (b"[" * 100_000, JSON, "bad_list"),
        (json.dumps([{"targets": ["a:1"] * 5001}]).encode(), JSON, "too_many_targets"),
    ],
)
def test_an_answer_that_is_no_list_is_refused_whole(body: bytes, content_type: str, code: str) -> None:
    with pytest.raises(ListRefused) as refused:
        read_list(body, content_type)
    assert refused.value.code == code


def test_an_empty_list_is_a_list() -> None:
    assert read_list(b"[]", "Application/JSON; charset=UTF-8") == []
    assert listed({"targets": None, "labels": None}, {}) == []


@pytest.mark.parametrize(
    "address", ["", " ", "http://a:1", "a:1/x", "user@a:1", "a:1?b", "a:0", "a:99999", "a b:1", "é:1"]
)
def test_an_address_is_a_host_and_a_port(address: str) -> None:
    assert refusal(address) == "bad_address"


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        ({"__scheme__": "file"}, "bad_address"),
        ({"__metrics_path__": "/m?x=1"}, "bad_address"),
        ({"__metrics_path__": "/" + "m" * 600}, "bad_address"),
        ({"site": "Lyon 3"}, "bad_site"),
        ({"site": "x" * 61}, "bad_site"),
        ({"tier": "moon"}, "bad_tier"),
        ({"instance": "x" * 121}, "bad_name"),
        ({"instance": "a\nb"}, "bad_name"),
        ({"instance": "a\u202eb"}, "bad_name"),
        ({"any": "x" * 1025}, "label_too_long"),
        ({"x" * 1025: "any"}, "label_too_long"),
        ({"any": "\0"}, "bad_label"),
        ({"any": 1}, "bad_label"),
        ({f"l{number}": "" for number in range(65)}, "too_many_labels"),
        ({"__scrape_interval__": "0s"}, "bad_interval"),
        ({"__scrape_interval__": "2h"}, "bad_interval"),
        ({"__scrape_interval__": "soon"}, "bad_interval"),
        ({"__scrape_interval__": "-5s"}, "bad_interval"),
        ({"__scrape_interval__": "٣s"}, "bad_interval"),
    ],
)
def test_a_target_that_cannot_be_is_left_out(labels: dict[str, object], code: str) -> None:
    assert refusal(**labels) == code


def test_a_refused_target_tells_whose_node_it_is() -> None:
    with pytest.raises(TargetRefused) as refused:
        wanted(instance="gpu-1", tier="moon")
    assert refused.value.name == "gpu-1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://a/metrics", "http://A:80/metrics"),
        ("http://a:1", "http://a:1/"),
        ("http://a:1/m?x=1&y=2", "http://a:1/m?y=2&x=1"),
    ],
)
def test_one_page_has_one_place(one: str, other: str) -> None:
    assert place(one) == place(other) is not None


def test_different_pages_have_different_places() -> None:
    urls = ["http://a/m", "https://a/m", "http://a:1/m", "http://b/m", "http://a/n", "http://a/m?x=1", "http://a/m?x=2"]
    assert len({place(url) for url in urls}) == len(urls)
    assert place("no url") is None


@pytest.mark.parametrize(
    "url",
    ["http://a:8000/metrics", "https://a", "http://[fd00::1]:9000/x/y?format=a+b&empty=", "http://a:1/m?match%5B%5D=x"],
)
def test_what_is_listed_is_read_as_the_same_place(url: str) -> None:
    group = target_group(
        *(), url=url, name="n", uuid="u", site="lyon", tier="edge", engine="", interval_seconds=5, timeout_seconds=10
    )
    [target] = listed(group)
    read = read_target(target, LabelNames())
    assert place(read.url) == place(url)
    assert (read.site, read.tier, read.interval_seconds, read.timeout_seconds) == ("lyon", "edge", 5, 5)
