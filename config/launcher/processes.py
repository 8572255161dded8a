"""Children in process groups of their own, written down, so that whoever comes next can end what was left behind."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from config.launcher.places import Account

LARGEST_LOG_BYTES = 20 * 1024 * 1024


@dataclass
class Child:
    """A program to keep running. `stop_signal` asks it to end; `rank` orders stopping, lowest first."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    rank: int
    cwd: Path
    who: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 12.0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    starts: list[float] = field(default_factory=list)

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.trim_log()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(self.command),
                env=dict(self.environment),
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **(self.who.identity if self.who else {}),
            )
        self.starts.append(time.monotonic())

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def trim_log(self) -> None:
        """Empty a log that has grown large; children append, so that is safe while they write."""
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG_BYTES:
            os.truncate(self.log, 0)

    def last_words(self, lines: int = 12) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def stop(self) -> None:
        """Ask, wait, and end the whole group."""
        if self.process is None:
            return
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(self.grace_seconds)
        kill_group(self.process.pid, signal.SIGKILL)
        self.process.wait()


def wait_until(is_done: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    """Whether it became true within the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_done():
            return True
        time.sleep(pause)
    return is_done()


# --- What is written down --------------------------------------------------------------------------------------------


def started_at(pid: int) -> str | None:
    """When a process started, in whatever form the system tells; None when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return None
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip() or None


def write_down(path: Path, children: Sequence[Child]) -> None:
    """The running groups, in the order in which they should stop."""
    entries = [
        {"pid": child.process.pid, "started": started_at(child.process.pid), "signal": int(child.stop_signal)}
        for child in sorted(children, key=lambda child: child.rank)
        if child.process is not None
    ]
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(entries))
    temporary.replace(path)


def end_written_down(path: Path, grace_seconds: float = 8.0) -> int:
    """End every group that was written down and still is the same one; the number of groups found alive."""
    try:
        entries = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return 0
    ended = 0
    for entry in entries:
        if not _is_same_group(entry["pid"], entry["started"]):
            continue
        ended += 1
        kill_group(entry["pid"], signal.Signals(entry["signal"]))
        has_ended = partial(_has_ended, entry["pid"])
        if not wait_until(has_ended, grace_seconds):
            kill_group(entry["pid"], signal.SIGKILL)
            wait_until(has_ended, grace_seconds)
    path.unlink(missing_ok=True)
    return ended


def _has_ended(pid: int) -> bool:
    return not group_exists(pid)


def _is_same_group(pid: int, started: str | None) -> bool:
    """A number is not given out again while a group bears it: a dead leader with living members is still ours."""
    now = started_at(pid)
    return group_exists(pid) and (now is None or now == started)


def group_exists(pid: int) -> bool:
    """Whether a group has a member that is not just waiting to be reaped."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_only_zombies(pid)


def _is_only_zombies(pgid: int) -> bool:
    if not Path("/proc/self").exists():
        return False
    states = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                if int(fields[2]) == pgid:
                    states.append(fields[0])
    return all(state == "Z" for state in states)


def kill_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
