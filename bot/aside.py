"""
An event loop in a thread of its own, for Rasa's turns.

A turn computes for a while without a pause. In the loop of the server, forty of them at once would hold every answer
back for seconds; beside it, the server goes on listening. One loop for all turns: Rasa is not made for more.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


async def run_aside(what: Coroutine[Any, Any, T]) -> T:
    """Run this in the other loop, in a copy of our context, and wait for it."""
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(what, _loop()))


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="turns", daemon=True).start()
    return loop
