"""Debian's Prometheus, unpacked into a temporary folder without installing it: scraping, sending on, or receiving."""

import socket
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.launcher.bootstrap import CannotGoOn, fetch_prometheus, find_prometheus
from config.launcher.processes import wait_until

START_SECONDS = 20


class Unavailable(Exception):
    """A clause that says why there is no Prometheus to compare with."""


@dataclass(frozen=True)
class Running:
    """A Prometheus that listens."""

    pid: int
    port: int


def binary() -> Path:
    """The program on the path, or the one of Debian's package. Raises `Unavailable`."""
    try:
        fetch_prometheus()
    except CannotGoOn as problem:
        raise Unavailable(str(problem)) from None
    found = find_prometheus()
    assert found
    return Path(found)


@contextmanager
def running(folder: Path, configuration: str, *options: str) -> Iterator[Running]:
    """Prometheus with this configuration, its data in the folder. Raises `Unavailable` when it does not start."""
    program = binary()
    file, log = folder / "prometheus.yml", folder / "prometheus.log"
    file.write_text(configuration)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(str(program), f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}"),
        *(f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn", *options),
    ]
    with log.open("wb") as out, subprocess.Popen(command, cwd=folder, stdout=out, stderr=out) as process:
        try:
            answers = wait_until(lambda: process.poll() is not None or _is_ready(port), START_SECONDS)
            if process.poll() is not None or not answers:
                raise Unavailable(f"it did not start: {(log.read_text().splitlines() or [''])[-1]}")
            yield Running(process.pid, port)
        finally:
            process.terminate()


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def scraping(address: str, paths: Sequence[str], interval_seconds: int, send_to: str = "") -> str:
    """A configuration that scrapes these paths of a server, and sends what it finds to a URL, if there is one."""
    targets = "".join(
        f"      - targets: ['{address}']\n        labels: {{__metrics_path__: '{path}', instance: '{path}'}}\n"
        for path in paths
    )
    every = f"{interval_seconds}s"
    # In one line of requests: what several shards send side by side depends on how busy the machine is.
    options = "    metadata_config: {send: false}\n    queue_config: {max_shards: 1}\n"
    sending = f"remote_write:\n  - url: {send_to}\n{options}" if send_to else ""
    return (
        f"global:\n  scrape_interval: {every}\n  scrape_timeout: {every}\n"
        f"scrape_configs:\n  - job_name: bench\n    static_configs:\n{targets}{sending}"
    )
