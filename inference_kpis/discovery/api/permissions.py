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


class MayReadFleet(BasePermission):
    """Somebody who is signed in, or a machine key with the scope to read KPIs."""

    message = _("This needs a sign-in, or a machine key that may read KPIs.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        key = request.auth
        if isinstance(key, MachineKey):
            return MachineKey.Scope.READ_KPIS in key.scopes
        return request.user.is_authenticated
