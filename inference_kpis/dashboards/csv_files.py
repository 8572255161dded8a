"""Figures as files for a spreadsheet: times in UTC, plain numbers, empty where nothing was measured."""

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

from inference_kpis.catalogue import Kpi
from inference_kpis.dashboards.series import Line
from inference_kpis.spreadsheet import as_text, csv_answer


def csv_file(heading: Sequence[str], rows: Iterable[Sequence[object]], name: str) -> HttpResponse:
    """A download of this name. None is an empty cell, a float has six digits, and words cannot be formulas."""
    response = csv_answer(name)
    writer = csv.writer(response)
    writer.writerow(heading)
    writer.writerows([_written(cell) for cell in row] for row in rows)
    return response


def lines_csv(kpi: Kpi, split: str, of: Iterable[Line], name: str) -> HttpResponse:
    """The figures behind a chart of these lines."""
    rows = ((start.isoformat(), line.label, value, kpi.unit) for line in of for start, value in line.points)
    return csv_file(["start_utc", split, kpi.key, "unit"], rows, name)


def _written(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:.6g}" if isinstance(cell, float) else as_text(str(cell))
