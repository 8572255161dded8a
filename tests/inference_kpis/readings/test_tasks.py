"""The background work on readings."""

import pytest
import time_machine

from inference_kpis.readings import store
from inference_kpis.readings.tasks import keep_partitions, roll_up_touched
from tests.factories import NodeFactory
from tests.inference_kpis.pulls import at
from tests.inference_kpis.readings.storing import put, reading, rows

pytestmark = pytest.mark.django_db


def test_what_was_touched_is_rolled_up() -> None:
    put(NodeFactory(), reading(15))
    with time_machine.travel(at(20), tick=False):
        roll_up_touched()
    assert store.version() == 1
    assert rows("SELECT rolled_at FROM inference_kpis_rollup_version") == [at(20)]


def test_the_partitions_of_the_coming_days_are_made() -> None:
    with time_machine.travel("2031-03-10T12:00:00+00:00"):
        keep_partitions()
    assert rows("SELECT to_regclass('inference_kpis_reading_20310313')::text") == ["inference_kpis_reading_20310313"]
