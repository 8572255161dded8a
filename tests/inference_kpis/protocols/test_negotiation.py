"""What a Content-Type says, and what servers of one form alone make of our Accept."""

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.exposition import choose_encoder

from inference_kpis.protocols.exposition import parse
from inference_kpis.protocols.negotiation import ACCEPT, Form, form_of


@pytest.mark.parametrize(
    ("content_type", "form"),
    [
        ("text/plain; version=0.0.4; charset=utf-8", Form("text/plain", "0.0.4")),
        ("TEXT/Plain;Version=1.0.0;escaping=Values", Form("text/plain", "1.0.0", "values")),
        (
            'application/openmetrics-text; version="1.0.0"; escaping=dots',
            Form("application/openmetrics-text", "1.0.0", "dots"),
        ),
        ("application/json", Form("")),
        ("text/html; version=<script>", Form("")),
        ("", Form("")),
        (";;;=;", Form("")),
    ],
)
def test_the_media_type_decides(content_type: str, form: Form) -> None:
    assert form_of(content_type) == form


def test_the_client_library_answers_with_text_and_underscores() -> None:
    """It would answer with OpenMetrics if that came first, whatever its q-value."""
    content_type = choose_encoder(ACCEPT)[1]
    assert form_of(content_type) == Form("text/plain", "1.0.0", "underscores")


@pytest.mark.parametrize("forms", [slice(None), slice(2, None)])
def test_the_client_library_keeps_the_colon_of_a_name(forms: slice) -> None:
    """Also where it speaks OpenMetrics: releases before 0.22 do as soon as that is mentioned."""
    registry = CollectorRegistry()
    Counter("vllm:requests", "Words.", registry=registry).inc()
    encode, content_type = choose_encoder(",".join(ACCEPT.split(",")[forms]))
    assert parse(encode(registry), frozenset({b"vllm:requests_total"}), content_type=content_type)[0].value == 1


@pytest.mark.parametrize("only", ["text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0", "*/*"])
def test_servers_of_one_form_find_theirs(only: str) -> None:
    assert any(each.startswith(only) for each in ACCEPT.split(","))


def test_the_order_is_that_of_the_q_values() -> None:
    weights = [float(each.rpartition("q=")[2]) for each in ACCEPT.split(",")]
    assert weights == sorted(weights, reverse=True)
    assert len(set(weights)) == len(weights)
