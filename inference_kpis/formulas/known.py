"""Every KPI that there is: those of the catalogue and those that the company defined itself."""

from collections.abc import Iterable

from inference_kpis.catalogue import KPIS, Kpi, Label
from inference_kpis.formulas.models import CustomKpi


def all_kpis() -> dict[str, Kpi]:
    """The KPIs that are shown and can be chosen, by key, those of the catalogue first; one query."""
    # A key that a later catalogue takes as well is the catalogue's.
    custom = {each.key: each.as_kpi() for each in CustomKpi.objects.in_use() if each.key not in KPIS}
    return {**KPIS, **custom}


def kpis_by_key(keys: Iterable[str]) -> dict[str, Kpi]:
    """The KPIs of these keys, retired ones included; one query, none where the catalogue has them all."""
    wanted = set(keys)
    found = {key: KPIS[key] for key in wanted & KPIS.keys()}
    if missing := wanted - found.keys():
        found.update((custom.key, custom.as_kpi()) for custom in CustomKpi.objects.filter(key__in=missing))
    return found


def kpi_choices(chosen: str = "") -> list[tuple[str, Label]]:
    """What a form offers: the KPIs in use, and the one that was chosen before, should it be retired; two queries."""
    known = all_kpis()
    return [(key, kpi.label) for key, kpi in {**known, **(kpis_by_key([chosen]) if chosen else {})}.items()]
