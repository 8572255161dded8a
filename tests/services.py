"""PostgreSQL and the broker of the test run: private, started on first use, shared by all workers, stopped at the end."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from config.launcher import servers
from config.launcher.places import ROOT
from config.launcher.processes import end_written_down, write_down
from config.launcher.servers import Folders

DATA_DIR = Path(os.environ.get("VIGIE_TEST_DATA", ROOT / ".var" / "test"))
RUNNING = DATA_DIR / "children-test.json"


def urls() -> tuple[str, str]:
    """DATABASE_URL and REDIS_URL of the run; known before anything is started."""
    given = os.environ.get("VIGIE_TEST_DATABASE_URL"), os.environ.get("VIGIE_TEST_REDIS_URL")
    if given[0] and given[1]:
        return given[0], given[1]
    with _locked():
        folders = Folders.of(DATA_DIR)
        return folders.database_url(), folders.redis_url


def start() -> None:
    """Start what does not answer yet; whoever comes second finds it running."""
    if os.environ.get("VIGIE_TEST_DATABASE_URL"):
        return
    with _locked():
        folders = Folders.of(DATA_DIR)
        if servers.database_answers(folders.database_url("postgres")) and servers.broker_answers(folders.redis_url):
            return
        end_written_down(RUNNING)
        logs = DATA_DIR / "logs"
        # What a test run loses with the power is nobody's loss.
        children = [servers.postgres(folders, logs, fsync=False), servers.broker(folders, logs)]
        for child in children:
            child.start()
        write_down(RUNNING, children)
        servers.await_postgres(folders, children[0])
        servers.await_broker(folders, children[1])


def stop() -> None:
    """Stop what this run started."""
    with _locked():
        end_written_down(RUNNING)


@contextmanager
def _locked() -> Iterator[None]:
    name = sha256(str(DATA_DIR).encode()).hexdigest()[:12]
    with (Path(tempfile.gettempdir()) / f"vigie-test-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_running() -> bool:
    return RUNNING.exists() and bool(json.loads(RUNNING.read_text()))
