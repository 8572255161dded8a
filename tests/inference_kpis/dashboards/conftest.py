"""Somebody who reads the fleet and somebody who writes it, five minutes after the first pull."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from accounts.models import Role
from tests.factories import UserFactory, signed_in
from tests.inference_kpis.dashboards.asking import NOW


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def browser() -> Client:
    """Signed in; reads the fleet and may not write it."""
    return signed_in(UserFactory())


@pytest.fixture
def operator() -> Client:
    return signed_in(UserFactory(role=Role.OPERATOR))
