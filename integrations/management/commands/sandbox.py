"""`manage.py sandbox`: the simulated ledgers, in one process of their own."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand

from integrations.sandbox import cli


class Command(BaseCommand):
    """Runs the sandbox in the foreground until interrupted."""

    help = "Simulated ledgers with true double-entry books, for development and tests."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """The sandbox's own options."""
        cli.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve; exits with 1 when the port is taken."""
        code = cli.run(
            host=options["host"],
            port=options["port"],
            time_scale=options["time_scale"],
            data_dir=options["data_dir"],
            clients=options["client"],
        )
        if code:
            sys.exit(code)
