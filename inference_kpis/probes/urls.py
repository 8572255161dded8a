"""The pages of probes, below `fleet/probes/`."""

from django.urls import path

from inference_kpis.probes import views

urlpatterns = [
    path("", views.probe_list, name="probe_list"),
    path("new/", views.probe_add, name="probe_add"),
    path("<int:pk>/", views.probe_detail, name="probe_detail"),
    path("<int:pk>/latency.csv", views.probe_csv, name="probe_csv"),
    path("<int:pk>/edit/", views.probe_edit, name="probe_edit"),
    path("<int:pk>/baseline/", views.probe_baseline, name="probe_baseline"),
    path("<int:pk>/run/", views.probe_run, name="probe_run"),
    path("<int:pk>/pause/", views.probe_pause, name="probe_pause"),
    path("<int:pk>/remove/", views.probe_remove, name="probe_remove"),
]
