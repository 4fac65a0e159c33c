"""`python -m integrations.sandbox`."""

import sys

from integrations.sandbox.cli import main

if __name__ == "__main__":
    sys.exit(main())
