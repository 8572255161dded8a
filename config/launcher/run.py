"""The run itself: one launcher a data directory, its children in order, and everything stopped at the end."""

import contextlib
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from cryptography.fernet import Fernet

from config.launcher import servers
from config.launcher.places import ROOT
from config.launcher.processes import Child, end_written_down, wait_until, write_down
from config.launcher.servers import CannotStart, Folders

DEFAULT_PORT = 8765
# A part that ends this often within this time is not worth another try.
MOST_STARTS, WITHIN_SECONDS = 5, 60.0
LOOK_EVERY_SECONDS = 0.25
STARTED = time.monotonic()


def say(text: str) -> None:
    print(f"{time.monotonic() - STARTED:6.1f} s  {text}", flush=True)


class Stopped(Exception):
    """Somebody asked to stop."""


@dataclass
class Run:
    """What one launcher knows: where it works and what it keeps running."""

    data_dir: Path
    port: int
    children: list[Child] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"

    @property
    def written_down(self) -> Path:
        return self.data_dir / f"children-{os.getpid()}.json"

    def keep(self, child: Child) -> Child:
        """Start a child and keep it running from now on."""
        child.start()
        self.children.append(child)
        write_down(self.written_down, self.children)
        return child

    def restart(self, child: Child) -> None:
        """Start a child again. Raises `CannotStart` with its last words when it keeps dying."""
        recent = [start for start in child.starts if time.monotonic() - start < WITHIN_SECONDS]
        if len(recent) >= MOST_STARTS:
            raise CannotStart(
                f"{child.last_words()}\n\n{child.name} died {len(recent)} times within a minute; these were its last"
                f" words. The whole log is {child.log}."
            )
        time.sleep(min(0.2 * 2 ** len(recent), 3.0))
        say(f"{child.name} ended and is started again")
        # What the dead parent left of its group would hold sockets and locks.
        child.stop()
        child.start()
        write_down(self.written_down, self.children)


def run() -> int:
    """Run until stopped. 0 after a stop that was asked for, 1 with a sentence otherwise."""
    data_dir = Path(os.environ.get("VIGIE_DATA") or ROOT / ".var").resolve()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        this = Run(data_dir, _port())
        data_dir.mkdir(parents=True, exist_ok=True)
        with only_one(this), guarded(this):
            _run(this)
    except Stopped:
        say("stopped")
        return 0
    except CannotStart as problem:
        print(f"\n{problem}", file=sys.stderr)
    except OSError as problem:
        print(
            f"\n{problem.strerror or problem}: {problem.filename or data_dir}. Free some disk space or choose another"
            " folder with VIGIE_DATA, then try again.",
            file=sys.stderr,
        )
    return 1


def _stop(number: int, frame: object) -> None:
    # A second Ctrl-C must not cut the stopping short.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Stopped


def _port() -> int:
    text = os.environ.get("VIGIE_PORT", str(DEFAULT_PORT))
    if not text.isdigit() or not 1024 <= int(text) <= 65535:
        raise CannotStart(f"VIGIE_PORT is '{text}'. Write a number from 1024 to 65535.")
    return int(text)


@contextlib.contextmanager
def only_one(this: Run) -> Iterator[None]:
    """The lock of the data directory; it goes with the process that holds it, however that ends."""
    with (this.data_dir / "launcher.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStart(
                f"Vigie is running already with this data directory: {lock.read().strip() or 'it is just starting'}."
                " Stop that one first, or choose another folder with VIGIE_DATA and another port with VIGIE_PORT."
            ) from None
        for leftover in this.data_dir.glob("children-*.json"):
            if end_written_down(leftover):
                say("ended what an earlier run had left behind")
        _write(lock, this.url)
        yield
        _write(lock, "")


def _write(lock: IO[str], text: str) -> None:
    lock.seek(0)
    lock.truncate()
    lock.write(text)
    lock.flush()


