"""The pages of annotations, below `annotations/`."""

from django.urls import path

from inference_kpis.annotations import views

urlpatterns = [
    path("", views.annotation_list, name="annotation_list"),
    path("annotations.csv", views.annotation_csv, name="annotation_csv"),
    path("new/", views.annotation_add, name="annotation_add"),
    path("<int:pk>/edit/", views.annotation_edit, name="annotation_edit"),
    path("<int:pk>/remove/", views.annotation_remove, name="annotation_remove"),
    path("<int:pk>/restore/", views.annotation_restore, name="annotation_restore"),
]
