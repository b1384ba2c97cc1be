"""Work that takes a processor for a minute or more, beside the pages: one piece at a time in a process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

one_at_a_time = threading.Lock()


def begin(work: Callable[..., None], *given: Any) -> None:
    threading.Thread(target=work, args=given, daemon=True).start()
