"""The access token: fetched once however many wait for it, renewed before it expires."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

RENEWED_BEFORE_SECONDS = 300
FORCED_AT_MOST_EVERY_SECONDS = 60  # WeChat forces a new one at most 20 times a day

Fetch = Callable[[bool], Awaitable[tuple[str, int]]]


class Tokens:
    """Keeps the token that `fetch(force)` gives with its lifetime in seconds."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._token = ""
        self._until = 0.0
        self._forced_at = float("-inf")
        self._lock = asyncio.Lock()

    async def current(self) -> str:
        async with self._lock:
            if not self._token or time.monotonic() >= self._until:
                await self._renew()
            return self._token

    async def instead_of(self, refused: str) -> str:
        """Return another token than the one that was refused; the first to ask fetches it for all."""
        async with self._lock:
            if self._token == refused:
                await self._renew()
            now = time.monotonic()
            if self._token == refused and now - self._forced_at >= FORCED_AT_MOST_EVERY_SECONDS:
                self._forced_at = now
                await self._renew(force=True)
            return self._token

    async def _renew(self, *, force: bool = False) -> None:
        self._token = ""  # should the fetch fail, nobody is given the old one
        token, lasting = await self._fetch(force)
        self._token = token
        self._until = time.monotonic() + max(lasting - RENEWED_BEFORE_SECONDS, 0)
