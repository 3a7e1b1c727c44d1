"""Lets ``python -m hotspots`` do what ``hotspots`` does."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
