"""Measures that Vigie adds to a reading from what it knows of the node; frozen with the reading, as its group is."""

from decimal import Decimal

from inference_kpis.catalogue import MEASURES
from inference_kpis.readings.algebra import Increase, Level, MeasureValue, Reading

MS_PER_HOUR = 3_600_000
# A gauge in mW held for a ms is a µJ; energy is stored in mJ.
MICROJOULES_PER_QUANTUM = 1000
# What a quotient of cost or of energy may divide by → where it is counted when there is no cost or no energy.
UNCOSTED = {key: f"uncosted_{key}" for key in ("requests", "prompt_tokens", "output_tokens")}
UNMETERED = {key: f"unmetered_{key}" for key in ("requests", "prompt_tokens", "output_tokens")}
# What `completed` adds, and nobody sends.
DERIVED = frozenset({"edge_requests", "avoided_egress", *UNCOSTED.values(), *UNMETERED.values()})


def completed(
    reading: Reading, *, is_edge: bool, is_costed: bool, is_metered: bool, bytes_per_request: int | None = None
) -> Reading:
    """The reading with what follows from where and how its node runs.

    Its requests count as served at the edge, or elsewhere. Where its time has no known cost or energy, its requests and
    tokens count as such too, so that quotients can leave them out. `bytes_per_request` is what a request of its model
    sent to the central region before; None where nobody declared it.
    """
    measures = dict(reading.measures)
    requests = measures.get("requests")
    if isinstance(requests, Increase):
        at_edge = requests.amount if is_edge else 0
        measures["edge_requests"] = Increase(at_edge, requests.covered_ms)
        if bytes_per_request is not None:
            measures["avoided_egress"] = Increase(at_edge * bytes_per_request, requests.covered_ms)
    for names, is_known in ((UNCOSTED, is_costed), (UNMETERED, is_metered)):
        if not is_known:
            measures.update((names[key], measures[key]) for key in names if key in measures)
    return Reading(reading.start_ms, reading.end_ms, measures)


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
