"""The private PostgreSQL of the benchmarks: with `fsync`, as in production, and gone at the end."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.launcher import servers
from config.launcher.places import ROOT
from config.launcher.processes import end_written_down, write_down
from config.launcher.servers import Folders

DATA_DIR = Path(os.environ.get("VIGIE_DATA", ROOT / ".var")) / "bench"
RUNNING = DATA_DIR / "children-bench.json"


def settings() -> dict[str, str]:
    """What the environment has to say before Django reads it."""
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "VIGIE_ENVIRONMENT": "test",
        "DATABASE_URL": Folders.of(DATA_DIR).database_url(),
    }


@contextmanager
def server() -> Iterator[None]:
    """PostgreSQL for as long as the block runs, after any other run; one that was left behind is ended first."""
    folders, logs = Folders.of(DATA_DIR), DATA_DIR / "logs"
    with (DATA_DIR / "bench.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        end_written_down(RUNNING)
        child = servers.postgres(folders, logs)
        child.start()
        write_down(RUNNING, [child])
        try:
            servers.await_postgres(folders, child)
            yield
        finally:
            end_written_down(RUNNING)
            # Its write-ahead log alone is most of a gigabyte.
            shutil.rmtree(folders.cluster, ignore_errors=True)


@contextmanager
def empty_database() -> Iterator[None]:
    """A migrated database of the product, as Django makes one for tests; gone afterwards."""
    from django.db import connection

    from inference_kpis.readings import partitions, store

    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
        store.forget_ids()
        partitions.forget_days()


def backend_cpu_seconds() -> float:
    """CPU time that this connection's PostgreSQL process has used."""
    from django.db import connection

    connection.ensure_connection()
    return cpu_seconds(connection.connection.info.backend_pid)


def postmaster() -> int:
    """The process id of PostgreSQL, of which all its others are children."""
    return int((Folders.of(DATA_DIR).cluster / "postmaster.pid").read_text().split()[0])


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its threads, in ticks of usually 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
