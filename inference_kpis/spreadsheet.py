"""Files for spreadsheets."""

from django.http import HttpResponse


def csv_answer(name: str) -> HttpResponse:
    """An empty file of this name, to be written to."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def as_text(cell: str) -> str:
    """A cell that a spreadsheet cannot take for a formula."""
    return f"'{cell}" if cell[:1] in {*"=+-@\t\r"} else cell
