"""The pieces of the launcher, each alone: where things lie, how children start and stop, what is refused before."""

import json
import os
import shutil
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.launcher import bootstrap, places, run
from config.launcher.places import Account, can_reach, servers_folder, socket_folder
from config.launcher.processes import (
    LARGEST_LOG_BYTES,
    Child,
    end_written_down,
    group_exists,
    started_at,
    wait_until,
    write_down,
)
from config.launcher.servers import CannotStart

ME = Account(os.geteuid(), os.getegid())
PATIENCE_SECONDS = 20
# A parent that starts a child, says the child's number and waits; both end when told to.
FAMILY = (
    "import subprocess, sys\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "print(child.pid, flush=True)\n"
    "child.wait()\n"
)
STUBBORN = (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(600)\n"
)
SLEEPER = "import time; print('up', flush=True); time.sleep(600)"


@pytest.fixture
def child_of(tmp_path: Path) -> Iterator[Callable[..., Child]]:
    """Makes children that run a piece of Python; whatever is left of them is ended after the test."""
    made: list[Child] = []

    def make(code: str, name: str = "child", rank: int = 0, grace_seconds: float = 5.0) -> Child:
        command = [sys.executable, "-c", code]
        log = tmp_path / "logs" / f"{name}.log"
        made.append(Child(name, command, dict(os.environ), log, rank, tmp_path, ME, grace_seconds=grace_seconds))
        return made[-1]

    yield make
    for child in made:
        child.stop()


def says(child: Child, text: str = "") -> str:
    """Wait until a child has said something, and return it."""
    assert wait_until(lambda: bool(child.last_words()) and text in child.last_words(), PATIENCE_SECONDS)
    return child.last_words()


