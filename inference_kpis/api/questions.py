"""What may be asked: the parameters of each endpoint, checked one by one; an unknown one is refused as well."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from inference_kpis.catalogue import KPIS, Kpi
from inference_kpis.dashboards.series import SPLITS
from inference_kpis.engines import ENGINES
from inference_kpis.fleet.models import Node, ServedModel, Site, Tier
from inference_kpis.formulas.known import all_kpis
from inference_kpis.readings.windows import AskedWindow, read_length, read_moment

NODES_PER_PAGE, MOST_NODES_PER_PAGE = 100, 500
MOST_LATEST_NODES = 1000
SITES_PER_PAGE, MOST_SITES_PER_PAGE = 500, 1000


class Moment(serializers.CharField):
    """An ISO 8601 time with an offset."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return read_moment(super().to_internal_value(data))
        except ValueError:
            raise serializers.ValidationError(
                _("Write an ISO 8601 time with an offset, such as 2026-11-22T10:00:00Z; in a URL, + is written %2B.")
            ) from None


class Length(serializers.CharField):
    """A length of time in minutes, hours or days."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return read_length(super().to_internal_value(data))
        except ValueError:
            raise serializers.ValidationError(_("Write a length such as 15m, 6h or 7d.")) from None


class Question(serializers.Serializer):
    """Parameters of which an empty one is left out; one that there is not, or twice where once is meant, is refused."""

    def to_internal_value(self, data: QueryDict) -> dict[str, Any]:
        errors: dict[str, Any] = {name: [_("There is no such parameter.")] for name in data if name not in self.fields}
        for name, values in data.lists():
            if len(values) > 1 and not isinstance(self.fields.get(name), serializers.MultipleChoiceField):
                errors.setdefault(name, [_("Write this parameter once.")])
        if errors:
            raise serializers.ValidationError(errors)
        return super().to_internal_value(data)


class OfSite(serializers.Serializer):
    """A question that may be about one site."""

    site = serializers.CharField(required=False, help_text="Key of a site.")

    def validate_site(self, key: str) -> str:
        if not Site.objects.filter(key=key).exists():
            raise serializers.ValidationError(_("There is no site with this key."))
        return key


class WindowIn(Question):
    window = Length(
        required=False, help_text="Its length up to now: minutes, hours or days, such as 15m, 6h, 7d. 1h if left out."
    )
    start = Moment(required=False, help_text="ISO 8601 with an offset, instead of window.")
    end = Moment(required=False, help_text="ISO 8601 with an offset; now if left out.")
    step = Length(
        required=False,
        help_text="Whole minutes; from 6 hours of window on whole hours, from 31 days on whole days. At most 500 steps.",
    )

    def asked_window(self) -> AskedWindow:
        asked: Mapping[str, Any] = self.validated_data
        return AskedWindow(asked.get("start"), asked.get("end"), asked.get("window"), asked.get("step"))


class KpiIn(OfSite, WindowIn):
    """Window, scope and split of one KPI. Without a scope: the fleet."""

    tier = serializers.ChoiceField(Tier.choices, required=False)
    engine = serializers.ChoiceField(sorted(ENGINES), required=False)
    model = serializers.CharField(required=False, help_text="Name of a served model.")
    node = serializers.UUIDField(required=False, help_text="UUID of a node, as the only scope.")
    split = serializers.ChoiceField([*SPLITS, "none"], required=False, help_text="One series each; none if left out.")

    def validate_model(self, name: str) -> str:
        if not ServedModel.objects.filter(name=name).exists():
            raise serializers.ValidationError(_("No node has reported a model of this name."))
        return name

    def validate_node(self, uuid: UUID) -> UUID:
        if not Node.objects.in_service().filter(uuid=uuid).exists():
            raise serializers.ValidationError(_("There is no node in service with this UUID."))
        return uuid

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "node" in attrs:
            others = {name: [_("A node is a scope of its own.")] for name in SPLITS if name in attrs}
            if others:
                raise serializers.ValidationError(others)
            if attrs.get("split") not in {None, "model", "none"}:
                raise serializers.ValidationError({"split": _("One node is split by model, or not at all.")})
        return attrs


class SitesIn(Question):
    limit = serializers.IntegerField(min_value=1, max_value=MOST_SITES_PER_PAGE, default=SITES_PER_PAGE)
    cursor = serializers.SlugField(required=False, help_text="Where the last page ended: follow next.")


class NodesIn(OfSite, Question):
    """The filters of the fleet page."""

    state = serializers.ChoiceField(Node.State.choices, required=False)
    engine = serializers.ChoiceField(sorted(ENGINES), required=False)
    q = serializers.CharField(required=False, max_length=100, help_text="Part of the name.")
    limit = serializers.IntegerField(min_value=1, max_value=MOST_NODES_PER_PAGE, default=NODES_PER_PAGE)
    cursor = serializers.UUIDField(required=False, help_text="Where the last page ended: follow next.")


class LatestIn(NodesIn):
    kpi = serializers.MultipleChoiceField(choices=[], allow_empty=False, help_text="One or more keys of KPIs.")
    limit = serializers.IntegerField(min_value=1, max_value=MOST_LATEST_NODES, default=MOST_LATEST_NODES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = all_kpis() if args or "data" in kwargs else KPIS
        cast(serializers.MultipleChoiceField, self.fields["kpi"]).choices = list(self.known)

    @property
    def kpis(self) -> list[Kpi]:
        """What was asked for."""
        return [self.known[key] for key in self.validated_data["kpi"]]
