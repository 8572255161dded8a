"""What all ways of pushing share: who may, and what is answered while the store is away."""

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import APIView

from inference_kpis.push.api.authentication import MachineKeyAuthentication, MayWriteReadings

RETRY_AFTER_SECONDS = 5


class Unavailable(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "store_unavailable"
    # Rest framework turns it into Retry-After.
    wait = RETRY_AFTER_SECONDS
    default_detail = _("The store cannot take data at the moment. Send the same batch again later.")


class IngestionView(APIView):
    """A machine key with the scope; 503 whenever the database cannot be used, be it to look up the key."""

    authentication_classes = (MachineKeyAuthentication,)
    permission_classes = (MayWriteReadings,)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, OperationalError | InterfaceError):
            exc = Unavailable()
        return super().handle_exception(exc)
