"""The addresses of blind rounds."""

from django.urls import path

from readiness.perceptions import answer_views as answers
from readiness.perceptions import views

urlpatterns = [
    path("blind/", views.blind_list, name="blind_list"),
    path("assessments/<int:pk>/blind/", views.blind_open, name="blind_open"),
    path("blind/<int:pk>/", views.blind_detail, name="blind_detail"),
    path("blind/<int:pk>/answer/", answers.blind_answer, name="blind_answer"),
    path("blind/<int:pk>/invite/", views.blind_invite, name="blind_invite"),
    path("blind/<int:pk>/remind/", views.blind_remind, name="blind_remind"),
    path("blind/<int:pk>/extend/", views.blind_extend, name="blind_extend"),
    path("blind/<int:pk>/close/", views.blind_close, name="blind_close"),
    path("blind/<int:pk>/result/", views.blind_result, name="blind_result"),
    path("blind/<int:pk>/result.csv", views.blind_result_csv, name="blind_result_csv"),
    path("blind/<int:pk>/practices/<slug:key>/decide/", views.blind_decide, name="blind_decide"),
]
