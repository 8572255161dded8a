"""What this process remembers of the bodies of nodes: their layouts, so that the next one is read by position.

Nothing depends on it but time: a body that does not fit what is remembered is parsed. Nodes that write the same lines,
as servers of one make and model do, share one layout.
"""

from dataclasses import dataclass
from weakref import WeakValueDictionary

from inference_kpis.engines import Engine, Plan, plan_for
from inference_kpis.protocols.exposition import Limits
from inference_kpis.protocols.layouts import Layout, layout_of

# Engine, content type and limits: bodies are parsed alike only where all three are the same. A changed mapping is
# another engine.
Kind = tuple[Engine, str, Limits]
# A layout of 800 lines takes about 100 kB.
MOST_LAYOUTS = 200
MOST_NODES = 20_000


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Remembered:
    """A layout, and what its values mean to the engine of its kind."""

    kind: Kind
    layout: Layout
    plan: Plan


_known: dict[tuple[Kind, tuple[bytes, ...]], Remembered] = {}
_newest: WeakValueDictionary[Kind, Remembered] = WeakValueDictionary()
_of_node: WeakValueDictionary[int, Remembered] = WeakValueDictionary()
_misses: dict[int, int] = {}


def forget() -> None:
    """Start anew, for tests."""
    for kept in (_known, _newest, _of_node, _misses):
        kept.clear()


def recall(node_id: int, kind: Kind, body: bytes) -> tuple[Plan, list[float]] | None:
    """How to read the body, and its values; None for one of a layout that is not known."""
    own, newest = _of_node.get(node_id), _newest.get(kind)
    for found in (own, newest if newest is not own else None):
        values = found.layout.values(body) if found and found.kind == kind else None
        if found and values is not None:
            _of_node[node_id] = found
            _misses.pop(node_id, None)
            return found.plan, values
    return None


def miss(node_id: int, kind: Kind, body: bytes) -> None:
    """Remember a body that the parser took; of a node whose lines keep changing, its 1st, 2nd, 4th, 8th … alone."""
    if len(_misses) >= MOST_NODES:
        _misses.clear()
    missed = _misses[node_id] = _misses.get(node_id, 0) + 1
    if missed & (missed - 1):
        return
    engine, content_type, limits = kind
    layout = layout_of(body, engine.wanted, content_type=content_type, limits=limits)
    if layout is None:
        return
    found = _known.get((kind, layout.beginnings))
    if found is None:
        if len(_known) >= MOST_LAYOUTS:
            del _known[next(iter(_known))]
        found = _known[kind, layout.beginnings] = Remembered(kind, layout, plan_for(engine, layout.series))
    _newest[kind] = _of_node[node_id] = found
