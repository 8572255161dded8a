"""Measures that Vigie adds to a reading from what it knows of the node; frozen with the reading, as its group is."""

from decimal import Decimal

from inference_kpis.catalogue import MEASURES
from inference_kpis.readings.algebra import Increase, Level, MeasureValue, Reading

MS_PER_HOUR = 3_600_000
# A gauge in mW held for a ms is a µJ; energy is stored in mJ.
MICROJOULES_PER_QUANTUM = 1000


def with_edge_requests(reading: Reading, *, is_edge: bool) -> Reading:
    """The reading with its requests counted as served at the edge, or as served elsewhere."""
    requests = reading.measures.get("requests")
    if not isinstance(requests, Increase):
        return reading
    edge = Increase(requests.amount if is_edge else 0, requests.covered_ms)
    return Reading(reading.start_ms, reading.end_ms, {**reading.measures, "edge_requests": edge})


def energy_and_cost(
    reading: Reading, *, power_watts: Decimal | None, price_per_hour: Decimal | None
) -> dict[str, MeasureValue]:
    """Energy from measured power, else from the declared one; cost from the price of the hour. Idle time is included."""
    added: dict[str, MeasureValue] = {}
    length_ms = reading.end_ms - reading.start_ms
    power = reading.measures.get("power")
    if "energy" not in reading.measures:
        if isinstance(power, Level):
            added["energy"] = Increase(power.integral // MICROJOULES_PER_QUANTUM, power.covered_ms)
        elif power_watts is not None:
            milliwatts = MEASURES["power"].to_quanta(power_watts)
            added["energy"] = Increase(milliwatts * length_ms // MICROJOULES_PER_QUANTUM, length_ms)
    if price_per_hour is not None:
        added["cost"] = Increase(MEASURES["cost"].to_quanta(price_per_hour) * length_ms // MS_PER_HOUR, length_ms)
    return added
