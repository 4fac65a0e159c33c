"""`python -m portal.ping WORKER` ends as soon as that worker answers over the broker, with 1 if never."""

import sys
import time

from portal.celery import app

PATIENCE_SECONDS = 90.0


def main(worker: str) -> int:
    """0 when the worker answered."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if app.control.ping(destination=[worker], timeout=1.0):
            return 0
    sys.stderr.write(f"{worker} did not answer.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
