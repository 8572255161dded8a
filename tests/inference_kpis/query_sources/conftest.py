"""A server with a query API on loopback."""

from collections.abc import Iterator

import pytest

from tests.inference_kpis.query_sources.servers import Prometheus, serving


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    with serving() as running:
        yield running
