"""A server on loopback, and five minutes after the first run."""

from collections.abc import Iterator

import pytest
import time_machine

from tests.inference_kpis.probes.servers import Server, serving
from tests.inference_kpis.pulls import at


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def _later() -> Iterator[None]:
    """Five minutes after the first run."""
    with time_machine.travel(at(300), tick=False):
        yield
