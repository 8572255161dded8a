"""The clock of these tests stands still: windows up to now hold the same readings however long the tests take."""

from datetime import timedelta

import pytest
from time_machine import TimeMachineFixture

from tests.inference_kpis.api.asking import NOW


@pytest.fixture(autouse=True)
def _standing_clock(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(NOW + timedelta(seconds=30), tick=False)