@contextlib.contextmanager
def guarded(this: Run) -> Iterator[None]:
    """Stops every child at the end; should this process be killed, the guardian does."""
    write_down(this.written_down, [])
    reading, writing = os.pipe()
    guardian = subprocess.Popen(
        [sys.executable, "-m", "config.launcher.guardian", str(this.written_down)],
        stdin=reading,
        start_new_session=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(reading)
    try:
        yield
    finally:
        for child in sorted(this.children, key=lambda child: child.rank):
            child.stop()
        this.written_down.unlink(missing_ok=True)
        os.close(writing)
        guardian.wait()


# --- The parts -------------------------------------------------------------------------------------------------------


def _run(this: Run) -> None:
    _check_port(this.port)
    this.environment = {**os.environ, **_secrets(this.data_dir), "VIGIE_DATA": str(this.data_dir)}
    this.environment.setdefault("VIGIE_COMPANY", "Démo")
    this.environment["PYTHONUNBUFFERED"] = "1"
    _start_servers(this)
    fleet_file = this.data_dir / "demo-fleet.json"
    _python(this, "the plan of the demo fleet", "-m", "inference_kpis.demo", "plan", "--file", str(fleet_file))
    plan = json.loads(fleet_file.read_text())
    endpoints = [node["url"].split("/")[2] for node in plan["nodes"]]
    this.environment["VIGIE_DEMO_ENDPOINTS"] = ",".join(endpoints)
    _manage(this, "the tables", "migrate", "--no-input", "--verbosity", "0")
    _collect_static(this)
    people_file = this.data_dir / "demo-people.json"
    _manage(this, "the demo company", "load_demo", "--people-file", str(people_file), "--fleet-file", str(fleet_file))
    for child in _parts(this, fleet_file):
        this.keep(child)
    say("started web, worker, beat and the demo fleet")
    _await(this, f"{this.url}readyz", "the web server answers")
    _await(this, f"{this.url}readyz?kpis=1", "the first KPIs are in")
    _tell(this, people_file)
    while True:
        _look_after(this)
        time.sleep(LOOK_EVERY_SECONDS)


def _look_after(this: Run) -> None:
    for child in this.children:
        if not child.is_running:
            this.restart(child)
        child.trim_log()


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CannotStart(
                f"Port {port} is taken by another program. Choose another one: make run VIGIE_PORT={port + 1}"
            ) from None


def _secrets(data_dir: Path) -> dict[str, str]:
    """The secrets of this installation, made once and readable by its owner only."""
    path = data_dir / "secrets.json"
    if not path.exists():
        made = {
            "VIGIE_SECRET_KEY": secrets.token_urlsafe(48),
            "VIGIE_CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        }
        temporary = path.with_suffix(".new")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(made, file)
        temporary.replace(path)
    found: dict[str, str] = json.loads(path.read_text())
    return {name: os.environ.get(name) or value for name, value in found.items()}


def _start_servers(this: Run) -> None:
    """PostgreSQL and the broker, unless the environment names servers of one's own."""
    needs_database, needs_broker = "DATABASE_URL" not in os.environ, "REDIS_URL" not in os.environ
    if not needs_database and not needs_broker:
        return
    folders = Folders.of(this.data_dir)
    if needs_database:
        child = this.keep(servers.postgres(folders, this.logs))
        servers.await_postgres(folders, child)
        this.environment["DATABASE_URL"] = folders.database_url()
        say("PostgreSQL is up")
    if needs_broker:
        child = this.keep(servers.broker(folders, this.logs))
        servers.await_broker(folders, child)
        this.environment["REDIS_URL"] = folders.redis_url
        say("the broker is up")


def _parts(this: Run, fleet_file: Path) -> list[Child]:
    """What runs Vigie itself. Stopped in this order: no new work, then its workers, then what they pull."""
    python = sys.executable
    celery = [python, "-m", "celery", "-A", "config"]
    commands = {
        "beat": [*celery, "beat", "--pidfile=", "--loglevel", "WARNING"],
        "web": [
            *(python, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(this.port)),
            *(
                "--workers",
                "1",
                "--blocking-threads",
                "4",
                "--no-ws",
                "--log-level",
                "warning",
                "config.wsgi:application",
            ),
        ],
        "worker": [
            *celery,
            "worker",
            "--concurrency",
            "2",
            "--loglevel",
            "WARNING",
            "--without-mingle",
            "--without-gossip",
        ],
        "fleet": [python, "-m", "inference_kpis.demo", "serve", "--file", str(fleet_file)],
    }
    return [
        Child(name, command, this.environment, this.logs / f"{name}.log", rank, ROOT)
        for rank, (name, command) in enumerate(commands.items())
    ]


def _collect_static(this: Run) -> None:
    """Collect static files when one of ours or a lock file is newer than the last collection."""
    mark = this.data_dir / "static" / ".collected"
    sources = [*(ROOT / "static").rglob("*"), ROOT / "uv.lock", ROOT / "package-lock.json"]
    newest = max(source.stat().st_mtime for source in sources)
    if mark.exists() and mark.stat().st_mtime >= newest:
        return
    _manage(this, "the static files", "collectstatic", "--no-input", "--clear", "--verbosity", "0")
    mark.touch()


def _manage(this: Run, what: str, *arguments: str) -> None:
    _python(this, what, "manage.py", *arguments)


def _python(this: Run, what: str, *arguments: str) -> None:
    """Run one step to its end. Raises `CannotStart` with what it said."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=this.environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise CannotStart(f"{words}\n\nPreparing {what} failed with these words.")
    say(f"prepared {what}")


def _await(this: Run, url: str, what: str, seconds: float = 90) -> None:
    """Wait for a 200, looking after the children meanwhile. Raises `CannotStart`."""

    def is_there() -> bool:
        _look_after(this)
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=3) as answer:
            return bool(answer.status == 200)
        return False

    if not wait_until(is_there, seconds, pause=0.2):
        words = "\n\n".join(f"{child.name}:\n{child.last_words(5)}" for child in this.children)
        raise CannotStart(f"{words}\n\nVigie did not come up within {seconds:.0f} s. The logs are in {this.logs}.")
    say(what)


def _tell(this: Run, people_file: Path) -> None:
    people = json.loads(people_file.read_text())
    width = max(len(person["email"]) for person in people)
    print(f"\n  Vigie is at {this.url}\n\n  Demo people:")
    for person in people:
        print(f"    {person['email']:<{width}}  {person['password']}   {person['name']}, {person['role']}")
    print(f"\n  Logs are in {this.logs}. Ctrl-C stops everything; the data stays.\n", flush=True)
