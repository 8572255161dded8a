"""What all endpoints of assessments have in common: who asks, what they may send, and how a refusal is said."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, serializers, status
from rest_framework.authentication import SessionAuthentication
from rest_framework.response import Response

from accounts.models import User
from inference_kpis.api.views import ReadView
from inference_kpis.push.api.parsers import BoundedJsonParser
from inference_kpis.push.api.serializers import ErrorOut
from readiness.api.authentication import MayUseAssessments, PersonalTokenAuthentication
from readiness.exceptions import ReadinessError

READ = {304: None, **dict.fromkeys((400, 401, 403, 404), ErrorOut)}
WRITE = dict.fromkeys((400, 401, 403, 404, 409, 413, 415), ErrorOut)


class Refused(exceptions.APIException):
    """What the verbs refuse, with their code and sentence: the assessment is not in the state for it."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, error: ReadinessError) -> None:
        super().__init__(str(error), error.code)


class Body(serializers.Serializer):
    """The fields of a request; one that there is not is refused, so that a misspelt one is not silently ignored."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise exceptions.ParseError(_("The body is a JSON object."))
        unknown = {str(name): [_("There is no such field.")] for name in data if name not in self.fields}
        if unknown:
            raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)


Sent = TypeVar("Sent", bound=Body)


class ReadinessView(ReadView):
    """A view of assessments: reading as in the rest of the API, and writing through the verbs that the pages call."""

    authentication_classes = (PersonalTokenAuthentication, SessionAuthentication)
    permission_classes = (MayUseAssessments,)
    parser_classes = (BoundedJsonParser,)
    http_method_names = ("get", "head", "options", "post", "put", "delete")

    @property
    def person(self) -> User:
        return cast(User, self.request.user)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sent(self, kind: type[Sent], **context: object) -> dict[str, Any]:
        """The body of this request, checked; 400 with the name of each field that is not understood."""
        body = kind(data=self.request.data, context=context)
        body.is_valid(raise_exception=True)
        return body.validated_data

    def handle_exception(self, exc: Exception) -> Response:
        return super().handle_exception(Refused(exc) if isinstance(exc, ReadinessError) else exc)
