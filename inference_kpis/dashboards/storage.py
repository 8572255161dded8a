"""What readings take on disk, for those who run the installation: a page and the same as CSV."""

import csv

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.access import SignedInRequest, has_role
from accounts.models import Role
from inference_kpis.readings.storage import Stored, stored
from inference_kpis.spreadsheet import csv_answer

LABELS: dict[str, str | Promise] = {
    "reading": _("Single readings"),
    "minute": _("Minutes"),
    "hour": _("Hours"),
    "day": _("Days"),
}


@has_role(Role.OPERATOR)
@require_safe
def storage(request: SignedInRequest) -> HttpResponse:
    widths = stored()
    return render(
        request,
        "inference_kpis/dashboards/storage.html",
        {
            "rows": [(LABELS[each.width], each) for each in widths],
            "total_bytes": sum(each.bytes for each in widths),
            "is_empty": all(each.oldest_at is None for each in widths),
        },
    )


@has_role(Role.OPERATOR)
@require_safe
def storage_csv(request: SignedInRequest) -> HttpResponse:
    """Plain numbers, times in UTC; empty where nothing is known."""
    response = csv_answer("storage")
    writer = csv.writer(response)
    writer.writerow(
        (
            *("width", "retention_days", "bytes", "rows_about", "oldest_utc", "newest_utc", "numbers_about"),
            *("bytes_per_sample", "frees_bytes", "frees_on"),
        )
    )
    writer.writerows(_cells(each) for each in stored())
    return response


def _cells(each: Stored) -> list[object]:
    per_sample = "" if each.bytes_per_sample is None else f"{each.bytes_per_sample:.2f}"
    moments = ["" if moment is None else moment.isoformat() for moment in (each.oldest_at, each.newest_at)]
    numbers = ["" if number is None else number for number in (each.rows, each.numbers)]
    frees_on = "" if each.frees_on is None else each.frees_on.isoformat()
    head = [each.width, each.retention_days, each.bytes, numbers[0]]
    return [*head, *moments, numbers[1], per_sample, each.frees_bytes, frees_on]
