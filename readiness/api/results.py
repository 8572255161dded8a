"""Scores for machines, with the numbers that went into them, so that anybody can compute them again."""

from typing import Any

from django.http import Http404, HttpResponseBase
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inference_kpis.api.questions import Question
from inference_kpis.api.serializers import UtcField
from inference_kpis.api.views import IF_NONE_MATCH
from readiness import access
from readiness.api.base import READ, ReadinessView
from readiness.assessments.models import RuleTarget, Snapshot
from readiness.assessments.results import CompanyResult, RuleResult, company_result, result_of
from readiness.bank import load_bank
from readiness.scoring import (
    BelowFloor,
    BindingState,
    EvidenceClass,
    GateBelow,
    Limit,
    Obstacle,
    RuleScore,
    RuleStatus,
    ShareShort,
    StatusReason,
    TooMuchNotApplicable,
    confidence,
    next_level,
    obstacles,
    rounded,
)

KINDS: dict[type[Obstacle], str] = {
    GateBelow: "gate_below",
    BelowFloor: "below_floor",
    ShareShort: "share_short",
    TooMuchNotApplicable: "too_much_not_applicable",
}
CLASSES = [evidence.code for evidence in EvidenceClass]


class IndexField(serializers.FloatField):
    """An index as it leaves the calculations: 0 to 100, one decimal, rounded half up."""

    def to_representation(self, value: Any) -> Any:
        return float(rounded(value))


class ScoreOut(serializers.Serializer):
    """All null where it is not assessable."""

    level = serializers.IntegerField(allow_null=True)
    index = IndexField(allow_null=True, help_text="0 to 100, from verified levels, rounded to one decimal half up.")
    declared_index = IndexField(allow_null=True, help_text="Likewise from declared levels.")


class ObstacleOut(serializers.Serializer):
    """What keeps a rule from a level; which fields there are depends on `kind`."""

    kind = serializers.ChoiceField(list(KINDS.values()))
    practice = serializers.CharField(required=False)
    verified = serializers.IntegerField(required=False)
    needed = serializers.FloatField(required=False, help_text="The level, or with `share_short` the ratio of weight.")
    share = serializers.FloatField(required=False, help_text="Ratio of 1 of the applicable weight.")
    missing_weight = serializers.IntegerField(required=False)
    practices = serializers.ListField(child=serializers.CharField(), required=False)
    allowed = serializers.FloatField(required=False, help_text="Ratio of 1.")


class ConditionalOut(serializers.Serializer):
    level = serializers.IntegerField()
    until = serializers.DateField(help_text="The last day on which it is held.")


class PracticeScoreOut(serializers.Serializer):
    practice = serializers.CharField(source="practice.key")
    weight = serializers.IntegerField(source="practice.weight")
    is_gate = serializers.BooleanField(source="practice.is_gate")
    is_measurable = serializers.BooleanField(source="practice.is_measurable")
    is_applicable = serializers.BooleanField()
    declared = serializers.IntegerField(allow_null=True, help_text="Null while unanswered; scores count it as 0.")
    verified = serializers.IntegerField()
    evidence = serializers.ChoiceField(CLASSES, source="evidence.code")
    limit = serializers.ChoiceField(
        list(Limit), allow_null=True, help_text="Why it is verified below what is declared."
    )
    state = serializers.ChoiceField(list(BindingState), allow_null=True, help_text="Null where nothing measures it.")
    measured = serializers.IntegerField(source="measured_level", allow_null=True)


class RuleResultOut(serializers.Serializer):
    """A rule with what its level and index are computed from.

    index = 100 · weighted_levels / (4 · weight), over the practices that apply.
    """

    number = serializers.IntegerField(source="rule.number")
    rule = serializers.CharField(source="rule.key")
    score = ScoreOut()
    weight = serializers.SerializerMethodField(help_text="Sum of the weights that apply.")
    weighted_levels = serializers.SerializerMethodField(help_text="Sum of weight × verified level.")
    weighted_declared_levels = serializers.SerializerMethodField(help_text="Sum of weight × declared level.")
    not_applicable_share = serializers.FloatField(
        source="score.not_applicable_share", help_text="Ratio of 1 of all weight."
    )
    confidence = serializers.SerializerMethodField(help_text="Ratio of the applicable weight by class of evidence.")
    level_ahead = serializers.IntegerField(
        source="team_rule.level_ahead", allow_null=True, help_text="In 30 days, if nobody does anything."
    )
    conditional = ConditionalOut(source="team_rule.conditional", allow_null=True)
    next_level = serializers.SerializerMethodField()
    obstacles = serializers.SerializerMethodField(help_text="What keeps it from the next level.")
    practices = PracticeScoreOut(source="score.practices", many=True)

    def get_weight(self, rule: RuleResult) -> int:
        return sum(each.practice.weight for each in rule.score.applicable)

    def get_weighted_levels(self, rule: RuleResult) -> int:
        return sum(each.practice.weight * each.verified for each in rule.score.applicable)

    def get_weighted_declared_levels(self, rule: RuleResult) -> int:
        return sum(each.practice.weight * each.declared_level for each in rule.score.applicable)

    def get_confidence(self, rule: RuleResult) -> dict[str, float]:
        return {kind.code: float(share) for kind, share in confidence([rule.score]).items()}

    def get_next_level(self, rule: RuleResult) -> int | None:
        return next_level(rule.score)

    @extend_schema_field(ObstacleOut(many=True))
    def get_obstacles(self, rule: RuleResult) -> list[dict[str, Any]]:
        return [ObstacleOut(_as_fields(each)).data for each in _obstacles(rule.score)]


