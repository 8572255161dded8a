"""To which charts something applies that happened to a part of the fleet."""

from inference_kpis.alerts.areas import Place


def meets(one: Place, other: Place) -> bool:
    """Whether two places may share a node: nothing that both name differs."""
    pairs = (
        (one.tier, other.tier),
        (one.site_id, other.site_id),
        (one.engine, other.engine),
        (one.model, other.model),
        (one.node_id, other.node_id),
    )
    return all(mine is None or theirs is None or mine == theirs for mine, theirs in pairs)
