"""The settings as they would be in another environment."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

PATH = Path(__file__).parents[2] / "config" / "settings.py"
# What production asks for at least.
PRODUCTION = {
    "VIGIE_ENVIRONMENT": "production",
    "VIGIE_SECRET_KEY": "not-the-one-of-development",
    "VIGIE_CREDENTIAL_KEYS": "bm90IHRoZSBvbmUgb2YgZGV2ZWxvcG1lbnQgYXQgYWw=",
    "VIGIE_ALLOWED_HOSTS": "vigie.example",
}


def settings_with(monkeypatch: pytest.MonkeyPatch, **environment: str) -> ModuleType:
    """The settings module, read anew with these variables and no others of ours."""
    for name in os.environ:
        if name.startswith("VIGIE_") or name in {"DATABASE_URL", "REDIS_URL"}:
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("settings_elsewhere", PATH)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found
