"""What a binding measured, kept as a piece of evidence with its figures."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit import record
from accounts.models import User
from inference_kpis.dashboards import wording
from inference_kpis.readings.rollups import local_day
from readiness.assessments.locking import lock_editable
from readiness.assessments.measuring import measured
from readiness.assessments.models import Assessment, Binding, BindingCheck, Evidence
from readiness.assessments.results import latest_checks
from readiness.evidence.files import answer_of
from readiness.exceptions import ReadinessError


class NothingMeasured(ReadinessError):
    code = "nothing_measured"
    message = gettext_lazy("This binding has no fresh window that decides. Keep it once one does.")


def keep_measurement(*, assessment: Assessment, binding: Binding, by: User, now: datetime) -> Evidence:
    """Keep the binding's last window that decided as evidence of the assessment; the same window twice is one.

    It does not replace the measurement, which goes on to count by itself. Raises `NotEditable` and `NothingMeasured`.
    """
    with transaction.atomic():
        locked = lock_editable(assessment.pk)
        found = measured(binding, now)
        check = next((each for each in latest_checks([binding])[binding.pk] if each.measured_level is not None), None)
        if found.level is None or check is None:
            raise NothingMeasured
        answer = answer_of(locked, binding.practice, by=by, now=now)
        evidence, is_new = Evidence.objects.get_or_create(
            answer=answer,
            kind=Evidence.Kind.MEASUREMENT,
            title=title_of(binding, check),
            dated_on=local_day(check.window_end),
            defaults={"added_by": by, "added_at": now},
        )
        if is_new:
            record("evidence.add", evidence.title, actor=by, practice=binding.practice)
    return evidence


def title_of(binding: Binding, check: BindingCheck) -> str:
    """The window's figures in one line, in the writer's language."""
    kpi = binding.figure
    written = wording.written(check.value or 0.0, kpi)
    return _("%(kpi)s: %(value)s %(unit)s, level %(level)s, %(samples)s samples, until %(end)s") % {
        "kpi": kpi.label,
        "value": written.number,
        "unit": written.unit,
        "level": check.measured_level,
        "samples": check.samples,
        "end": f"{check.window_end:%Y-%m-%d %H:%M} UTC",
    }
