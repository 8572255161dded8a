"""Headings are what a file is recognised by: each stands for one column, in whichever language."""

import pytest
from django.utils.translation import override

from readiness.exchange.columns import EXPORT, KNOWN, TEMPLATE
from readiness.exchange.importing import heading_keys


@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_works(language: str) -> None:
    with override(language):
        headings = {str(column.heading).lower(): column.key for column in KNOWN}
    assert len(headings) == len(KNOWN)
    assert heading_keys().items() >= headings.items()


def test_a_key_is_a_heading_of_its_own_column() -> None:
    keys = heading_keys()
    assert [column.key for column in (*EXPORT, *TEMPLATE) if keys[column.key] != column.key] == []
