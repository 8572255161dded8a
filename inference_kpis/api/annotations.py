"""Annotations for machines: what happened in a window, and a pipeline that posts its releases."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import MachineKey
from inference_kpis.annotations.annotating import post_annotation
from inference_kpis.annotations.models import LONGEST, Annotation
from inference_kpis.api.questions import Moment, OfSite, Question
from inference_kpis.api.serializers import UtcField
from inference_kpis.api.views import IF_NONE_MATCH, ReadView
from inference_kpis.engines import ENGINES
from inference_kpis.fleet.models import Node, Site, Tier
from inference_kpis.push.api.parsers import BoundedJsonParser
from inference_kpis.push.api.serializers import ErrorOut

MOST_PER_ANSWER = 500
# The scopes by the field that names them, and what people call the field that is wrong.
SCOPES = ("tier", "site", "engine", "model", "node")
FIELDS = {"starts_at": "start", "ends_at": "end", "site": "site", "node": "node"}


class MayWriteAnnotations(BasePermission):
    """A machine key with the scope to write annotations, of any part of the fleet."""

    message = _("This needs a machine key that may write annotations.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        key = request.auth
        return isinstance(key, MachineKey) and MachineKey.Scope.WRITE_ANNOTATIONS in key.scopes


class AnnotationsIn(OfSite, Question):
    start = Moment(required=False, help_text="ISO 8601 with an offset: what ended before is left out.")
    end = Moment(required=False, help_text="ISO 8601 with an offset: what began then or later is left out.")
    kind = serializers.ChoiceField(Annotation.Kind.choices, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=MOST_PER_ANSWER, default=100)


class AnnotationIn(serializers.Serializer):
    kind = serializers.ChoiceField(Annotation.Kind.choices, default=Annotation.Kind.RELEASE)
    title = serializers.CharField(max_length=120)
    text = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    start = Moment(required=False, help_text="ISO 8601 with an offset; now if left out.")
    end = Moment(required=False, allow_null=True, help_text="Left out: a moment; an incident goes on.")
    link = serializers.CharField(max_length=500, required=False, allow_blank=True, help_text="http:// or https://.")
    reference = serializers.CharField(
        max_length=120, required=False, help_text="Your name for it: posting it again changes this one."
    )
    tier = serializers.ChoiceField(Tier.choices, required=False)
    site = serializers.SlugRelatedField(slug_field="key", queryset=Site.objects.all(), required=False)
    engine = serializers.ChoiceField(sorted(ENGINES), required=False)
    model = serializers.CharField(max_length=200, required=False)
    node = serializers.SlugRelatedField(slug_field="name", queryset=Node.objects.in_service(), required=False)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise exceptions.ParseError(_("The body is an object with the fields of an annotation."))
        unknown = {str(name): [_("There is no such field.")] for name in data if name not in self.fields}
        if unknown:
            raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Adds the annotation, not yet saved, as `annotation`."""
        named = [name for name in SCOPES if name in attrs]
        if len(named) > 1:
            text = _("Name one of tier, site, engine, model and node, or none for the whole fleet.")
            raise serializers.ValidationError({name: [text] for name in named})
        annotation = Annotation(
            starts_at=attrs.get("start") or datetime.now(UTC),
            ends_at=attrs.get("end"),
            scope=named[0] if named else Annotation.Scope.FLEET,
            **{name: attrs[name] for name in ("kind", "title", "text", "link", "reference", *named) if name in attrs},
        )
        try:
            # Not the reference: it may be there already, and then this one changes it.
            annotation.full_clean(exclude={"reference"}, validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            raise serializers.ValidationError(
                {FIELDS.get(name, name): texts for name, texts in error.message_dict.items()}
            ) from None
        return {**attrs, "annotation": annotation}


class AnnotationOut(serializers.ModelSerializer[Annotation]):
    start = UtcField(source="starts_at")
    end = UtcField(source="ends_at", allow_null=True)
    site: Any = serializers.SlugRelatedField(slug_field="key", read_only=True)
    node: Any = serializers.SlugRelatedField(slug_field="name", read_only=True)
    removed = serializers.SerializerMethodField(help_text="Whether a person took it off the charts.")

    class Meta:
        model = Annotation
        fields = (
            *("id", "kind", "title", "text", "start", "end", "link", "reference", "scope"),
            *("tier", "site", "engine", "model", "node", "author", "removed"),
        )
        read_only_fields = fields

    def get_removed(self, annotation: Annotation) -> bool:
        return annotation.removed_at is not None


class AnnotationPageOut(serializers.Serializer):
    annotations = AnnotationOut(many=True)


class AnnotationList(ReadView):
    http_method_names = (*ReadView.http_method_names, "post")
    parser_classes = (BoundedJsonParser,)

    def get_permissions(self) -> Sequence[Any]:
        return super().get_permissions() if self.request.method in SAFE_METHODS else [MayWriteAnnotations()]

    @extend_schema(
        operation_id="annotations_list",
        parameters=[AnnotationsIn, IF_NONE_MATCH],
        responses={200: AnnotationPageOut, 304: None, **dict.fromkeys((400, 401, 403), ErrorOut)},
        tags=["annotations"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """What happened, the newest first; with `site`, what is about the site itself."""
        asked = self.asked(AnnotationsIn).validated_data
        now = datetime.now(UTC)
        end = asked.get("end", now + LONGEST)
        found = Annotation.objects.kept().whole().within(asked.get("start", datetime(2000, 1, 1, tzinfo=UTC)), end)
        filters = {"kind": asked.get("kind"), "site__key": asked.get("site")}
        found = found.filter(**{name: value for name, value in filters.items() if value})
        return self.answer(AnnotationPageOut({"annotations": found[: asked["limit"]]}).data)

    @extend_schema(
        operation_id="annotations_post",
        request=AnnotationIn,
        responses={
            201: AnnotationOut,
            200: AnnotationOut,
            **dict.fromkeys((400, 401, 403, 413, 415), ErrorOut),
        },
        tags=["annotations"],
    )
    def post(self, request: Request) -> Response:
        """Write one; the same `reference` again changes it, so that a repeated request is harmless."""
        body = AnnotationIn(data=request.data)
        body.is_valid(raise_exception=True)
        annotation, is_new = post_annotation(body.validated_data["annotation"], key=cast(MachineKey, request.auth))
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(AnnotationOut(annotation).data, status=code)
