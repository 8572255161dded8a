"""A server with a query API on loopback, somebody who reads the fleet and somebody who writes it."""

from collections.abc import Iterator

import pytest
from django.test import Client

from accounts.models import Role
from tests.factories import UserFactory, signed_in
from tests.inference_kpis.query_sources.servers import Prometheus, serving


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    with serving() as running:
        yield running


@pytest.fixture
def browser() -> Client:
    """Signed in; reads the fleet and may not write it."""
    return signed_in(UserFactory())


@pytest.fixture
def operator() -> Client:
    return signed_in(UserFactory(role=Role.OPERATOR))
