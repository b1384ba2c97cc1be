"""`make bench`: every measurement of this folder."""

from __future__ import annotations

import sys

from benchmarks import refund_import
from benchmarks.understanding import __main__ as understanding


def main() -> int:
    return understanding.main([]) or refund_import.main([])


if __name__ == "__main__":
    sys.exit(main())
