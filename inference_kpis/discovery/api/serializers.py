"""What the documentation says of the bodies. Nodes are checked by the form that people fill in, and not by these."""

from typing import Any

from rest_framework import serializers

from inference_kpis.fleet.models import Node


class NodeIn(serializers.Serializer):
    name = serializers.CharField(max_length=120)
    site = serializers.CharField(max_length=60, help_text="The key of a site that the machine key may write for.")
    engine = serializers.CharField(max_length=30, required=False, help_text="Empty: recognised by the first pull.")
    source = serializers.ChoiceField(  # type: ignore[assignment]  # the name is that of the body
        choices=Node.Source.choices, default=Node.Source.PULL
    )
    url = serializers.URLField(max_length=500, required=False)
    credential_kind = serializers.ChoiceField(choices=Node.CredentialKind.choices, default=Node.CredentialKind.NONE)
    credential = serializers.CharField(required=False, help_text="The token, or user:password. Never answered.")
    pull_interval_seconds = serializers.IntegerField(min_value=1, max_value=3600, default=15)
    pull_timeout_seconds = serializers.IntegerField(min_value=1, max_value=30, default=10)
    price_per_hour = serializers.DecimalField(max_digits=10, decimal_places=4, required=False, allow_null=True)
    power_watts = serializers.DecimalField(max_digits=9, decimal_places=2, required=False, allow_null=True)


class NodeWrittenOut(serializers.ModelSerializer):
    site: Any = serializers.SlugRelatedField(slug_field="key", read_only=True)

    class Meta:
        model = Node
        fields = (
            *("uuid", "name", "site", "engine", "source", "url", "credential_kind"),
            *("pull_interval_seconds", "pull_timeout_seconds", "price_per_hour", "power_watts", "state"),
        )
        read_only_fields = fields


class TargetGroupOut(serializers.Serializer):
    targets = serializers.ListField(child=serializers.CharField())
    labels = serializers.DictField(child=serializers.CharField())
