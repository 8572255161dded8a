"""Load the demo company; running it again changes nothing but the addresses of the demo fleet."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from readiness.demo.actions import load_actions
from readiness.demo.company import load_company
from readiness.demo.fleet import load_alerts, load_fleet, load_probes
from readiness.demo.people import load_people
from readiness.demo.perceptions import load_perceptions
from readiness.demo.teamwork import load_teamwork


class Command(BaseCommand):
    help = "Load the demo company: people, fleet, probes, assessments, targets."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--people-file", type=Path, required=True, help="Where the demo passwords are kept.")
        parser.add_argument("--fleet-file", type=Path, required=True, help="The plan of the demo fleet.")

    def handle(self, *args: Any, **options: Any) -> None:
        now = datetime.now(UTC)
        with transaction.atomic():
            people = load_people(options["people_file"])
            sites = load_fleet(options["fleet_file"], now)
            load_company(people, sites, now)
            load_teamwork(people, now)
            load_perceptions(people, now)
            load_actions(people, now)
            load_alerts(sites)
            load_probes(now)
