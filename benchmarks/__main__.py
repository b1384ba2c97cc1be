"""`make bench`: see `results.py`."""

from __future__ import annotations

import sys

from benchmarks.results import main

if __name__ == "__main__":
    sys.exit(main())
