"""Settings that cannot work are refused at start, with a sentence that says what to write instead."""

import os
import subprocess
import sys

import pytest

from config.launcher.places import ROOT


def start_with(**variables: str) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process of their own."""
    return subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        env={**os.environ, **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_works() -> None:
    assert start_with(VIGIE_RAW_RETENTION_DAYS="44", VIGIE_MINUTE_RETENTION_DAYS="45").returncode == 0


@pytest.mark.parametrize("raw", ["45", "60"])
def test_minutes_have_to_outlive_the_readings_they_are_made_of(raw: str) -> None:
    refused = start_with(VIGIE_RAW_RETENTION_DAYS=raw, VIGIE_MINUTE_RETENTION_DAYS="45")
    assert refused.returncode != 0
    assert "Write more days than VIGIE_RAW_RETENTION_DAYS" in refused.stderr
