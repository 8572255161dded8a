"""The pages of the machine side."""

from django.urls import include, path

from inference_kpis.dashboards import fleet_views, model_views, node_bulk, node_editing, site_editing, site_views
from inference_kpis.dashboards import views as dashboards

app_name = "kpis"
urlpatterns = [
    path("alerts/", include("inference_kpis.alerts.urls")),
    path("fleet/", fleet_views.fleet, name="fleet"),
    path("fleet/list.csv", fleet_views.fleet_csv, name="fleet_csv"),
    path("fleet/sites/", site_views.site_list, name="site_list"),
    path("fleet/sites/new/", site_editing.site_add, name="site_add"),
    path("fleet/sites/<slug:key>/", site_views.site_detail, name="site_detail"),
    path("fleet/sites/<slug:key>/edit/", site_editing.site_edit, name="site_edit"),
    path("fleet/sites/<slug:key>/retire/", site_editing.site_retire, name="site_retire"),
    path("fleet/sites/<slug:key>/restore/", site_editing.site_restore, name="site_restore"),
    path("fleet/sites/<slug:key>/<slug:kpi_key>.csv", site_views.site_csv, name="site_csv"),
    # The name of a model is in the query: it may hold slashes, dots and whatever else a server calls it.
    path("fleet/models/", model_views.model_list, name="model_list"),
    path("fleet/models/detail/", model_views.model_detail, name="model_detail"),
    path("fleet/models/<slug:key>.csv", model_views.model_csv, name="model_csv"),
    path("fleet/nodes/bulk/", node_bulk.node_bulk, name="node_bulk"),
    path("fleet/nodes/undo/", node_bulk.node_undo, name="node_undo"),
    path("fleet/nodes/new/", node_editing.node_add, name="node_add"),
    path("fleet/nodes/<uuid:uuid>/", dashboards.node_detail, name="node_detail"),
    path("fleet/nodes/<uuid:uuid>/edit/", node_editing.node_edit, name="node_edit"),
    path("fleet/nodes/<uuid:uuid>/pause/", node_editing.node_pause, name="node_pause"),
    path("fleet/nodes/<uuid:uuid>/retire/", node_editing.node_retire, name="node_retire"),
    path("fleet/nodes/<uuid:uuid>/<slug:key>.csv", dashboards.node_csv, name="node_csv"),
    path("fleet/", include("inference_kpis.discovery.urls")),
    path("kpis/", dashboards.kpi_list, name="kpi_list"),
    path("kpis/<slug:key>/", dashboards.kpi_detail, name="kpi_detail"),
    path("kpis/<slug:key>.csv", dashboards.kpi_csv, name="kpi_csv"),
]
