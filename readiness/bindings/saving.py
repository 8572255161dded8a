"""Writing bindings: by somebody whom they do not judge, and with a new start where their rules change."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import Team, User
from inference_kpis.fleet.models import Site
from readiness.assessments.models import Binding
from readiness.bank import Practice
from readiness.contradictions.following import close
from readiness.contradictions.models import Contradiction
from readiness.exceptions import ReadinessError

SECONDS_PER_DAY = 24 * 3600


class ReasonNeeded(ReadinessError):
    code = "reason_needed"
    message = _("Measurements contradict an answer by this binding. Say why the binding is what is wrong.")


def suggested(team: Team, practice: Practice) -> Binding | None:
    """The binding that the bank suggests for a practice, unsaved; None where it suggests none."""
    found = practice.binding
    if found is None:
        return None
    return Binding(
        team=team,
        practice=practice.key,
        source=found.source,
        kpi=found.figure,
        comparator=found.comparator,
        thresholds={str(level): str(threshold) for level, threshold in found.thresholds.items()},
        window_seconds=found.window_days * SECONDS_PER_DAY,
        minimum_samples=found.minimum_samples,
        minimum_coverage=found.minimum_coverage,
        site_share=found.site_share,
    )


def save_binding(
    binding: Binding, *, sites: Sequence[Site], changed: Collection[str], reason: str, by: User, now: datetime
) -> Binding:
    """Write a new or changed binding. What was measured by its old rules stays in its history and judges no more.

    Raises `ReasonNeeded` when a contradiction is open and no reason is given, and IntegrityError for a second binding of
    the practice to the same figure.
    """
    with transaction.atomic():
        is_new = binding.pk is None
        if not is_new and changed:
            _close_contradiction(binding, reason, by, now)
            binding.judged_since = now
        binding.save()
        binding.sites.set(sites)
        verb = "binding.add" if is_new else "binding.change"
        record(verb, binding, actor=by, team=str(binding.team), fields=sorted(changed), reason=reason)
    return binding


def remove_binding(binding: Binding, *, reason: str, by: User, now: datetime) -> None:
    """Stop measuring a practice. Raises `ReasonNeeded` as `save_binding` does."""
    with transaction.atomic():
        _close_contradiction(binding, reason, by, now)
        record("binding.remove", binding, actor=by, team=str(binding.team), reason=reason)
        binding.delete()


def _close_contradiction(binding: Binding, reason: str, by: User, now: datetime) -> None:
    standing = Contradiction.objects.select_for_update(of=("self",)).open().filter(binding=binding).first()
    if standing is None:
        return
    if not reason:
        raise ReasonNeeded
    standing.events.create(kind="comment", by=by, at=now, text=reason)
    close(standing, Contradiction.Ending.BINDING_CHANGED, by=by, now=now)
