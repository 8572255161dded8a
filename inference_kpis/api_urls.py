"""The API of the machine side, under `/api/v1/`."""

from django.urls import path

from inference_kpis.push.api.views import ReadingBatch

urlpatterns = [path("readings", ReadingBatch.as_view(), name="api_readings")]
