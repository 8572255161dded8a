"""The pages of alerts, under `alerts/`."""

from django.urls import path

from inference_kpis.alerts import channel_views, rule_views, silence_views, views

urlpatterns = [
    path("", views.alert_list, name="alert_list"),
    path("<int:pk>/", views.alert_detail, name="alert_detail"),
    path("<int:pk>/acknowledge/", views.alert_acknowledge, name="alert_acknowledge"),
    path("rules/", rule_views.alert_rule_list, name="alert_rule_list"),
    path("rules/new/<slug:kind>/", rule_views.alert_rule_add, name="alert_rule_add"),
    path("rules/<int:pk>/", rule_views.alert_rule_detail, name="alert_rule_detail"),
    path("rules/<int:pk>/edit/", rule_views.alert_rule_edit, name="alert_rule_edit"),
    path("rules/<int:pk>/switch/", rule_views.alert_rule_switch, name="alert_rule_switch"),
    path("rules/<int:pk>/retire/", rule_views.alert_rule_retire, name="alert_rule_retire"),
    path("silences/", silence_views.silence_list, name="silence_list"),
    path("silences/new/", silence_views.silence_add, name="silence_add"),
    path("silences/plan/", silence_views.maintenance_add, name="maintenance_add"),
    path("silences/<int:pk>/end/", silence_views.silence_end, name="silence_end"),
    path("channels/", channel_views.channel_list, name="channel_list"),
    path("channels/new/", channel_views.channel_add, name="channel_add"),
    path("channels/<int:pk>/", channel_views.channel_detail, name="channel_detail"),
    path("channels/<int:pk>/edit/", channel_views.channel_edit, name="channel_edit"),
    path("channels/<int:pk>/secret/", channel_views.channel_secret, name="channel_secret"),
    path("channels/<int:pk>/test/", channel_views.channel_test, name="channel_test"),
    path("channels/<int:pk>/retire/", channel_views.channel_retire, name="channel_retire"),
]
