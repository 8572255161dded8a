"""The real launcher with all its parts: it comes up, keeps them up, leaves nothing behind and comes back."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config.launcher.places import ROOT
from config.launcher.processes import group_exists, kill_group, wait_until
from config.launcher.servers import Folders

pytestmark = pytest.mark.worker
COMES_UP_WITHIN_SECONDS = 120
GONE_WITHIN_SECONDS = 30
# The parts in the order in which they stop, which is how they are written down.
PARTS = ("beat", "web", "worker", "fleet", "broker", "postgres")


class Launcher:
    """`python -m config.launcher` on a data directory, started and ended as often as a test likes."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir, self.port = data_dir, port
        self.output = data_dir.parent / f"{data_dir.name}.out"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> "subprocess.Popen[bytes]":
        ours = ("VIGIE_", "DJANGO_", "DATABASE_URL", "REDIS_URL")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        environment |= {"VIGIE_DATA": str(self.data_dir), "VIGIE_PORT": str(self.port)}
        with self.output.open("wb") as output:
            command = [sys.executable, "-m", "config.launcher"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        return self.process

    def come_up(self) -> None:
        """Start it, unless it runs, and wait until it has told where it is."""
        if self.process is None:
            self.start()
        self.says("Ctrl-C stops everything")
        assert self.process is not None
        assert self.process.poll() is None, self.told

    def says(self, words: str) -> None:
        """Wait for these words."""
        assert self.process is not None
        wait_until(lambda: words in self.told or self.process.poll() is not None, COMES_UP_WITHIN_SECONDS)
        assert words in self.told, self.told

    @property
    def told(self) -> str:
        return self.output.read_text()

    def answers(self, path: str = "readyz?kpis=1") -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return answer.status == 200
        return False

    def parts(self) -> dict[str, int]:
        """The process groups that it wrote down."""
        assert self.process is not None
        entries = json.loads((self.data_dir / f"children-{self.process.pid}.json").read_text())
        return dict(zip(PARTS, (entry["pid"] for entry in entries), strict=True))

    def rows(self) -> tuple[int, int]:
        """How many people and how many readings there are."""
        with psycopg.connect(Folders.of(self.data_dir).database_url()) as connection:
            query = "SELECT (SELECT count(*) FROM accounts_user), (SELECT count(*) FROM inference_kpis_reading)"
            people, readings = connection.execute(query).fetchall()[0]
            return people, readings

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal and wait for its end; its exit code."""
        assert self.process is not None
        process, self.process = self.process, None
        process.send_signal(number)
        try:
            return process.wait(GONE_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def are_gone(groups: dict[str, int]) -> bool:
    return wait_until(lambda: not any(map(group_exists, groups.values())), GONE_WITHIN_SECONDS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that the account of the private servers can reach, unlike the temporary folders of the tests."""
    folder = Path(tempfile.mkdtemp(prefix="vigie-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def only_launcher(folder: Path) -> Iterator[Launcher]:
    launcher = Launcher(folder / "data", free_port())
    yield launcher
    if launcher.process is not None:
        launcher.end()


@pytest.fixture
def launcher(only_launcher: Launcher) -> Launcher:
    """A launcher that is up; starting it takes long, so that tests share it and may leave it stopped."""
    only_launcher.come_up()
    return only_launcher


def test_it_works(launcher: Launcher) -> None:
    assert launcher.answers()
    assert f"Vigie is at {launcher.url}" in launcher.told
    people = json.loads((launcher.data_dir / "demo-people.json").read_text())
    assert len(people) == 6
    for person in people:
        assert f"{person['email']:<19}  {person['password']}" in launcher.told
    assert (launcher.data_dir / "demo-people.json").stat().st_mode & 0o077 == 0


def test_a_second_one_says_so_and_harms_nothing(launcher: Launcher) -> None:
    parts = launcher.parts()
    second = Launcher(launcher.data_dir, free_port())
    second.output = second.output.with_suffix(".second")
    assert second.start().wait(GONE_WITHIN_SECONDS) == 1
    assert f"running already with this data directory: {launcher.url}" in second.told
    assert launcher.parts() == parts
    assert launcher.answers()


def test_a_port_that_is_taken_is_said_in_one_sentence(launcher: Launcher, folder: Path) -> None:
    other = Launcher(folder / "other", launcher.port)
    assert other.start().wait(GONE_WITHIN_SECONDS) == 1
    assert other.told.strip().splitlines() == [
        f"Port {launcher.port} is taken by another program. Choose another one: make run VIGIE_PORT={launcher.port + 1}"
    ]
    assert not (folder / "other" / "servers").exists()


def test_a_part_that_dies_is_started_again(launcher: Launcher) -> None:
    before = launcher.parts()
    kill_group(before["web"], signal.SIGKILL)
    launcher.says("web ended and is started again")
    assert wait_until(launcher.answers, COMES_UP_WITHIN_SECONDS)
    after = launcher.parts()
    assert {name for name in PARTS if before[name] != after[name]} == {"web"}


def test_a_launcher_that_is_killed_leaves_nothing_and_comes_back_with_everything(launcher: Launcher) -> None:
    groups, (people, readings) = launcher.parts(), launcher.rows()
    passwords = (launcher.data_dir / "demo-people.json").read_bytes()
    launcher.end(signal.SIGKILL)
    assert are_gone(groups)
    launcher.come_up()
    assert launcher.answers()
    assert (launcher.data_dir / "demo-people.json").read_bytes() == passwords
    assert launcher.rows()[0] == people
    assert wait_until(lambda: launcher.rows()[1] > readings, COMES_UP_WITHIN_SECONDS)


def test_a_stop_that_was_asked_for_stops_everything(launcher: Launcher) -> None:
    groups = launcher.parts()
    assert launcher.end() == 0
    assert launcher.told.rstrip().endswith("stopped")
    assert are_gone(groups)
    assert not list(launcher.data_dir.glob("children-*.json"))
