"""What somebody fills in to write a mapping, and a server that it is written for."""

from collections.abc import Mapping
from typing import Any

from inference_kpis.dashboards.mapping_form import values_of
from inference_kpis.engines.mapping import Row
from tests.inference_kpis.mappings.makers import REQUESTS


def mapping_data(*rows: Row | Mapping[str, str], **values: Any) -> dict[str, Any]:
    """The form with these rows; one of requests where none are given."""
    data: dict[str, Any] = {"name": "Acme", "note": "", "model_labels": "model", "seen_version": "0"}
    written = [values_of(row) if isinstance(row, Row) else row for row in rows or (REQUESTS,)]
    for at, row in enumerate(written):
        data |= {f"row-{at}-{name}": text for name, text in row.items()}
    return {**data, "rows": str(len(written)), **values}
