"""A registry on loopback."""

from collections.abc import Iterator

import pytest

from tests.inference_kpis.discovery.registry import Registry, serving


@pytest.fixture
def registry() -> Iterator[Registry]:
    with serving() as running:
        yield running
