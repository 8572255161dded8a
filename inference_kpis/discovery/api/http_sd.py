"""The fleet as a Prometheus target list, so that the company's Prometheus scrapes the same nodes."""

from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference_kpis.api.authentication import MayReadKpis
from inference_kpis.discovery.api.serializers import TargetGroupOut
from inference_kpis.discovery.targets import target_group
from inference_kpis.fleet.models import Node
from inference_kpis.push.api.authentication import MachineKeyAuthentication
from inference_kpis.push.api.serializers import ErrorOut


class HttpSd(APIView):
    authentication_classes = (MachineKeyAuthentication, SessionAuthentication)
    permission_classes = (MayReadKpis,)

    @extend_schema(
        operation_id="http_sd",
        responses={200: TargetGroupOut(many=True), **dict.fromkeys((401, 403), ErrorOut)},
        tags=["nodes"],
    )
    def get(self, request: Request) -> Response:
        """Every node in service that is pulled, in Prometheus' HTTP service discovery format; a bare list, as it asks.

        Credentials are not part of the format: give them to Prometheus.
        """
        nodes = Node.objects.in_service().filter(source=Node.Source.PULL).select_related("site").order_by("name")
        return Response(
            [
                target_group(
                    url=node.url,
                    name=node.name,
                    uuid=str(node.uuid),
                    site=node.site.key,
                    tier=node.site.tier,
                    engine=node.engine,
                    interval_seconds=node.pull_interval_seconds,
                    timeout_seconds=node.pull_timeout_seconds,
                )
                for node in nodes
            ]
        )
