"""Finding planted values where they must not be."""

from __future__ import annotations

import re


def stands_in(value: str, stored: bytes) -> bool:
    """Six digits turn up inside time stamps and random ids by chance: a value counts when it stands alone."""
    return bool(re.search(rb"(?<![0-9A-Za-z.])" + re.escape(value.encode()) + rb"(?![0-9A-Za-z])", stored))
