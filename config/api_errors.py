"""The one shape of an error in the API: `{"code": …, "message": …, "fields": {…}}`."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

API = "/api/"


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Rest framework's answer in our shape; codes are stable, messages follow Accept-Language."""
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    fields: dict[str, list[str]] = {}
    if isinstance(error, exceptions.ValidationError):
        code, message = "invalid", _("The request is not valid.")
        details = error.detail if isinstance(error.detail, dict) else {"": error.detail}
        fields = {name: list(_texts(detail)) for name, detail in details.items()}
    else:
        assert isinstance(error, exceptions.APIException)
        code, message = str(error.get_codes()), str(error.detail)
    response.data = {"code": code, "message": message, "fields": fields}
    return response


def _texts(detail: object) -> Iterator[str]:
    """Every text of a field's errors, however deep it lies."""
    if isinstance(detail, dict | list):
        for each in detail.values() if isinstance(detail, dict) else detail:
            yield from _texts(each)
    else:
        yield str(detail)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What stands nowhere: in our shape below `/api/`, the page elsewhere."""
    if not request.path.startswith(API):
        return defaults.page_not_found(request, exception)
    message = _("There is nothing at this address. The API is described at /api/docs.")
    return JsonResponse({"code": "not_found", "message": message, "fields": {}}, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """A fault of ours, likewise; its traceback is in the log."""
    if not request.path.startswith(API):
        return defaults.server_error(request)
    message = _("Something went wrong here. Nothing of this request was stored; send it again later.")
    return JsonResponse({"code": "error", "message": message, "fields": {}}, status=500)
