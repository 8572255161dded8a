"""The background work, as beat asks for it."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.conf import settings

from inference_kpis.alerts import tasks
from inference_kpis.alerts.models import AlertEvent, AlertWatch, Notification
from inference_kpis.fleet.models import Node
from tests.factories import NodeFactory
from tests.inference_kpis.alerts.makers import state_rule


@pytest.mark.django_db
def test_it_works() -> None:
    state_rule()
    NodeFactory(state=Node.State.DOWN, state_since=datetime.now(UTC) - timedelta(minutes=1))
    tasks.evaluate_rules()
    assert AlertEvent.objects.get().kind == "fired"
    assert AlertWatch.objects.get().evaluated_at is not None
    Notification.objects.update(due_at=datetime.now(UTC))
    tasks.send_notifications()
    assert Notification.objects.get().state == "sent"


def test_both_are_on_the_schedule() -> None:
    names = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    for task in (tasks.evaluate_rules, tasks.send_notifications):
        assert f"{task.__module__}.{task.__name__}" in names
        assert import_module(task.__module__) is tasks
