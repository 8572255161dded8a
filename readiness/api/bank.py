"""The question bank for machines: its versions, and each with all its words in both languages."""

from typing import Any

from django.http import Http404, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from inference_kpis.api.questions import Question
from inference_kpis.api.views import IF_NONE_MATCH
from readiness.api.base import READ, ReadinessView
from readiness.assessments.models import Binding
from readiness.bank import LEVELS, Bank, current_version, load_bank, versions


class TextOut(serializers.Serializer):
    en = serializers.CharField()
    fr = serializers.CharField()


class BankActionOut(serializers.Serializer):
    opens = serializers.ChoiceField(list(LEVELS), help_text="The level it opens, from the one below.")
    title = TextOut()
    effort_days = serializers.IntegerField(help_text="Working days.")
    cost_low = serializers.IntegerField(help_text="Once, in the company's currency.")
    cost_high = serializers.IntegerField()
    run_cost_low = serializers.IntegerField(help_text="A year, in the company's currency.")
    run_cost_high = serializers.IntegerField()
    role = serializers.CharField()


class SuggestedBindingOut(serializers.Serializer):
    source: Any = serializers.ChoiceField(Binding.Source.choices)
    figure = serializers.CharField(help_text="Key of a KPI, or of a figure of a workspace.")
    comparator = serializers.ChoiceField(["le", "ge"])
    thresholds = serializers.DictField(
        child=serializers.FloatField(), help_text="By level, in the figure's shown unit."
    )
    window_days = serializers.IntegerField()
    minimum_samples = serializers.IntegerField()
    minimum_coverage = serializers.FloatField(help_text="Ratio of 1.")
    site_share = serializers.FloatField(help_text="Ratio of 1.")


class BankPracticeOut(serializers.Serializer):
    key = serializers.CharField()
    is_gate = serializers.BooleanField(source="gate")
    is_measurable = serializers.BooleanField(source="measurable")
    weight = serializers.IntegerField()
    validity_days = serializers.IntegerField(help_text="For how long evidence counts in full.")
    minutes = serializers.IntegerField(help_text="How long it takes to answer.")
    title = TextOut()
    question = TextOut()
    help = TextOut()
    levels = TextOut(many=True, help_text="The wording of the levels 0 to 4.")
    evidence = TextOut(many=True, help_text="What can stand behind an answer.")
    actions = BankActionOut(many=True)
    binding = SuggestedBindingOut(allow_null=True)


class BankRuleOut(serializers.Serializer):
    number = serializers.IntegerField()
    key = serializers.CharField()
    title = TextOut()
    promise = TextOut()
    why = TextOut()
    good = TextOut()
    practices = BankPracticeOut(many=True)


class BankOut(serializers.Serializer):
    version = serializers.CharField()
    rules = BankRuleOut(many=True)


class BankVersionOut(serializers.Serializer):
    version = serializers.CharField()
    practices = serializers.SerializerMethodField()
    is_current = serializers.SerializerMethodField(help_text="Whether new assessments use it.")

    def get_practices(self, bank: Bank) -> int:
        return len(bank.practices)

    def get_is_current(self, bank: Bank) -> bool:
        return bank.version == current_version()


class BankVersionsOut(serializers.Serializer):
    versions = BankVersionOut(many=True)


class BankList(ReadinessView):
    @extend_schema(
        operation_id="bank_list", parameters=[IF_NONE_MATCH], responses={200: BankVersionsOut, **READ}, tags=["bank"]
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The versions of the question bank, oldest first."""
        self.asked(Question)
        return self.answer(BankVersionsOut({"versions": [load_bank(version) for version in versions()]}).data)


class BankDetail(ReadinessView):
    @extend_schema(
        operation_id="bank_read", parameters=[IF_NONE_MATCH], responses={200: BankOut, **READ}, tags=["bank"]
    )
    def get(self, request: Request, version: str) -> HttpResponseBase:
        """Rules and practices of a version, in English and French. A published version never changes."""
        self.asked(Question)
        if version not in versions():
            raise Http404
        return self.answer(BankOut(load_bank(version)).data)
