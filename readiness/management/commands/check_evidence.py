"""Compute the digests of all kept files again, and name those that are not what they were."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from readiness.blobs.keeping import damaged
from readiness.blobs.models import Blob


class Command(BaseCommand):
    help = "Check that every file kept as evidence still is what was uploaded."

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(damaged())
        for digest in found:
            self.stderr.write(digest)
        if found:
            raise CommandError(f"{len(found)} files differ from what was uploaded. Restore them from a backup.")
        self.stdout.write(f"{Blob.objects.count()} files are what was uploaded.")
