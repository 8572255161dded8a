"""`python -m config.launcher`: run Vigie with everything it needs, until somebody stops it."""

import sys

from config.launcher.run import run

if __name__ == "__main__":
    sys.exit(run())
