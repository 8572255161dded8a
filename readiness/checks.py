"""Django's checks refuse to start on a question bank that is not sound."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from inference_kpis.catalogue import KPIS
from readiness.bank import CONTENT, Bank, BankError, current_version, load_bank, versions
from readiness.context import FILE as CONTEXT
from readiness.context import context_figures, context_problems
from readiness.figures import FIGURES
from readiness.soundness import check_bank


@register
def check_content(
    app_configs: Sequence[AppConfig] | None, directory: Path = CONTENT, **kwargs: Any
) -> list[CheckMessage]:
    """One error for every problem of every version of the bank."""
    try:
        current_version(directory)
        banks = [load_bank(version, directory) for version in versions(directory)]
        problems = [*context_problems(context_figures(directory))] if (directory / CONTEXT).is_file() else []
        problems += [problem for bank in banks for problem in (*check_bank(bank, directory), *_unknown_figures(bank))]
    except BankError as error:
        problems = [str(error)]
    return [Error(problem, id="readiness.E001") for problem in problems]


def _unknown_figures(bank: Bank) -> Iterator[str]:
    for practice in bank.practices:
        binding = practice.binding
        if binding and binding.source == "kpi" and binding.figure not in KPIS:
            yield f"{practice.key}, binding: there is no KPI {binding.figure}."
        if binding and binding.source == "workspace" and binding.figure not in FIGURES:
            yield f"{practice.key}, binding: no workspace tells {binding.figure}."
