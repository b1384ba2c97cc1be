"""How often one address and one site may open conversations, and one conversation may speak."""

from __future__ import annotations

import math
import time
from typing import Protocol

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from bot.channels.web.errors import Denied

log = structlog.get_logger()

PATIENCE_SECONDS = 0.3  # for Redis; somebody waits at the door
ASK_AGAIN_SECONDS = 5.0  # after it did not answer


class Allowances(Protocol):
    """What the quota needs of the settings: numbers a minute."""

    @property
    def web_sessions_per_minute(self) -> int: ...

    @property
    def web_site_sessions_per_minute(self) -> int: ...

    @property
    def web_messages_per_minute(self) -> int: ...


class Quota:
    """
    Raises `Denied` with 429 when an allowance is used up.

    Counts in Redis, for all processes together; where there is none, or while it is away, in this process.
    """

    def __init__(self, allowances: Allowances, redis_url: str = "") -> None:
        self._storage = MemoryStorage()  # the limiter holds it weakly
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._shared: MovingWindowRateLimiter | None = None
        self._ask_after = 0.0
        if redis_url:
            self._redis = RedisStorage(
                redis_url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS
            )
            self._shared = MovingWindowRateLimiter(self._redis)
        self._sessions = RateLimitItemPerMinute(allowances.web_sessions_per_minute, namespace="session")
        self._sites = RateLimitItemPerMinute(allowances.web_site_sessions_per_minute, namespace="site")
        self._messages = RateLimitItemPerMinute(allowances.web_messages_per_minute, namespace="message")
        self._suggestions = RateLimitItemPerMinute(
            5 * allowances.web_messages_per_minute, namespace="suggest"
        )

    def session(self, address: str, origin: str) -> None:
        """One address may open so many; and all pages of one site so many, so that none takes the others' share."""
        self._take(self._sessions, address)
        self._take(self._sites, origin)

    def message(self, conversation_id: str) -> None:
        self._take(self._messages, conversation_id)

    def suggestion(self, conversation_id: str) -> None:
        self._take(self._suggestions, conversation_id)

    def _take(self, allowance: RateLimitItem, whose: str) -> None:
        if self._shared is not None and time.monotonic() >= self._ask_after:
            try:
                _take(self._shared, allowance, whose)
            except RedisError:
                log.warning("quota.alone", exc_info=True)
                self._ask_after = time.monotonic() + ASK_AGAIN_SECONDS
            else:
                return
        _take(self._limiter, allowance, whose)


def _take(limiter: MovingWindowRateLimiter, allowance: RateLimitItem, whose: str) -> None:
    if not limiter.hit(allowance, whose):
        free_again, _ = limiter.get_window_stats(allowance, whose)
        raise Denied(429, "too_many", retry_after=max(1, math.ceil(free_again - time.time())))
