"""The Celery application: what beat sends exists, and expires before it is sent again."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from config.celery import app

SCHEDULE: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
ROOT = Path(__file__).parents[2]


def test_it_works() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in SCHEDULE.values()} <= set(app.tasks)


@pytest.mark.parametrize("name", SCHEDULE)
def test_an_entry_expires_before_the_next(name: str) -> None:
    """A worker that was away finds no backlog when it comes back."""
    entry = SCHEDULE[name]
    assert 0 < entry["options"]["expires"] <= entry["schedule"]


def test_every_task_of_ours_is_known_by_its_place() -> None:
    app.loader.import_default_modules()
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    for name in ours:
        module, _, function = name.rpartition(".")
        assert (ROOT / f"{module.replace('.', '/')}.py").exists(), name
        assert app.tasks[name].__name__ == function


def test_nothing_is_lost_with_a_worker() -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1


def test_a_task_is_given_up_before_it_is_delivered_again() -> None:
    limits = app.conf.task_soft_time_limit, app.conf.task_time_limit
    assert limits[0] < limits[1] < app.conf.broker_transport_options["visibility_timeout"]


def test_only_json_is_accepted() -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"


def test_a_worker_started_on_its_own_knows_the_tasks() -> None:
    """`celery -A config` finds the application and the settings without further ado."""
    code = "from config import celery_app; celery_app.loader.import_default_modules(); print(*celery_app.tasks)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {entry["task"] for entry in SCHEDULE.values()} <= set(done.stdout.split())
