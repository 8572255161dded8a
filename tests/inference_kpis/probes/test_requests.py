"""Where a probe asks, and what."""

import json

import pytest

from inference_kpis.probes.requests import chat_body, chat_url, origin

WHOLE = "http://10.0.0.1:8000/v1/chat/completions"


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("http://10.0.0.1:8000", WHOLE),
        ("http://10.0.0.1:8000/", WHOLE),
        ("http://10.0.0.1:8000/v1", WHOLE),
        ("http://10.0.0.1:8000/v1/", WHOLE),
        (WHOLE, WHOLE),
        ("https://host/base", "https://host/base/v1/chat/completions"),
        ("https://host/api/chat/completions", "https://host/api/chat/completions"),
        ("https://host/v1?key=a", "https://host/v1/chat/completions?key=a"),
    ],
)
def test_it_works(url: str, endpoint: str) -> None:
    assert chat_url(url) == endpoint


def test_a_node_is_asked_at_the_origin_of_its_metrics() -> None:
    assert origin("http://10.0.0.1:8000/metrics?a=b") == "http://10.0.0.1:8000/"


def test_the_question_asks_for_a_stream() -> None:
    asked = json.loads(chat_body(model="m", prompt="Say “oui”.", max_tokens=4))
    assert (asked["model"], asked["stream"], asked["max_tokens"]) == ("m", True, 4)
    assert asked["messages"] == [{"role": "user", "content": "Say “oui”."}]
