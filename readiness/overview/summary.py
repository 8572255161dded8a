"""What the overview says: the state in one sentence, the four rules, KPIs against target, the fleet's health."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inference_kpis.dashboards.fleet_health import FleetHealth, fleet_health
from readiness.assessments.results import CompanyResult, company_result
from readiness.bank import Text, load_bank
from readiness.scoring import BindingState, RuleStatus
from readiness.success.models import SuccessMetric
from readiness.success.standing import Standing, Status, standings

MOST_METRICS = 12


@dataclass(frozen=True)
class Contradiction:
    """An answer of an approved assessment that measurements contradict."""

    assessment_pk: int
    team: str
    title: Text
    declared: int
    verified: int


@dataclass(frozen=True)
class Summary:
    """Everything the overview shows, as of a moment."""

    company: CompanyResult
    standings: Sequence[Standing]
    fleet: FleetHealth
    as_of: datetime

    @property
    def headline(self) -> str:
        """The state of the company in one sentence, whole in every language."""
        count = Counter(verdict.status for _, _, verdict, _ in self.company.rules)
        ready, off_track = count[RuleStatus.READY], count[RuleStatus.OFF_TRACK]
        if count[RuleStatus.NOT_ASSESSED] == len(self.company.rules):
            return _("No rule assessed yet")
        total = len(self.company.rules)
        if not off_track:
            return ngettext(
                "%(ready)d of %(total)d rules ready, none off track",
                "%(ready)d of %(total)d rules ready, none off track",
                ready,
            ) % {"ready": ready, "total": total}
        return ngettext(
            "%(ready)d of %(total)d rules ready; %(off)d off track",
            "%(ready)d of %(total)d rules ready; %(off)d off track",
            ready,
        ) % {"ready": ready, "total": total, "off": off_track}

    @property
    def shown(self) -> Sequence[Standing]:
        """The metrics that have to be reached first; the others are counted, and in the list."""
        return self.standings[:MOST_METRICS]

    @property
    def met(self) -> int:
        return sum(standing.status is Status.MET for standing in self.standings)

    @property
    def confirmed(self) -> int:
        """How many answers measurements confirm."""
        return sum(
            score.state is BindingState.CONFIRMED
            for result in self.company.results
            for rule in result.rules
            for score in rule.score.practices
        )

    @property
    def contradictions(self) -> list[Contradiction]:
        """Every answer that measurements contradict."""
        return [
            Contradiction(
                result.assessment.pk,
                result.assessment.team.name,
                load_bank(result.assessment.bank_version).practice(score.practice.key).title,
                score.declared_level,
                score.verified,
            )
            for result in self.company.results
            for rule in result.rules
            for score in rule.score.practices
            if score.state is BindingState.CONTRADICTED
        ]


def summarise(now: datetime) -> Summary:
    """The overview as of `now`; a constant number of queries."""
    metrics = SuccessMetric.objects.current().select_related("site", "owner", "team")
    return Summary(company_result(now), standings(list(metrics), now), fleet_health(now), now)
