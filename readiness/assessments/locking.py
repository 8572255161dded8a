"""Taking an assessment to write into it: whatever changes answers waits its turn here."""

from readiness.assessments.models import Assessment
from readiness.exceptions import NotEditable


def lock_editable(assessment_pk: int) -> Assessment:
    """The assessment as it stands, locked until the transaction ends. Raises `NotEditable`."""
    locked = Assessment.objects.select_for_update().get(pk=assessment_pk)
    if not locked.is_editable:
        raise NotEditable
    return locked
