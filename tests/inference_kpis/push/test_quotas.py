"""What a key may push in a minute."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts.models import MachineKey
from tests.factories import NodeFactory, SiteFactory, machine_key
from tests.inference_kpis.push.test_readings_api import NOW, batch, reading

pytestmark = pytest.mark.django_db
Send = Callable[..., Any]


@pytest.fixture
def send(client: Client) -> Send:
    """Push so many readings with a key that may push five a minute."""
    site = SiteFactory()
    NodeFactory(site=site, name="lyon-03", source="push", url="")
    _, text = machine_key(site)
    MachineKey.objects.update(quota_per_minute=5)

    def post(number: int, address: str = "readings", body: object = None) -> Any:
        readings = batch(*(reading(ago=15 * (1 + at)) for at in range(number)))
        headers = {"Authorization": f"Bearer {text}"}
        return client.post(f"/api/v1/{address}", body or readings, content_type="application/json", headers=headers)

    return post


def test_it_works(send: Send) -> None:
    with time_machine.travel(NOW.replace(second=20), tick=False) as clock:
        assert send(3).status_code == 200
        refused = send(3)
        assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (429, "over_quota", "40")
        # What was refused took nothing away.
        assert send(2).status_code == 200
        clock.shift(41)
        assert send(3).status_code == 200


def test_a_batch_beyond_the_quota_says_so(send: Send) -> None:
    refused = send(6)
    assert (refused.status_code, refused.json()["code"]) == (413, "larger_than_quota")
    assert send(5).json()["stored"] == 5


def test_otlp_is_told_in_its_own_words(send: Send) -> None:
    points = [{"timeUnixNano": str(at), "asInt": "1"} for at in range(6)]
    metrics = [{"name": "a", "gauge": {"dataPoints": points}}]
    body = {"resourceMetrics": [{"resource": {"attributes": []}, "scopeMetrics": [{"metrics": metrics}]}]}
    refused = send(0, "otlp/v1/metrics", orjson.loads(orjson.dumps(body)))
    assert refused.status_code == 413
    assert refused.json()["message"].startswith("larger_than_quota")


def test_without_redis_nobody_is_counted(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise RedisConnectionError

    monkeypatch.setattr(cache, "add", away)
    assert [send(5).status_code, send(5).status_code] == [200, 200]
