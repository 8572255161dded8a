"""A mapping as it is written down outside: the file that is exported and imported, and what the API takes."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from inference_kpis.dashboards.mapping_words import problem_sentence
from inference_kpis.engines.mapping import Content, NotAMapping, as_json, from_json, problems
from inference_kpis.mappings.models import SeriesMapping


@dataclass(frozen=True)
class WrittenMapping:
    name: str
    note: str
    content: Content


def written(mapping: SeriesMapping, content: Content) -> dict[str, Any]:
    """What `read` reads."""
    return {"name": mapping.name, "note": mapping.note, **as_json(content)}


def read(found: object, *, replaces: SeriesMapping | None = None) -> WrittenMapping:
    """A mapping that can be saved. Raises `ValidationError` with a sentence for each thing that is wrong, rows from 1.

    Its name may be that of the mapping that it replaces.
    """
    if not isinstance(found, dict):
        raise ValidationError(problem_sentence("not_a_mapping"))
    name, note = found.get("name", ""), found.get("note", "")
    try:
        content = from_json({key: value for key, value in found.items() if key not in {"name", "note"}})
    except NotAMapping as error:
        raise ValidationError(problem_sentence(str(error))) from None
    is_text = isinstance(name, str) and isinstance(note, str)
    if not is_text or "\0" in name + note or not 0 < len(name) <= 120 or len(note) > 2000:
        raise ValidationError(_("Give the mapping a name of at most 120 characters and a note of at most 2,000."))
    others = SeriesMapping.objects.exclude(pk=replaces.pk) if replaces else SeriesMapping.objects.all()
    if others.filter(name=name).exists():
        raise ValidationError(_("Another mapping has this name."))
    if not content.rows:
        raise ValidationError(problem_sentence("no_rows"))
    wrong = [
        _("Row %(number)s: %(problem)s") % {"number": each.row + 1, "problem": problem_sentence(each.code, each.other)}
        for each in problems(content)
    ]
    if wrong:
        raise ValidationError(wrong)
    return WrittenMapping(name, note, content)
