"""Machine keys in the Authorization header: `Bearer vig_…`."""

from datetime import UTC, datetime

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.keys import find_key
from accounts.models import MachineKey


class MachineKeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[AnonymousUser, MachineKey] | None:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        key = find_key(text.strip(), datetime.now(UTC))
        if key is None:
            raise exceptions.AuthenticationFailed(WRONG_KEY)
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


WRONG_KEY = _("This machine key is unknown, revoked or expired. Ask an administrator for a new one.")


class MayWriteReadings(BasePermission):
    """A machine key with the scope to write readings."""

    message = _("This needs a machine key that may write readings.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        key = request.auth
        return isinstance(key, MachineKey) and MachineKey.Scope.WRITE_READINGS in key.scopes


class MachineKeyScheme(OpenApiAuthenticationExtension):
    """How the schema describes machine keys."""

    target_class = MachineKeyAuthentication
    name = "machineKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "vig_<prefix>_<secret>"}
