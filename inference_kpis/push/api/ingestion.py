"""What all ways of pushing share: who may, and what is answered while the store is away."""

from datetime import datetime

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import MachineKey
from inference_kpis.push.api.authentication import MachineKeyAuthentication, MayWriteReadings
from inference_kpis.push.quotas import seconds_to_wait

RETRY_AFTER_SECONDS = 5


class Unavailable(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "store_unavailable"
    # Rest framework turns it into Retry-After.
    wait = RETRY_AFTER_SECONDS
    default_detail = _("The store cannot take data at the moment. Send the same batch again later.")


class OverQuota(exceptions.APIException):
    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "over_quota"
    default_detail = _("This key has pushed its quota of this minute. Send the same batch again later.")

    def __init__(self, wait: int) -> None:
        super().__init__()
        # Rest framework turns it into Retry-After.
        self.wait = wait


class LargerThanQuota(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "larger_than_quota"
    default_detail = _("The batch holds more than this key may push in a minute. Send smaller batches.")


def check_quota(key: MachineKey, amount: int, now: datetime) -> None:
    """Count what a request brings. Raises `OverQuota` and `LargerThanQuota`; senders of remote write are never asked,
    because they drop what is answered with 429.
    """
    if key.quota_per_minute is not None and amount > key.quota_per_minute:
        raise LargerThanQuota
    wait = seconds_to_wait(key, amount, now)
    if wait:
        raise OverQuota(wait)


class IngestionView(APIView):
    """A machine key with the scope; 503 whenever the database cannot be used, be it to look up the key."""

    authentication_classes = (MachineKeyAuthentication,)
    permission_classes = (MayWriteReadings,)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, OperationalError | InterfaceError):
            exc = Unavailable()
        return super().handle_exception(exc)
