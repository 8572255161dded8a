"""What of the cost and energy of nodes belongs to each model that they serve.

Price and power belong to a node, not to a model. At one site, the nodes of one engine share theirs, idle time included,
among their models by prompt and output tokens, or by requests where nobody counts tokens: in whole quanta, by the largest
remainder, so that the shares add up to what was spent.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from inference_kpis.readings.algebra import Increase, MeasureValue, Reading, merge_all, share_out
from inference_kpis.readings.queries import GroupReading

SHARED = ("cost", "energy")
TOKENS = ("prompt_tokens", "output_tokens")


def with_shares(readings: Iterable[GroupReading]) -> list[GroupReading]:
    """One reading for each site, engine and model, with its share of what the nodes there spent.

    The readings are those of all models at these sites and engines, the nodes' own ('') included; those are shared out and
    not returned. What nodes spent that served nothing belongs to no model.
    """
    by_group: dict[int, list[GroupReading]] = defaultdict(list)
    for each in readings:
        by_group[each.group.id].append(each)
    merged = [replace(found[0], reading=merge_all(each.reading for each in found)) for found in by_group.values()]
    by_place: dict[tuple[int, str], list[GroupReading]] = defaultdict(list)
    for each in merged:
        by_place[each.group.site_id, each.group.engine].append(each)
    return [shared for of_place in by_place.values() for shared in _shared(of_place)]


def _shared(of_place: Sequence[GroupReading]) -> list[GroupReading]:
    models = sorted((each for each in of_place if each.group.model), key=lambda each: each.group.model)
    own = merge_all(each.reading for each in of_place if not each.group.model).measures
    weights = [_amount(each.reading, *TOKENS) for each in models]
    if not any(weights):
        weights = [_amount(each.reading, "requests") for each in models]
    if not any(weights):
        return models
    measures = [dict(each.reading.measures) for each in models]
    for key in SHARED:
        _share(key, own, weights, measures)
    return [
        replace(each, reading=Reading(each.reading.start_ms, each.reading.end_ms, of_model))
        for each, of_model in zip(models, measures, strict=True)
    ]


def _share(
    key: str, own: Mapping[str, MeasureValue], weights: list[int], measures: Sequence[dict[str, MeasureValue]]
) -> None:
    """Add to each model's measures its part of what the nodes themselves have of this one."""
    spent = own.get(key)
    if not isinstance(spent, Increase):
        return
    amounts, covered = share_out(spent.amount, weights), share_out(spent.covered_ms, weights)
    for of_model, amount, covered_ms in zip(measures, amounts, covered, strict=True):
        before = of_model.get(key)
        part = Increase(amount, covered_ms)
        of_model[key] = part.merged(before) if isinstance(before, Increase) else part


def _amount(reading: Reading, *keys: str) -> int:
    found = (reading.measures.get(key) for key in keys)
    return sum(value.amount for value in found if isinstance(value, Increase))
