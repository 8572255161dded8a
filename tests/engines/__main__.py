"""Runs real servers from their packages, asks them, and reads what they then expose: `make test-engines`.

Each gets an environment of its own in a temporary folder, which is removed. `make test-engines ARGS="mlserver --write"`
runs one of them and writes what it exposed to `tests/samples/`. A server that exposes something else than its module in
`inference_kpis/engines/` reads fails the run.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("VIGIE_ENVIRONMENT", "test")

from inference_kpis.engines import ENGINES, observe
from inference_kpis.engines.recognition import recognise
from inference_kpis.protocols.exposition import parse, sample_names

SERVERS = Path(__file__).parent / "servers"
SAMPLES = Path(__file__).parents[1] / "samples"
GOOD, BAD = 5, 1
READY_WITHIN_SECONDS = 120
# Ray collects from its processes every few seconds.
EXPOSED_WITHIN_SECONDS = 60
RAY_KEPT = "ray_serve_(num_http|num_deployment_http|http_request|deployment_|num_ongoing_http|replica_processing)"


@dataclass(frozen=True)
class Server:
    """What to install, how to start it, where to ask, and which families are kept of what it exposes."""

    key: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    metrics_url: str
    ask_url: str
    body: Callable[[bool], Any]
    others: tuple[str, ...] = ()
    title: str = ""
    kept: str = r"(?!python_)"
    left_out: str = "the families python_* are left out"


ALL = (
    Server(
        "mlserver",
        ("mlserver==1.7.1",),
        ("mlserver", "start", "."),
        "http://127.0.0.1:18082/metrics",
        "http://127.0.0.1:18080/v2/models/echo/infer",
        lambda good: {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1 if good else -1]}]},
        others=("http://127.0.0.1:18080/v2/models/echo", "http://127.0.0.1:18080/v2/health/ready"),
    ),
    Server(
        "bentoml",
        ("bentoml==1.4.40",),
        ("bentoml", "serve", "service:Echo", "--host", "127.0.0.1", "--port", "18090"),
        "http://127.0.0.1:18090/metrics",
        "http://127.0.0.1:18090/generate",
        lambda good: {"text": "good" if good else "bad"},
        others=("http://127.0.0.1:18090/readyz",),
    ),
    Server(
        "kserve",
        ("kserve==0.21.0",),
        ("python", "server.py"),
        "http://127.0.0.1:18100/metrics",
        "http://127.0.0.1:18100/v1/models/echo:predict",
        lambda good: {"instances": [1 if good else -1]},
    ),
    Server(
        "infinity",
        ("prometheus-fastapi-instrumentator==8.1.0", "fastapi", "uvicorn"),
        ("python", "server.py"),
        "http://127.0.0.1:18110/metrics",
        "http://127.0.0.1:18110/embeddings",
        lambda good: {"input": "good" if good else "bad"},
        others=("http://127.0.0.1:18110/health", "http://127.0.0.1:18110/metrics"),
        title="prometheus-fastapi-instrumentator 8.1.0, which infinity mounts",
    ),
    Server(
        "ray_serve",
        ("ray[serve]==2.60.0",),
        ("python", "server.py"),
        "http://127.0.0.1:18120/metrics",
        "http://127.0.0.1:18121/echo",
        lambda good: {"x": 1 if good else -1},
        others=("http://127.0.0.1:18121/-/healthz", "http://127.0.0.1:18121/nowhere"),
        kept=RAY_KEPT,
        left_out="of its families only some of ray_serve_* are kept",
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make test-engines", description=__doc__)
    parser.add_argument("keys", nargs="*", choices=[[], *(server.key for server in ALL)], default=[])
    parser.add_argument("--write", action="store_true", help="write what was exposed to tests/samples")
    arguments = parser.parse_args()
    chosen = [server for server in ALL if not arguments.keys or server.key in arguments.keys]
    wrong = 0
    for server in chosen:
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="vigie-engines-", ignore_cleanup_errors=True) as folder:
            body = captured(server, Path(folder))
        found = faults(server, body)
        wrong += bool(found)
        print(
            f"{'FAILED' if found else 'ok    '}  {server.key:<12}{time.monotonic() - start:5.0f} s", *found, sep="\n  "
        )
        if arguments.write and not found:
            (SAMPLES / f"{server.key}.txt").write_text(as_sample(server, body))
    print(f"\n{len(chosen) - wrong} passed, {wrong} failed")
    return 1 if wrong else 0


def captured(server: Server, folder: Path) -> bytes:
    """Install a server into `folder`, start it, ask it, and fetch its metrics."""
    binaries = folder / "venv" / "bin"
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip = [binaries / "pip", "install", "--quiet", "--disable-pip-version-check"]
    installed = subprocess.run([*pip, *server.packages], capture_output=True, text=True, check=False)
    if installed.returncode:
        raise SystemExit(f"{server.key} could not be installed.\n{installed.stderr[-3000:]}")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "VIGIE_", "PYTHON"))},
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "PYTHONPATH": ".",
        "PYTHONDONTWRITEBYTECODE": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "BENTOML_DO_NOT_TRACK": "1",
        "BENTOML_HOME": str(folder / "bentoml"),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [binaries / server.command[0], *server.command[1:]],
            cwd=SERVERS / server.key,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            answers = [ask(server, good=True, patience=READY_WITHIN_SECONDS)]
            answers += [ask(server, good=True) for _ in range(GOOD - 1)] + [ask(server, good=False) for _ in range(BAD)]
            for url in server.others:
                fetch(url)
            if answers != [200] * GOOD + [500] * BAD:
                raise SystemExit(f"{server.key} answered {answers}\n{(folder / 'log').read_text()[-3000:]}")
            return exposed(server)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=60)


def ask(server: Server, *, good: bool, patience: float = 0) -> int:
    """The status of one request; waits for `patience` seconds until the server answers at all."""
    give_up_at = time.monotonic() + patience
    while True:
        try:
            return fetch(server.ask_url, json.dumps(server.body(good)).encode())[0]
        except OSError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.5)


def fetch(url: str, body: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", "Accept": "text/plain"})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def exposed(server: Server) -> bytes:
    """The metrics, once every request is in them or it takes too long."""
    give_up_at = time.monotonic() + EXPOSED_WITHIN_SECONDS
    while True:
        status, body = fetch(server.metrics_url)
        if status == 200 and (not faults(server, body) or time.monotonic() > give_up_at):
            return body
        time.sleep(1)


def faults(server: Server, body: bytes) -> list[str]:
    """What is wrong between what was asked and what the engine reads: every request once, no probe, no double."""
    engine = ENGINES[server.key]
    observation = observe(engine, parse(body, engine.wanted))
    counters = [model.counters for model in observation.models.values()]
    found = []
    for measure, expected in (("requests", GOOD + BAD), ("failed_requests", BAD)):
        got = sum(sum(each.get(measure, {}).values()) for each in counters)
        if measure in engine.exposes and got != expected:
            found.append(f"{measure}: {got:g} instead of {expected}")
    latencies = [model.histograms.get("e2e_latency", {}) for model in observation.models.values()]
    observed = sum(state.cumulative[-1] for states in latencies for state in states.values())
    if observed != GOOD + BAD:
        found.append(f"e2e_latency: {observed} instead of {GOOD + BAD}")
    recognised = recognise(sample_names(body))
    if recognised not in {server.key, None} or (recognised is None and server.key != "infinity"):
        found.append(f"recognised as {recognised}")
    return [*found, *observation.problems]


def as_sample(server: Server, body: bytes) -> str:
    title = server.title or server.packages[0].replace("==", " ")
    kept = re.compile(rf"(# (HELP|TYPE) )?{server.kept}")
    lines = [line for line in body.decode().splitlines() if kept.match(line)]
    return "\n".join([f"# Captured from {title}, by `make test-engines`; {server.left_out}.", *lines, ""])


if __name__ == "__main__":
    sys.exit(main())
