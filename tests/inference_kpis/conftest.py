"""Somebody who reads the fleet and somebody who writes it; properties find the same examples on every machine."""

import pytest
from django.test import Client
from hypothesis import settings

from accounts.models import Role
from tests.factories import UserFactory, signed_in

settings.register_profile("machine side", max_examples=100, deadline=None, derandomize=True)
settings.load_profile("machine side")


@pytest.fixture
def browser() -> Client:
    """Signed in; reads the fleet and may not write it."""
    return signed_in(UserFactory())


@pytest.fixture
def operator() -> Client:
    return signed_in(UserFactory(role=Role.OPERATOR))
