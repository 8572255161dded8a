"""The addresses of working together."""

from django.urls import path

from readiness.teamwork import comment_views as comments
from readiness.teamwork import views

urlpatterns = [
    path("work/", views.my_work, name="my_work"),
    path("work/count/", views.my_work_count, name="my_work_count"),
    path("work/preference/", views.work_preference, name="work_preference"),
    path("work/outbox/", views.outbox, name="outbox"),
    path("assessments/<int:pk>/assign/", views.assignment_add, name="assignment_add"),
    path("assignments/<int:pk>/", views.assignment_detail, name="assignment_detail"),
    path("assignments/<int:pk>/accept/", views.assignment_accept, name="assignment_accept"),
    path("assignments/<int:pk>/decline/", views.assignment_decline, name="assignment_decline"),
    path("assignments/<int:pk>/hand-on/", views.assignment_hand_on, name="assignment_hand_on"),
    path("assignments/<int:pk>/withdraw/", views.assignment_withdraw, name="assignment_withdraw"),
    path("assessments/<int:pk>/practices/<slug:key>/comment/", comments.comment_add, name="comment_add"),
    path("assessments/<int:pk>/practices/<slug:key>/mentions/read/", comments.mention_read, name="mention_read"),
    path("comments/<int:pk>/edit/", comments.comment_edit, name="comment_edit"),
    path("comments/<int:pk>/delete/", comments.comment_delete, name="comment_delete"),
    path("comments/<int:pk>/resolve/", comments.comment_resolve, name="comment_resolve"),
]
