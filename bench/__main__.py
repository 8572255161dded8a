"""`python -m bench [decode] [ingest] [pages] [pull] [push]`: run these measurements, or all of them; 1 when a limit is missed."""

import os
import signal
import sys
import warnings
from contextlib import ExitStack
from importlib import import_module
from time import monotonic

from bench import database
from bench.report import HEADINGS, print_row, show

# Subject → whether it needs PostgreSQL.
SUBJECTS = {
    "decode": False,
    "ingest": True,
    "pages": True,
    "pull": True,
    "push": True,
    "questions": True,
    "rollups": True,
}


def main(names: list[str]) -> int:
    if unknown := set(names) - SUBJECTS.keys():
        print(
            f"There is no benchmark {', '.join(sorted(unknown))}. Choose from: {', '.join(SUBJECTS)}.", file=sys.stderr
        )
        return 2
    chosen = names or list(SUBJECTS)
    started = monotonic()
    # Whoever asks to stop gets everything stopped that was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.environ |= database.settings()
    # There are no collected static files, which WhiteNoise says at every start.
    warnings.filterwarnings("ignore", message="No directory at")
    import django

    django.setup()
    is_kept = True
    with ExitStack() as stack:
        if any(SUBJECTS[name] for name in chosen):
            stack.enter_context(database.server())
        print("Medians, ± half the width of the middle half of the runs; PostgreSQL with fsync and synchronous commit.")
        print_row(HEADINGS)
        for name in chosen:
            is_kept = show(import_module(f"bench.{name}").measure()) and is_kept
    print(f"{monotonic() - started:.0f} s")
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
