"""What all tests share: the private servers, the same few people, and a browser.

Nothing is started for tests that touch no database: `pytest tests/readiness/test_scoring.py` runs on its own.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests import services

# Settings read the environment once. Each worker of a parallel run has databases of its own.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
NUMBER = int(WORKER.removeprefix("gw")) + 1 if WORKER else 0
DATABASE_URL, REDIS_URL = services.urls()
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "VIGIE_ENVIRONMENT": "test",
    "DATABASE_URL": DATABASE_URL,
    "REDIS_URL": REDIS_URL.replace("?db=0", f"?db={NUMBER}"),
    "VIGIE_QUEUE": f"test-{NUMBER}",
    "VIGIE_BROKER_PREFIX": f"test-{NUMBER}:",
}
django.setup()
# Parallel workers inherit the environment, and would read the settings by this name before they read this file.
del os.environ["DJANGO_SETTINGS_MODULE"]


# Each of these keeps the whole machine busy, so that they run one after another, while the others run beside them.
HEAVY = ("tests/browser/", "tests/config/test_launcher_run.py", "tests/inference_kpis/pull/test_worker.py")


class Scheduling(LoadScopeScheduling):
    """Test by test to whichever worker is free, the heavy ones all to one, first."""

    def _split_scope(self, nodeid: str) -> str:
        return "heavy" if nodeid.startswith(HEAVY) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    # `--dist loadgroup` would do, but xdist 3.8 finds no groups under pytest 9.2.
    return Scheduling(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not WORKER:
        services.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Start the servers when the first test asks for the database."""
    services.start()


PLAIN_TABLES = (
    *("reading", "latest", "rollup_minute", "rollup_hour", "rollup_day", "touched", "hour_due", "day_due"),
    *("ingest_count", "group", "layout", "group_total"),
)


@pytest.fixture(autouse=True)
def _empty_plain_tables(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test with real transactions: Django empties the tables of models, this the tables of readings."""
    is_transactional = {"transactional_db", "live_server"} & set(request.fixturenames)
    yield
    if is_transactional:
        from django.db import connection

        from inference_kpis.readings import partitions, store

        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE " + ", ".join(f"inference_kpis_{name}" for name in PLAIN_TABLES))
            cursor.execute("UPDATE inference_kpis_rollup_version SET version = 0, rolled_at = NULL")
        store.forget_ids()
        partitions.forget_days()


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """Every test starts in English: a page that was asked for in French leaves its language behind."""
    from django.utils import translation

    with translation.override("en"):
        yield
