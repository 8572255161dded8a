"""What is answered, field by field."""

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from inference_kpis.catalogue import VANTAGE_LABELS, Direction, Kpi, Vantage
from inference_kpis.dashboards.node_rows import NodeRow
from inference_kpis.dashboards.series import SPLITS, Line
from inference_kpis.dashboards.wording import unit_label
from inference_kpis.fleet.models import Node, SiteHealth, Tier
from inference_kpis.pull.problems import sentence
from inference_kpis.readings.statistics import Bound, NoValue, Quantity


def in_utc(moment: datetime) -> str:
    """An aware moment as the API writes it: `2026-11-22T10:00:00Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


REASONS = list(NoValue)


class UtcField(serializers.DateTimeField):
    """A moment in UTC, whatever the time zone of the company."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)


# --- Quantities ------------------------------------------------------------------------------------------------------


class QuantityOut(serializers.Serializer):
    """A value in the KPI's unit with what is known of it, or null with the reason."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True, help_text="The true value is not below; null: no limit is known.")
    high = serializers.FloatField(allow_null=True, help_text="The true value is not above; null: no limit is known.")
    bound = serializers.ChoiceField(
        list(Bound), allow_null=True, help_text="Whether the value is one, or only a limit."
    )
    approximate = serializers.BooleanField(help_text="Histograms of different bounds were brought together.")
    samples = serializers.IntegerField(help_text="How many observations are behind it.")
    confidence = serializers.FloatField(
        allow_null=True,
        help_text="Low and high hold the true value with this confidence, both null: too few samples; null: surely.",
    )
    reason = serializers.ChoiceField(REASONS, allow_null=True, help_text="Why there is no value.")
    covered_share = serializers.FloatField(
        allow_null=True,
        help_text="Share of the requests or tokens that a quotient counts: those of nodes whose cost or energy is known.",
    )

    def to_representation(self, instance: Quantity) -> dict[str, Any]:
        """Written by hand: thirty series of a thousand points would take seconds through fields."""
        return {
            "value": instance.value,
            "low": instance.low,
            "high": instance.high,
            "bound": None if instance.value is None else instance.bound.value,
            "approximate": instance.is_approximate,
            "samples": instance.samples,
            "confidence": instance.confidence,
            "reason": None if instance.reason is None else instance.reason.value,
            "covered_share": instance.covered_share,
        }


class PointOut(QuantityOut):
    """A quantity of one step."""

    start = UtcField()

    def to_representation(self, instance: tuple[datetime, Quantity]) -> dict[str, Any]:  # type: ignore[override]
        start, quantity = instance
        return {"start": in_utc(start), **super().to_representation(quantity)}


class SeriesOut(serializers.Serializer[Line]):
    key = serializers.CharField(help_text="Of the site, tier, engine or model; empty for the whole scope.")
    label = serializers.CharField()  # type: ignore[assignment]  # the name is that of the answer
    quantity = QuantityOut(help_text="Over the whole window; not the mean of its points.")
    points = PointOut(many=True, source="steps")


# --- KPIs ------------------------------------------------------------------------------------------------------------


class KpiOut(serializers.Serializer[Kpi]):
    """A KPI as the catalogue has it."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the name is that of the answer
    unit = serializers.CharField()
    unit_label = serializers.SerializerMethodField(help_text="The unit as people read it; for money its symbol.")
    direction = serializers.ChoiceField(list(Direction), help_text="Which way is better.")
    vantage = serializers.ChoiceField(list(Vantage), help_text="Where a latency was seen.")
    vantage_label = serializers.SerializerMethodField()
    formula = serializers.CharField(source="description", help_text="How it is computed, in words.")
    is_default = serializers.BooleanField()

    def get_unit_label(self, kpi: Kpi) -> str:
        return unit_label(kpi)

    def get_vantage_label(self, kpi: Kpi) -> str:
        return str(VANTAGE_LABELS[kpi.vantage])


class CatalogueOut(serializers.Serializer):
    kpis = KpiOut(many=True)


