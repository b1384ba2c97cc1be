"""The bell of a conversation: whoever listens to it is woken when something was said."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hrss.lines import Line


class Ear:
    """One who listens, and what was said in this process since they last looked."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self._said: list[Line] = []

    def ring(self, said: Sequence[Line]) -> None:
        self._said += said
        self._rung.set()

    async def rung(self, seconds: float) -> bool:
        """Wait for the bell, at most so long; return whether it rang."""
        try:
            await asyncio.wait_for(self._rung.wait(), seconds)
        except asyncio.TimeoutError:
            return False
        self._rung.clear()
        return True

    def next_lines(self, seq: int) -> list[Line]:
        """
        Return what was heard from after this line on, and forget it; nothing where a line is missing.

        What other processes say is not heard here, only that they said something: then the database has to be asked.
        """
        lines = [line for line in self._said if line.seq > seq]
        self._said.clear()
        in_order = [line.seq for line in lines] == list(range(seq + 1, seq + 1 + len(lines)))
        return lines if in_order else []


class Bell:
    """Wakes those who wait for something to happen in a conversation, in this process."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[Ear]] = defaultdict(set)
        self.closed = False

    @contextmanager
    def heard(self, conversation_id: str) -> Iterator[Ear]:
        ear = Ear()
        self._waiting[conversation_id].add(ear)
        try:
            yield ear
        finally:
            self._waiting[conversation_id].discard(ear)
            if not self._waiting[conversation_id]:
                del self._waiting[conversation_id]

    def begin(self) -> None:
        """Listen to other processes, where there are any."""

    def ring(self, conversation_id: str, said: Sequence[Line] = ()) -> None:
        """Wake who listens; `said` spares them asking the database."""
        for ear in self._waiting.get(conversation_id, ()):
            ear.ring(said)

    @property
    def is_heard(self) -> bool:
        """Whether anyone waits."""
        return bool(self._waiting)

    def listening(self) -> set[str]:
        """Return the conversations in which someone waits."""
        return set(self._waiting)

    def close(self) -> None:
        """Wake everyone for the last time: a server that stops does not wait for those who listen."""
        self.closed = True
        for conversation_id in self._waiting:
            self.ring(conversation_id)
