"""Which KPIs a page can offer, in the order in which people read them."""

from inference_kpis.catalogue import DEFAULT_KPIS, KPIS, Kpi


def all_kpis() -> dict[str, Kpi]:
    """Every KPI by its key: the default ones first."""
    others = [kpi for kpi in KPIS.values() if not kpi.is_default]
    return {kpi.key: kpi for kpi in (*DEFAULT_KPIS, *others)}