class ScopeOut(serializers.Serializer):
    """What was measured: the fleet where it is empty."""

    site = serializers.CharField(required=False)
    tier = serializers.ChoiceField(Tier.choices, required=False)
    engine = serializers.CharField(required=False)
    model = serializers.CharField(required=False)
    node = serializers.UUIDField(required=False)


class KpiSeriesOut(serializers.Serializer):
    """A KPI of a scope over a window."""

    kpi = KpiOut()
    start = UtcField(help_text="Start of the window as it was read.")
    end = UtcField(help_text="End of the window as it was read.")
    step_seconds = serializers.IntegerField()
    scope = ScopeOut()
    split = serializers.ChoiceField([*SPLITS, "none"])
    quantity = QuantityOut(help_text="Of the whole scope over the whole window.")
    series = SeriesOut(many=True)


# --- Sites and nodes -------------------------------------------------------------------------------------------------


class NodeCountsOut(serializers.Serializer[SiteHealth]):
    up = serializers.IntegerField()
    down = serializers.IntegerField()
    silent = serializers.IntegerField()
    waiting = serializers.IntegerField()
    paused = serializers.IntegerField()


class SiteOut(serializers.Serializer):
    key = serializers.CharField()
    name = serializers.CharField()
    region = serializers.CharField()
    tier = serializers.ChoiceField(Tier.choices)
    nodes = NodeCountsOut(source="health", allow_null=True, help_text="In service, by state; null until counted.")
    is_demo = serializers.BooleanField()


class NodeOut(serializers.Serializer[NodeRow]):
    uuid = serializers.UUIDField(source="node.uuid")
    name = serializers.CharField(source="node.name")
    site = serializers.CharField(source="node.site.key")
    site_name = serializers.CharField(source="node.site.name")
    tier = serializers.ChoiceField(Tier.choices, source="node.site.tier")
    engine = serializers.CharField(source="node.engine")
    source = serializers.ChoiceField(Node.Source.choices, source="node.source")  # type: ignore[assignment]
    state = serializers.ChoiceField(Node.State.choices, source="node.state")
    state_since = UtcField(source="node.state_since")
    problem = serializers.SerializerMethodField(help_text="Code of what is wrong with it; null: nothing.")
    problem_message = serializers.SerializerMethodField()
    last_reading_at = UtcField(source="heard_at", allow_null=True, help_text="When its last reading ended.")
    is_demo = serializers.BooleanField(source="node.is_demo")

    def get_problem(self, row: NodeRow) -> str | None:
        return row.node.problem or None

    def get_problem_message(self, row: NodeRow) -> str | None:
        return str(sentence(row.node.problem)) if row.node.problem else None


class LatestOut(QuantityOut):
    """A KPI of a node over the last minutes."""

    key = serializers.CharField()

    def to_representation(self, instance: tuple[Kpi, Quantity]) -> dict[str, Any]:  # type: ignore[override]
        kpi, quantity = instance
        return {"key": kpi.key, **super().to_representation(quantity)}


class NodeDetailOut(serializers.Serializer):
    node = NodeOut()
    start = UtcField(help_text="Start of the minutes that the KPIs are of.")
    end = UtcField()
    kpis = LatestOut(many=True, help_text="All KPIs that are shown by default.")


class LatestNodeOut(serializers.Serializer[NodeRow]):
    uuid = serializers.UUIDField(source="node.uuid")
    name = serializers.CharField(source="node.name")
    site = serializers.CharField(source="node.site.key")
    state = serializers.ChoiceField(Node.State.choices, source="node.state")
    last_reading_at = UtcField(source="heard_at", allow_null=True)
    kpis = LatestOut(many=True, source="quantities")


class NextOut(serializers.Serializer):
    next = serializers.URLField(allow_null=True, help_text="Address of the next page; null: this is the last one.")


class SitePageOut(NextOut):
    sites = SiteOut(many=True)


class NodePageOut(NextOut):
    nodes = NodeOut(many=True)


class LatestPageOut(NextOut):
    start = UtcField(help_text="Start of the minutes that the KPIs are of.")
    end = UtcField()
    nodes = LatestNodeOut(many=True)
