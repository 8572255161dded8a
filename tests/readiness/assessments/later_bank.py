"""A third version of the bank, in a folder of its own, as if it had been published after the product's."""

import re
import shutil
from pathlib import Path

import pytest

from readiness import bank
from readiness.assessments import answering, succession_views, upgrading
from readiness.bank import CONTENT, current_version, load_bank, versions

ADDED, REWORDED, RETIRED, NEW_GATE, REWEIGHTED = "UC12", "UC1", "ME3", "INF2", "UC2"
FIRST_LEVEL = "One candidate has a written problem statement with a named business owner."


def use_versions_of(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the bank from this folder everywhere, and start on its newest version."""
    monkeypatch.setattr(load_bank, "__defaults__", (None, directory))
    for function in (versions, current_version):
        monkeypatch.setattr(function, "__defaults__", (directory,))
    for module in (bank, answering, upgrading, succession_views):
        monkeypatch.setattr(module, "current_version", current_version)


def publish_2026_3(directory: Path) -> None:
    """Everything that a version may change, once each, as nothing but content."""
    shutil.copytree(CONTENT, directory, dirs_exist_ok=True)
    shutil.copytree(CONTENT / "2026.2", directory / "2026.3")
    use_cases, infrastructure, metrics = (
        directory / "2026.3" / f"{rule}.toml" for rule in ("use_cases", "infrastructure", "metrics")
    )
    added = practice_in(use_cases, "UC4").replace('key = "UC4"', f'key = "{ADDED}"', 1)
    use_cases.write_text(f"{use_cases.read_text()}\n{added}")
    keys = directory / "keys.txt"
    keys.write_text(f"{keys.read_text()}{ADDED} use_cases 2026.3\n")
    change(use_cases, REWORDED, FIRST_LEVEL, "One candidate names its business owner and its users.")
    change(use_cases, REWEIGHTED, "weight = 2", "weight = 3")
    change(infrastructure, NEW_GATE, "gate = false", "gate = true")
    change(metrics, RETIRED, "gate = false", "gate = false\nretired = true")


def practice_in(path: Path, key: str) -> str:
    """The text of one practice of a file."""
    found = re.search(rf'\[\[practice\]\]\nkey = "{key}"\n.*?(?=\n\[\[practice\]\]|\Z)', path.read_text(), re.DOTALL)
    assert found
    return found[0]


def change(path: Path, key: str, old: str, new: str) -> None:
    before = practice_in(path, key)
    assert old in before
    path.write_text(path.read_text().replace(before, before.replace(old, new, 1), 1))
