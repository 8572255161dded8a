"""Outlives the launcher by a moment: when the pipe to it closes, ends every group that was written down.

The launcher holds the other end and never writes; only its death, by whatever signal, closes it. Run as
`python -m config.launcher.guardian FILE` with the pipe as standard input.
"""

import signal
import sys
from pathlib import Path

from config.launcher.processes import end_written_down


def main(path: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    end_written_down(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
