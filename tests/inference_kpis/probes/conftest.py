"""A server on loopback, somebody who reads the fleet and somebody who writes it."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from accounts.models import Role
from tests.factories import UserFactory, signed_in
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


@pytest.fixture
def browser() -> Client:
    """Signed in; reads the fleet and may not write it."""
    return signed_in(UserFactory())


@pytest.fixture
def operator() -> Client:
    return signed_in(UserFactory(role=Role.OPERATOR))
