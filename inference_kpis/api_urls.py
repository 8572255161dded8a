"""The API of the machine side, under `/api/v1/`."""

from django.urls import path

from inference_kpis.api.annotations import AnnotationList
from inference_kpis.api.custom_kpis import WritableKpiDetail, WritableKpiList
from inference_kpis.api.views import NodeLatest, OpenMetrics, SiteList
from inference_kpis.discovery.api.http_sd import HttpSd
from inference_kpis.discovery.api.mappings import MappingDetail, MappingList, MappingNode
from inference_kpis.discovery.api.views import WritableNodeDetail, WritableNodeList
from inference_kpis.push.api.otlp import OtlpMetrics
from inference_kpis.push.api.remote_write import RemoteWrite
from inference_kpis.push.api.views import ReadingBatch

urlpatterns = [
    path("readings", ReadingBatch.as_view(), name="api_readings"),
    path("kpis", WritableKpiList.as_view(), name="api_kpi_list"),
    path("kpis/<slug:key>", WritableKpiDetail.as_view(), name="api_kpi_detail"),
    path("nodes", WritableNodeList.as_view(), name="api_node_list"),
    path("nodes/latest", NodeLatest.as_view(), name="api_node_latest"),
    path("nodes/<uuid:uuid>", WritableNodeDetail.as_view(), name="api_node_detail"),
    path("sites", SiteList.as_view(), name="api_site_list"),
    path("mappings", MappingList.as_view(), name="api_mapping_list"),
    path("mappings/<int:pk>", MappingDetail.as_view(), name="api_mapping_detail"),
    path("mappings/<int:pk>/nodes/<uuid:uuid>", MappingNode.as_view(), name="api_mapping_node"),
    path("annotations", AnnotationList.as_view(), name="api_annotation_list"),
    path("openmetrics", OpenMetrics.as_view(), name="api_openmetrics"),
    path("write", RemoteWrite.as_view(), name="api_remote_write"),
    path("otlp/v1/metrics", OtlpMetrics.as_view(), name="api_otlp_metrics"),
    path("http-sd", HttpSd.as_view(), name="api_http_sd"),
]
