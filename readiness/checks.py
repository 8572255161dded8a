"""Django's checks refuse to start on a question bank that is not sound."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from readiness.bank import CONTENT, BankError, check_bank, current_version, load_bank, versions


@register
def check_content(
    app_configs: Sequence[AppConfig] | None, directory: Path = CONTENT, **kwargs: Any
) -> list[CheckMessage]:
    """One error for every problem of every version of the bank."""
    try:
        current_version(directory)
        problems = [
            problem
            for version in versions(directory)
            for problem in check_bank(load_bank(version, directory), directory)
        ]
    except BankError as error:
        problems = [str(error)]
    return [Error(problem, id="readiness.E001") for problem in problems]
