"""The pages of query sources, below `fleet/`."""

from django.urls import path

from inference_kpis.query_sources import views

urlpatterns = [
    path("query-sources/", views.query_source_list, name="query_source_list"),
    path("query-sources/new/", views.query_source_add, name="query_source_add"),
    path("query-sources/<int:pk>/", views.query_source_detail, name="query_source_detail"),
    path("query-sources/<int:pk>/edit/", views.query_source_edit, name="query_source_edit"),
    path("query-sources/<int:pk>/switch/", views.query_source_switch, name="query_source_switch"),
    path("query-sources/<int:pk>/forget/", views.query_source_forget, name="query_source_forget"),
]
