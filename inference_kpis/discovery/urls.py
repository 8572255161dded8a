"""The pages of discovery, below `fleet/`."""

from django.urls import path

from inference_kpis.discovery import views

urlpatterns = [
    path("discovery/", views.discovery_list, name="discovery_list"),
    path("discovery/new/", views.discovery_add, name="discovery_add"),
    path("discovery/<int:pk>/", views.discovery_detail, name="discovery_detail"),
    path("discovery/<int:pk>/edit/", views.discovery_edit, name="discovery_edit"),
    path("discovery/<int:pk>/ask/", views.discovery_ask, name="discovery_ask"),
    path("discovery/<int:pk>/switch/", views.discovery_switch, name="discovery_switch"),
    path("discovery/<int:pk>/forget/", views.discovery_forget, name="discovery_forget"),
    path("nodes.csv", views.node_export, name="node_export"),
    path("nodes/import/", views.node_import, name="node_import"),
]