def pid_of(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


# --- Children ------------------------------------------------------------------------------------------------------


def test_it_works(child_of: Callable[..., Child]) -> None:
    child = child_of(SLEEPER)
    assert not child.is_running
    child.start()
    says(child, "up")
    assert child.is_running
    assert len(child.starts) == 1
    child.stop()
    assert not child.is_running
    assert not group_exists(pid_of(child))


def test_a_child_has_a_group_of_its_own(child_of: Callable[..., Child]) -> None:
    """Ctrl-C in the terminal reaches the launcher alone, which then stops its children in order."""
    child = child_of(SLEEPER)
    child.start()
    assert os.getpgid(pid_of(child)) == pid_of(child) != os.getpgid(0)


def test_stopping_ends_the_whole_group(child_of: Callable[..., Child]) -> None:
    child = child_of(FAMILY)
    child.start()
    grandchild = int(says(child))
    assert started_at(grandchild) is not None
    assert os.getpgid(grandchild) == pid_of(child)
    child.stop()
    assert wait_until(lambda: not group_exists(pid_of(child)), PATIENCE_SECONDS)


def test_one_that_does_not_listen_is_killed(child_of: Callable[..., Child]) -> None:
    child = child_of(STUBBORN, grace_seconds=0.1)
    child.start()
    says(child, "deaf")
    child.stop()
    assert child.process is not None
    assert child.process.returncode == -signal.SIGKILL


def test_stopping_what_never_ran_or_is_gone_already_does_nothing(child_of: Callable[..., Child]) -> None:
    child = child_of("print('done')")
    child.stop()
    child.start()
    assert wait_until(lambda: not child.is_running, PATIENCE_SECONDS)
    child.stop()
    child.stop()
    assert not child.is_running


def test_its_last_words_are_kept_through_restarts(child_of: Callable[..., Child]) -> None:
    child = child_of("import sys; print('first', flush=True); sys.exit('no such table')")
    assert child.last_words() == ""
    for _ in range(2):
        child.start()
        assert wait_until(lambda: not child.is_running, PATIENCE_SECONDS)
    assert child.last_words(3) == "no such table\nfirst\nno such table"
    assert child.last_words(1) == "no such table"


def test_a_log_that_grew_large_is_emptied(child_of: Callable[..., Child]) -> None:
    child = child_of(SLEEPER)
    child.log.parent.mkdir()
    child.log.touch()
    for size, left in ((LARGEST_LOG_BYTES, LARGEST_LOG_BYTES), (LARGEST_LOG_BYTES + 1, 0)):
        os.truncate(child.log, size)
        child.trim_log()
        assert child.log.stat().st_size == left


# --- What was left behind ------------------------------------------------------------------------------------------


def test_what_was_written_down_is_ended(child_of: Callable[..., Child], tmp_path: Path) -> None:
    children = [child_of(SLEEPER, "one", 2), child_of(SLEEPER, "two", 1)]
    for child in children:
        child.start()
    path = tmp_path / "children.json"
    write_down(path, children)
    assert [entry["pid"] for entry in json.loads(path.read_text())] == [pid_of(children[1]), pid_of(children[0])]
    assert end_written_down(path) == 2
    assert not any(group_exists(pid_of(child)) for child in children)
    assert not path.exists()


def test_another_process_of_the_same_number_is_left_alone(child_of: Callable[..., Child], tmp_path: Path) -> None:
    child = child_of(SLEEPER)
    child.start()
    path = tmp_path / "children.json"
    write_down(path, [child])
    entries = json.loads(path.read_text())
    path.write_text(json.dumps([{**entry, "started": "1"} for entry in entries]))
    assert end_written_down(path) == 0
    assert child.is_running
    assert not path.exists()


def test_a_group_whose_leader_is_gone_is_still_ours(child_of: Callable[..., Child], tmp_path: Path) -> None:
    child = child_of(FAMILY)
    child.start()
    says(child)
    path = tmp_path / "children.json"
    write_down(path, [child])
    os.kill(pid_of(child), signal.SIGKILL)
    assert child.process is not None
    child.process.wait()
    assert group_exists(pid_of(child))
    assert end_written_down(path) == 1
    assert not group_exists(pid_of(child))


@pytest.mark.parametrize("written", [None, "", "{", "[]"])
def test_a_file_that_says_nothing_ends_nothing(tmp_path: Path, written: str | None) -> None:
    path = tmp_path / "children.json"
    if written is not None:
        path.write_text(written)
    assert end_written_down(path) == 0


def test_waiting_ends_with_the_condition_or_the_time() -> None:
    answers = iter([False, False, True])
    assert wait_until(lambda: next(answers), PATIENCE_SECONDS, pause=0)
    assert not wait_until(lambda: False, 0, pause=0)


# --- Places --------------------------------------------------------------------------------------------------------


@pytest.fixture
def shallow() -> Iterator[Path]:
    """A folder with a short path that everybody may pass."""
    folder = Path("/tmp") / f"vt-{os.getpid()}"
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_folder_is_reached_through_all_those_above_it(shallow: Path) -> None:
    inner = shallow / "a" / "b"
    inner.mkdir(parents=True)
    for folder in (shallow / "a", inner):
        folder.chmod(0o755)
    assert can_reach(inner)
    assert can_reach(inner / "not there yet")
    (shallow / "a").chmod(0o700)
    assert not can_reach(inner)


def test_the_data_is_for_its_account_only(shallow: Path) -> None:
    folder = servers_folder(shallow, ME)
    assert folder == shallow / "servers"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert servers_folder(shallow, ME) == folder


def test_sockets_lie_beside_the_data_where_the_path_is_short(shallow: Path) -> None:
    folder = socket_folder(shallow, ME)
    assert folder == shallow / "run"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_long_path_gets_a_short_folder_of_its_own(tmp_path: Path) -> None:
    deep, other = (tmp_path / ("d" * 100) / name for name in ("one", "two"))
    folders = [socket_folder(each, ME) for each in (deep, deep, other)]
    try:
        assert folders[0] == folders[1] != folders[2]
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(folders[0] / ".s.PGSQL.5432"))
    finally:
        for folder in set(folders):
            shutil.rmtree(folder)


def test_a_folder_that_somebody_else_could_have_made_is_refused(shallow: Path) -> None:
    (shallow / "elsewhere").mkdir()
    (shallow / "run").symlink_to(shallow / "elsewhere")
    with pytest.raises(PermissionError, match="belongs to somebody else"):
        socket_folder(shallow, ME)


def test_a_missing_package_says_what_to_do() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"Run make setup, or set DATABASE_URL and REDIS_URL"):
        places._package("no_such_package_of_ours")


# --- Before anything is installed ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(3, 9, 18), (3, 10, 14), (3, 14, 0), (2, 7, 18)])
def test_a_wrong_python_is_refused(monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int]) -> None:
    monkeypatch.setattr(bootstrap, "sys", SimpleNamespace(version_info=version, stderr=sys.stderr))
    with pytest.raises(bootstrap.CannotGoOn) as caught:
        bootstrap.make_environment(with_tools=False)
    found = f"{version[0]}.{version[1]}"
    assert str(caught.value) == (
        f"Vigie needs Python 3.11, 3.12 or 3.13; this is {found}. Install one and run: make PYTHON=python3.13 run"
    )


