"""Names there and back, against the library that writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.exposition import escape_metric_name

from inference_kpis.protocols.escaping import DOTS, VALUES, legacy, unescaped

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
# A dot scheme forgets which character it replaced.
dotted = st.text(st.sampled_from("aZ_.:9"), min_size=1, max_size=12).filter(lambda name: not name[0].isdigit())


@given(names)
def test_underscores_are_those_of_the_library(name: str) -> None:
    assert legacy(name) == escape_metric_name(name, "underscores")


@given(names)
def test_values_come_back_whole(name: str) -> None:
    assert unescaped(escape_metric_name(name, VALUES), VALUES) == name


@given(dotted.filter(lambda name: "dot" not in name))
def test_dots_come_back(name: str) -> None:
    assert unescaped(escape_metric_name(name, DOTS), DOTS) == name


@pytest.mark.parametrize(
    ("escaped", "scheme", "name"),
    [
        ("http__server_dot_requests__total", DOTS, "http_server.requests_total"),
        ("U__http_2e_server__requests", VALUES, "http.server_requests"),
        ("U__a_1F600_", VALUES, "a\N{GRINNING FACE}"),
        ("vllm:requests_total", VALUES, "vllm:requests_total"),
        ("http.server", "allow-utf-8", "http.server"),
        ("a__b", "underscores", "a__b"),
    ],
)
def test_known_names(escaped: str, scheme: str, name: str) -> None:
    assert unescaped(escaped, scheme) == name


@pytest.mark.parametrize("text", ["U__a_", "U__a_2", "U__a_zz_", "U__a_D800_", "U__a_110000_", "U__a_1234567_", "U__"])
def test_what_cannot_be_put_back_stays(text: str) -> None:
    assert unescaped(text, VALUES) == text


@given(names)
def test_no_name_whatever_breaks_it(name: str) -> None:
    for scheme in (DOTS, VALUES, "", "none"):
        assert isinstance(unescaped(f"U__{name}", scheme), str)
