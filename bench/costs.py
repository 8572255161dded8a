"""What processes cost: CPU seconds, of a process and everything below it, and memory."""

import os
from collections.abc import Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> Iterator[int]:
    """The process and its descendants."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from tree(int(child))


def tree_cpu_seconds(pid: int) -> float:
    """User and system time of the process, of what runs below it, and of what ran and was waited for."""
    return sum(map(_cpu_ticks, tree(pid))) / TICKS


def _cpu_ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        # It ended meanwhile; its parent has its time.
        return 0
    return sum(map(int, fields[11:15]))


def memory_mb(pid: int) -> float:
    """Proportional set size of one process: of memory that several share, each has its part."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(float(line.split()[1]) * 1.024 for line in lines if line.startswith("Pss:")) / 1000
