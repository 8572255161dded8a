"""What came of pushed series, read back from the store."""

from datetime import UTC, datetime, timedelta

from inference_kpis.push.series import settle_waiting
from inference_kpis.readings.algebra import Distribution, Increase
from inference_kpis.readings.queries import Window, group_readings
from inference_kpis.readings.rollups import roll_up_touched


def total(measure: str) -> int:
    """Σ of an increase, or of the observations of a distribution, over everything of the last two hours."""
    now = datetime.now(UTC)
    roll_up_touched(now)
    until = now.replace(second=0, microsecond=0) + timedelta(minutes=2)
    readings = group_readings(Window(until - timedelta(hours=2), until, timedelta(minutes=1)))
    values = [each.reading.measures[measure] for each in readings if measure in each.reading.measures]
    amounts = [value.amount for value in values if isinstance(value, Increase)]
    return sum(amounts) + sum(value.count for value in values if isinstance(value, Distribution))


def wait() -> None:
    """Let everything that waits for missing parts wait long enough."""
    settle_waiting(datetime.now(UTC) + timedelta(seconds=30))
