"""Who may ask: people with their session, machines with a key that may read KPIs."""

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import MachineKey
from inference_kpis import access


class MayReadKpis(BasePermission):
    message = _("This needs a sign-in, or a machine key that may read KPIs.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        key = request.auth
        return access.can_read_kpis(key if isinstance(key, MachineKey) else request.user)
