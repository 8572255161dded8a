"""Which KPIs a page can offer, in the order in which people read them."""

from inference_kpis.catalogue import DEFAULT_KPIS, KPIS, Kpi
from inference_kpis.formulas.known import all_kpis


def ordered_kpis() -> dict[str, Kpi]:
    """Every KPI by its key: the default ones, then the company's own, then the rest of the catalogue; one query."""
    own = [kpi for key, kpi in all_kpis().items() if key not in KPIS]
    others = [kpi for kpi in KPIS.values() if not kpi.is_default]
    return {kpi.key: kpi for kpi in (*DEFAULT_KPIS, *own, *others)}
