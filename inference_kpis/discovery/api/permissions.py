"""What a machine key may do here."""

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import MachineKey


class MayWriteFleet(BasePermission):
    """A machine key with the scope to write the fleet."""

    message = _("This needs a machine key that may register and change nodes.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        key = request.auth
        return isinstance(key, MachineKey) and MachineKey.Scope.WRITE_FLEET in key.scopes