def test_a_refusal_is_said_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "OLDEST", (9, 9))
    assert bootstrap.main("run", []) == 1
    assert capsys.readouterr().err.startswith("\nVigie needs Python")


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 7), (3, 13, 1)])
def test_an_environment_that_is_current_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: tuple[int, int, int]
) -> None:
    """Nothing is installed; the translations are compiled each time, which is fast."""
    commands: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "sys", SimpleNamespace(version_info=version, executable=sys.executable))
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(bootstrap, "run", lambda command, *_: commands.append(command))
    (tmp_path / "stamp").write_text(bootstrap.stamp(with_tools=True))
    bootstrap.make_environment(with_tools=False)
    assert [command[1:] for command in commands] == [["-m", "config.translations", "compile"]]


def test_what_was_made_for_running_does_not_do_for_testing() -> None:
    assert bootstrap.stamp(with_tools=False) != bootstrap.stamp(with_tools=True)


def test_a_step_that_fails_says_its_last_words_and_what_to_do() -> None:
    command = [sys.executable, "-c", "import sys; print('reading'); sys.exit('disk full')"]
    with pytest.raises(bootstrap.CannotGoOn, match=r"^reading\ndisk full\n\nThe packages could not be installed\.$"):
        bootstrap.run(command, "The packages could not be installed.")


def test_without_a_browser_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    with pytest.raises(bootstrap.CannotGoOn, match="need Chromium, which is not installed"):
        bootstrap.install_chromium()


def test_a_browser_that_is_there_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: "/usr/bin/x" if name == "google-chrome" else None)
    monkeypatch.setattr(bootstrap, "run", lambda *_: pytest.fail("nothing has to be installed"))
    bootstrap.install_chromium()


# --- Before anything is started ------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"Port {port} is taken by another program. Choose another one"):
            run._check_port(port)
    run._check_port(port)


@pytest.mark.parametrize("written", ["http", "80", "70000", "-1", ""])
def test_a_port_has_to_be_one(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("VIGIE_PORT", written)
    with pytest.raises(CannotStart, match="Write a number from 1024 to 65535"):
        run._port()


def test_a_data_directory_has_one_launcher(tmp_path: Path) -> None:
    first, second = (run.Run(tmp_path, port) for port in (8765, 8766))
    refused = pytest.raises(CannotStart, match=r"running already .*: http://127\.0\.0\.1:8765/\.")
    with run.only_one(first), refused, run.only_one(second):
        pytest.fail("two launchers at once")
    with run.only_one(second):
        pass


def test_the_next_launcher_ends_what_an_earlier_one_left(child_of: Callable[..., Child], tmp_path: Path) -> None:
    child = child_of(SLEEPER)
    child.start()
    says(child, "up")
    write_down(tmp_path / "children-4711.json", [child])
    with run.only_one(run.Run(tmp_path, 8765)):
        assert not group_exists(pid_of(child))
        assert not list(tmp_path.glob("children-*.json"))


def test_secrets_are_made_once_and_for_their_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIGIE_SECRET_KEY", "VIGIE_CREDENTIAL_KEYS"):
        monkeypatch.delenv(name, raising=False)
    made = run._secrets(tmp_path)
    assert set(made) == {"VIGIE_SECRET_KEY", "VIGIE_CREDENTIAL_KEYS"}
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert run._secrets(tmp_path) == made
    monkeypatch.setenv("VIGIE_SECRET_KEY", "one of my own")
    assert run._secrets(tmp_path) == {**made, "VIGIE_SECRET_KEY": "one of my own"}


def test_a_part_that_keeps_dying_is_given_up_with_its_last_words(
    child_of: Callable[..., Child], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda seconds: None))
    this, child = run.Run(tmp_path, 8765), child_of("import sys; sys.exit('no such table')")
    this.keep(child)
    for _ in range(run.MOST_STARTS - 1):
        assert wait_until(lambda: not child.is_running, PATIENCE_SECONDS)
        this.restart(child)
    with pytest.raises(CannotStart, match=r"no such table(.|\n)*child died 5 times within a minute"):
        this.restart(child)
    assert len(child.starts) == run.MOST_STARTS
