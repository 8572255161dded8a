"""`make check`: everything that can be said of the sources without running them, one line a check, all of them each time."""

import os
import subprocess
import sys
import time

from cryptography.fernet import Fernet
from django.core.management.utils import get_random_secret_key

from config.launcher.places import ROOT

PYTHON = sys.executable
MANAGE = (PYTHON, "manage.py")

# What is checked, and how it is put right where a command can do that.
CHECKS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("format", (PYTHON, "-m", "ruff", "format", "--check", "."), "ruff format ."),
    ("lint", (PYTHON, "-m", "ruff", "check", "."), "ruff check --fix ."),
    ("templates", (PYTHON, "-m", "djlint", "--lint", "--quiet", "templates"), ""),
    ("types", (PYTHON, "-m", "mypy"), ""),
    ("architecture", (PYTHON, "-m", "pytest", "-q", "tests/test_architecture.py"), ""),
    ("migrations", (*MANAGE, "makemigrations", "--check", "--dry-run"), "python manage.py makemigrations"),
    ("translations", (PYTHON, "-m", "config.translations", "check"), "make messages, then translate"),
    ("settings", (*MANAGE, "check", "--deploy", "--fail-level", "WARNING"), ""),
)


def environment_of(name: str) -> dict[str, str]:
    """The settings check sees what production would; its secrets are made up on the spot and thrown away."""
    if name != "settings":
        return {**os.environ, "VIGIE_ENVIRONMENT": "test"}
    return {
        **os.environ,
        "VIGIE_ENVIRONMENT": "production",
        "VIGIE_SECRET_KEY": get_random_secret_key(),
        "VIGIE_CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        "VIGIE_ALLOWED_HOSTS": "vigie.example",
    }


def main() -> int:
    """Run every check; 1 when any of them found something."""
    failed = []
    for name, command, remedy in CHECKS:
        start = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, env=environment_of(name), capture_output=True, text=True, check=False)
        took = time.monotonic() - start
        print(f"{'ok    ' if done.returncode == 0 else 'FAILED'}  {name:<14}{took:5.1f} s", flush=True)
        if done.returncode:
            failed.append(name)
            print((done.stdout + done.stderr).strip())
            print(f"Put it right with: {remedy}\n" if remedy else "")
    print(f"\nNot in order: {', '.join(failed)}." if failed else "\nEverything is in order.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
