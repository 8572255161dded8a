"""The API of the machine side, under `/api/v1/`."""

from django.urls import path

from inference_kpis.push.api.otlp import OtlpMetrics
from inference_kpis.push.api.remote_write import RemoteWrite
from inference_kpis.push.api.views import ReadingBatch

urlpatterns = [
    path("readings", ReadingBatch.as_view(), name="api_readings"),
    path("write", RemoteWrite.as_view(), name="api_remote_write"),
    path("otlp/v1/metrics", OtlpMetrics.as_view(), name="api_otlp_metrics"),
]
