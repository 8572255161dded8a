"""The pages of the machine side."""

from django.urls import include, path

from inference_kpis.dashboards import (
    custom_kpis,
    egress_baselines,
    explore_views,
    mapping_editing,
    mapping_views,
    node_editing,
    site_adding,
    storage,
    wall_views,
)
from inference_kpis.dashboards import views as dashboards

app_name = "kpis"
urlpatterns = [
    path("alerts/", include("inference_kpis.alerts.urls")),
    path("annotations/", include("inference_kpis.annotations.urls")),
    path("fleet/", dashboards.fleet, name="fleet"),
    path("fleet/storage/", storage.storage, name="storage"),
    path("fleet/storage.csv", storage.storage_csv, name="storage_csv"),
    path("fleet/egress-baselines/", egress_baselines.egress_baseline_list, name="egress_baseline_list"),
    path("fleet/egress-baselines/new/", egress_baselines.egress_baseline_add, name="egress_baseline_add"),
    path("fleet/sites/new/", site_adding.site_add, name="site_add"),
    path("fleet/nodes/new/", node_editing.node_add, name="node_add"),
    path("fleet/nodes/<uuid:uuid>/", dashboards.node_detail, name="node_detail"),
    path("fleet/nodes/<uuid:uuid>/edit/", node_editing.node_edit, name="node_edit"),
    path("fleet/nodes/<uuid:uuid>/pause/", node_editing.node_pause, name="node_pause"),
    path("fleet/nodes/<uuid:uuid>/retire/", node_editing.node_retire, name="node_retire"),
    path("fleet/nodes/<uuid:uuid>/<slug:key>.csv", dashboards.node_csv, name="node_csv"),
    path("fleet/nodes/<uuid:uuid>/mapping/", mapping_views.node_mapping, name="node_mapping"),
    path("fleet/mappings/", mapping_views.mapping_list, name="mapping_list"),
    path("fleet/mappings/new/", mapping_editing.mapping_add, name="mapping_add"),
    path("fleet/mappings/import/", mapping_views.mapping_import, name="mapping_import"),
    path("fleet/mappings/<int:pk>/", mapping_views.mapping_detail, name="mapping_detail"),
    path("fleet/mappings/<int:pk>/edit/", mapping_editing.mapping_edit, name="mapping_edit"),
    path("fleet/mappings/<int:pk>/copy/", mapping_views.mapping_copy, name="mapping_copy"),
    path("fleet/mappings/<int:pk>/remove/", mapping_views.mapping_remove, name="mapping_remove"),
    path("fleet/mappings/<int:pk>.json", mapping_views.mapping_export, name="mapping_export"),
    path("fleet/", include("inference_kpis.discovery.urls")),
    path("fleet/", include("inference_kpis.query_sources.urls")),
    path("fleet/probes/", include("inference_kpis.probes.urls")),
    path("kpis/", dashboards.kpi_list, name="kpi_list"),
    path("kpis/custom/", custom_kpis.custom_kpi_list, name="custom_kpi_list"),
    path("kpis/custom/new/", custom_kpis.custom_kpi_add, name="custom_kpi_add"),
    path("kpis/custom/<slug:key>/edit/", custom_kpis.custom_kpi_edit, name="custom_kpi_edit"),
    path("kpis/custom/<slug:key>/retire/", custom_kpis.custom_kpi_retire, name="custom_kpi_retire"),
    # Before those of a KPI: no KPI has one of these keys.
    path("kpis/explore/", explore_views.kpi_explore, name="kpi_explore"),
    path("kpis/explore.csv", explore_views.kpi_explore_csv, name="kpi_explore_csv"),
    path("kpis/views/save/", explore_views.kpi_view_save, name="kpi_view_save"),
    path("kpis/views/<int:pk>/forget/", explore_views.kpi_view_forget, name="kpi_view_forget"),
    path("kpis/<slug:key>/", dashboards.kpi_detail, name="kpi_detail"),
    path("kpis/<slug:key>.csv", dashboards.kpi_csv, name="kpi_csv"),
    path("wall/", wall_views.wall_screen, name="wall_screen"),
    path("screens/", wall_views.screen_list, name="screen_list"),
    path("screens/new/", wall_views.screen_add, name="screen_add"),
    path("screens/<int:pk>/revoke/", wall_views.screen_revoke, name="screen_revoke"),
    path("screens/show/<str:secret>/", wall_views.screen, name="screen"),
]
