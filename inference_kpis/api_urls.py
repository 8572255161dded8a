"""The API of the machine side, under `/api/v1/`."""

from django.urls import path

from inference_kpis.discovery.api.http_sd import HttpSd
from inference_kpis.discovery.api.views import NodeChange, NodeRegistration
from inference_kpis.push.api.views import ReadingBatch

urlpatterns = [
    path("readings", ReadingBatch.as_view(), name="api_readings"),
    path("nodes", NodeRegistration.as_view(), name="api_nodes"),
    path("nodes/<uuid:uuid>", NodeChange.as_view(), name="api_node"),
    path("http-sd", HttpSd.as_view(), name="api_http_sd"),
]
