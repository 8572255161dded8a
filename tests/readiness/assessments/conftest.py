"""Everything about assessments is tested on the first published version of the bank."""

from pathlib import Path

import pytest

from readiness.bank import CONTENT
from tests.readiness.assessments.later_bank import publish_2026_3, use_versions_of


@pytest.fixture(autouse=True)
def _first_bank(first_bank: None) -> None:
    """A version that never changes keeps the numbers of these tests true."""


@pytest.fixture
def later_bank(_first_bank: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A version 2026.3 is there, and what starts from now on is on it."""
    publish_2026_3(tmp_path)
    use_versions_of(tmp_path, monkeypatch)
    return tmp_path


@pytest.fixture
def second_bank(_first_bank: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What starts from now on is on the product's newest version."""
    use_versions_of(CONTENT, monkeypatch)
