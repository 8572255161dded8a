"""Which nodes are asked about together, so that one answer stays well within its limit."""

from collections.abc import Iterable
from dataclasses import dataclass

# What is asked for again of what was asked for before: samples come to a server late, and in several pieces.
OVERLAP_MS = 30_000
# Nobody knows when in a longer gap the work was done; counting starts anew.
LONGEST_SPAN_MS = 3_600_000
# An answer spells out the labels of every series, and a scrape every few seconds of each.
BYTES_OF_A_SERIES, BYTES_OF_A_SAMPLE, SCRAPE_MS = 350, 30, 10_000
BYTES_OF_AN_ANSWER = 4 * 1024 * 1024
MOST_NODES = 200
SHORTEST_SPAN_MS = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A node to ask about: its engine, how many series it has, and from when on, in milliseconds since 1970."""

    node_id: int
    name: str
    engine: str
    series: int
    since_ms: int

    def bytes_until(self, end_ms: int) -> int:
        """About how long the answer about it is."""
        return self.series * (BYTES_OF_A_SERIES + BYTES_OF_A_SAMPLE * (end_ms - self.since_ms) // SCRAPE_MS)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Nodes of one engine that one query is about, in (start, end]."""

    nodes: tuple[Asked, ...]
    start_ms: int
    end_ms: int

    @property
    def seconds(self) -> int:
        """The length of the range, rounded up."""
        return max(-(-(self.end_ms - self.start_ms) // 1000), 1)

    def halves(self) -> "tuple[Chunk, ...]":
        """Two chunks that ask for the same: of half the nodes, or of half the time each; none when it is small already."""
        half = len(self.nodes) // 2
        if half:
            parts = self.nodes[:half], self.nodes[half:]
            return tuple(Chunk(nodes, min(node.since_ms for node in nodes), self.end_ms) for nodes in parts)
        middle_ms = (self.start_ms + self.end_ms) // 2
        if self.end_ms - self.start_ms < 2 * SHORTEST_SPAN_MS:
            return ()
        return Chunk(self.nodes, self.start_ms, middle_ms), Chunk(self.nodes, middle_ms, self.end_ms)


def since(heard_ms: int | None, now_ms: int, interval_ms: int) -> int:
    """From when on to ask about a node that was last heard then; for one that is new, since the ask before this one."""
    wanted = now_ms - interval_ms if heard_ms is None else heard_ms
    return max(min(wanted, now_ms) - OVERLAP_MS, now_ms - LONGEST_SPAN_MS)


def chunks(nodes: Iterable[Asked], end_ms: int) -> list[Chunk]:
    """All nodes in chunks, those that were heard least lately first among their engine's."""
    found: list[Chunk] = []
    pending: list[Asked] = []
    length = 0
    for node in sorted(nodes, key=lambda node: (node.engine, node.since_ms, node.name)):
        # All of a chunk are asked about since the first of them.
        start_ms = pending[0].since_ms if pending else node.since_ms
        added = Asked(node.node_id, node.name, node.engine, node.series, start_ms).bytes_until(end_ms)
        is_full = length + added > BYTES_OF_AN_ANSWER or len(pending) == MOST_NODES
        if pending and (is_full or node.engine != pending[0].engine):
            found.append(Chunk(tuple(pending), pending[0].since_ms, end_ms))
            pending, length, added = [], 0, node.bytes_until(end_ms)
        pending.append(node)
        length += added
    if pending:
        found.append(Chunk(tuple(pending), pending[0].since_ms, end_ms))
    return found
