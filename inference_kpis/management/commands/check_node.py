"""Fetch once from a URL as a pull would, and say what it gives; nothing is stored but a line of the audit trail."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from inference_kpis.access import can_write_fleet
from inference_kpis.engines import ENGINES
from inference_kpis.fleet.models import Node
from inference_kpis.pull.trial import Trial, try_node


class Command(BaseCommand):
    help = "Fetch once from a metrics URL, under the guard of every pull, and say what it would give."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", help="For example http://10.0.3.7:8000/metrics")
        parser.add_argument("--engine", default="", choices=["", *ENGINES], help="Left out, it is recognised.")
        parser.add_argument("--by", required=True, metavar="EMAIL", help="The operator whom the audit trail names.")

    def handle(self, *args: Any, **options: Any) -> None:
        by = User.objects.filter(email__iexact=options["by"], is_active=True).first()
        if by is None or not can_write_fleet(by):
            raise CommandError("Only an operator or an administrator may try a node: give an e-mail address of one.")
        trial = try_node(Node(url=options["url"], engine=options["engine"]), by=by)
        for line in lines(trial):
            self.stdout.write(line)
        if trial.problem:
            raise CommandError(str(trial.problem_sentence))


def lines(trial: Trial) -> Iterator[str]:
    yield f"status       {trial.status or 'no answer'}"
    yield f"format       {trial.form or '-'}"
    yield f"engine       {trial.engine.label if trial.engine else 'not recognised'}"
    yield f"models       {', '.join(trial.models) or '-'}"
    yield f"measures     {', '.join(measure.key for measure in trial.measures) or '-'}"
    yield f"not exposed  {', '.join(kpi.key for kpi in trial.not_exposed) or '-'}"
    for sentence in trial.dropped_sentences:
        yield f"dropped      {sentence}"
    yield f"cost         {trial.duration_ms} ms, {trial.samples} samples, {trial.body_bytes} bytes"
