"""The private PostgreSQL and the private Redis-compatible broker, on Unix sockets in one folder."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis

from config.launcher.places import (
    Account,
    account,
    broker_binary,
    postgres_binaries,
    servers_folder,
    socket_folder,
)
from config.launcher.processes import Child, wait_until

ROLE = DATABASE = "vigie"
START_SECONDS = 30
POSTGRES_RANK, BROKER_RANK = 90, 80


class CannotStart(Exception):
    """A sentence that says what is wrong and what to do."""


@dataclass(frozen=True)
class Folders:
    """Where the private servers of one data directory live."""

    servers: Path
    sockets: Path
    who: Account

    @classmethod
    def of(cls, data_dir: Path) -> "Folders":
        data_dir.mkdir(parents=True, exist_ok=True)
        who = account()
        servers = servers_folder(data_dir, who)
        return cls(servers, socket_folder(servers, who), who)

    @property
    def cluster(self) -> Path:
        return self.servers / "postgres"

    @property
    def password_file(self) -> Path:
        return self.servers / "postgres-password"

    @property
    def broker_socket(self) -> Path:
        return self.sockets / "broker.sock"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.broker_socket}?db=0"

    def password(self) -> str:
        """The database's password, made once."""
        if not self.password_file.exists():
            _write_private(self.password_file, secrets.token_urlsafe(24), self.who)
        return self.password_file.read_text()

    def database_url(self, name: str = DATABASE) -> str:
        return f"postgres://{ROLE}:{self.password()}@/{name}?host={quote(str(self.sockets), safe='/')}"


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def postgres(folders: Folders, logs: Path, *, fsync: bool = True) -> Child:
    """PostgreSQL on its socket, made on first use. Raises `CannotStart` for data of another major version.

    Without `fsync` a power cut may lose everything: for tests only.
    """
    binaries = postgres_binaries(folders.servers, folders.who)
    major = _major_version(binaries)
    if not (folders.cluster / "PG_VERSION").exists():
        _make_cluster(binaries, folders)
    found = (folders.cluster / "PG_VERSION").read_text().strip()
    if found != major:
        raise CannotStart(
            f"{folders.cluster} holds data of PostgreSQL {found}; this installation brings {major}. Dump it with"
            f" version {found} and load it again, or choose another folder with VIGIE_DATA."
        )
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folders.sockets),
        "shared_buffers": "64MB",
        "max_connections": "60",
        "synchronous_commit": "on",
        "log_min_messages": "warning",
        "fsync": "on" if fsync else "off",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = [str(binaries / "postgres"), "-D", str(folders.cluster), *options]
    return Child(
        "postgres",
        command,
        _bare_environment(),
        logs / "postgres.log",
        POSTGRES_RANK,
        folders.servers,
        folders.who,
        signal.SIGINT,
    )


def _bare_environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _major_version(binaries: Path) -> str:
    shown = subprocess.run([str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=True)
    return shown.stdout.split()[-1].partition(".")[0]


def _make_cluster(binaries: Path, folders: Folders) -> None:
    """A new cluster: written next to its place and moved there whole, so that a kill leaves nothing half made."""
    temporary = folders.servers / "postgres-new"
    shutil.rmtree(temporary, ignore_errors=True)
    folders.password()
    command = [
        *(str(binaries / "initdb"), "-D", str(temporary), "-U", ROLE, "-A", "scram-sha-256"),
        *("--pwfile", str(folders.password_file), "-E", "UTF8", "--data-checksums"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
    ]
    done = subprocess.run(
        command,
        env=_bare_environment(),
        cwd=folders.servers,
        capture_output=True,
        text=True,
        check=False,
        **folders.who.identity,
    )
    if done.returncode:
        raise CannotStart(f"{done.stderr.strip()}\nThe database could not be made in {folders.servers}.")
    temporary.rename(folders.cluster)


def _write_private(path: Path, text: str, who: Account) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    if not who.is_me:
        os.chown(path, who.uid, who.gid)


def database_answers(url: str) -> bool:
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=2) as connection:
        connection.execute("SELECT 1")
        return True
    return False


def await_postgres(folders: Folders, child: Child) -> None:
    """Wait until it answers, and make the database. Raises `CannotStart` with its last words."""
    url = folders.database_url("postgres")
    if not wait_until(lambda: not child.is_running or database_answers(url), START_SECONDS) or not child.is_running:
        raise CannotStart(f"{child.last_words()}\nPostgreSQL did not start. Its log is {child.log}.")
    with psycopg.connect(url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(f"CREATE DATABASE {DATABASE}")


# --- The broker ------------------------------------------------------------------------------------------------------


def broker(folders: Folders, logs: Path) -> Child:
    """Valkey on its socket, with an append-only file: what is queued survives a kill, though nothing depends on it."""
    folder = folders.servers / "broker"
    folder.mkdir(exist_ok=True)
    if not folders.who.is_me:
        os.chown(folder, folders.who.uid, folders.who.gid)
    command = [
        *(str(broker_binary(folders.servers, folders.who)), "--port", "0", "--dir", str(folder)),
        *("--unixsocket", str(folders.broker_socket), "--unixsocketperm", "700"),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction"),
    ]
    return Child("broker", command, _bare_environment(), logs / "broker.log", BROKER_RANK, folder, folders.who)


def broker_answers(url: str) -> bool:
    with contextlib.suppress(redis.exceptions.RedisError, OSError), redis.Redis.from_url(url) as client:
        return bool(client.ping())
    return False


def await_broker(folders: Folders, child: Child) -> None:
    """Wait until it answers. Raises `CannotStart` with its last words."""
    url = folders.redis_url
    if not wait_until(lambda: not child.is_running or broker_answers(url), START_SECONDS) or not child.is_running:
        raise CannotStart(f"{child.last_words()}\nThe broker did not start. Its log is {child.log}.")