def _obstacles(score: RuleScore) -> list[Obstacle]:
    above = next_level(score)
    return obstacles(score, above or 1) if above or not score.is_assessable else []


def _as_fields(obstacle: Obstacle) -> dict[str, Any]:
    return {"kind": KINDS[type(obstacle)], **{name: getattr(obstacle, name) for name in obstacle.__slots__}}


class ResultOut(serializers.Serializer):
    """The score of an assessment as of now. Overall: the lowest level of the rules, the mean of their indexes."""

    assessment = serializers.IntegerField(source="assessment.pk")
    bank_version = serializers.CharField(source="assessment.bank_version")
    as_of = UtcField()
    overall = ScoreOut()
    rules = RuleResultOut(many=True)


class SnapshotOut(serializers.Serializer):
    """The scores as they were frozen on approval; what `digest` is the SHA-256 of, docs/api.md says."""

    assessment = serializers.IntegerField(source="assessment_id")
    taken_at = UtcField()
    digest = serializers.CharField()
    is_intact = serializers.BooleanField(help_text="Whether the scores still have this digest.")
    scores = serializers.JSONField()


class CompanyRuleOut(serializers.Serializer):
    number = serializers.IntegerField()
    rule = serializers.CharField()
    target_level = serializers.IntegerField()
    status = serializers.ChoiceField(list(RuleStatus))
    reason = serializers.ChoiceField(list(StatusReason))
    score = ScoreOut(allow_null=True, help_text="Null while no team has an approved assessment.")
    level_ahead = serializers.IntegerField(allow_null=True, help_text="In 30 days, if nobody does anything.")
    conditional_level = serializers.IntegerField(allow_null=True)
    conditional_until = serializers.DateField(allow_null=True)


class CompanyOut(serializers.Serializer):
    overall = ScoreOut()
    rules = CompanyRuleOut(many=True)


class TargetOut(serializers.Serializer):
    number = serializers.IntegerField()
    rule = serializers.CharField()
    level = serializers.IntegerField()


class TargetsOut(serializers.Serializer):
    targets = TargetOut(many=True)


def company_fields(company: CompanyResult) -> dict[str, Any]:
    rules = [
        {
            "number": rule.number,
            "rule": rule.key,
            "target_level": target,
            "status": verdict.status,
            "reason": verdict.reason,
            "score": score,
            "level_ahead": score and score.level_ahead,
            "conditional_level": score and score.conditional,
            "conditional_until": score and score.conditional_until,
        }
        for rule, score, verdict, target in company.rules
    ]
    return CompanyOut({"overall": company.overall, "rules": rules}).data


class AssessmentResult(ReadinessView):
    @extend_schema(operation_id="assessments_result", responses={200: ResultOut, **READ}, tags=["results"])
    def get(self, request: Request, pk: int) -> Response:
        """The score as of now, as its page shows it: evidence ages, and measurements go on."""
        self.asked(Question)
        return Response(ResultOut(result_of(access.get_assessment_for(self.person, pk), self.now)).data)


class AssessmentSnapshot(ReadinessView):
    @extend_schema(
        operation_id="assessments_snapshot",
        parameters=[IF_NONE_MATCH],
        responses={200: SnapshotOut, **READ},
        tags=["results"],
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """The score as it was approved; 404 before that."""
        self.asked(Question)
        snapshot = Snapshot.objects.filter(assessment=access.get_assessment_for(self.person, pk)).first()
        if snapshot is None:
            raise Http404
        return self.answer(SnapshotOut(snapshot).data)


class Company(ReadinessView):
    @extend_schema(operation_id="company_read", responses={200: CompanyOut, **READ}, tags=["results"])
    def get(self, request: Request) -> Response:
        """The four rules over the latest approved assessment of every team, as on the overview."""
        self.asked(Question)
        return Response(company_fields(company_result(self.now)))


class TargetList(ReadinessView):
    @extend_schema(
        operation_id="targets_list", parameters=[IF_NONE_MATCH], responses={200: TargetsOut, **READ}, tags=["results"]
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The level that the company wants on each rule."""
        self.asked(Question)
        levels = RuleTarget.by_rule()
        targets = [
            {"number": rule.number, "rule": rule.key, "level": levels[rule.number]} for rule in load_bank().rules
        ]
        return self.answer(TargetsOut({"targets": targets}).data)
