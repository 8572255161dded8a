"""Which actions wait for which: whether they would wait for each other for ever."""

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter


def goes_in_a_circle(pairs: Iterable[tuple[int, int]]) -> bool:
    """Whether pairs of (waiting, waited for) lead back to where they began."""
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for waiting, waited_for in pairs:
        sorter.add(waiting, waited_for)
    try:
        sorter.prepare()
    except CycleError:
        return True
    return False
