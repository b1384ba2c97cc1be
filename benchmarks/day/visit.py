"""One visitor at the web channel, as the widget does it: sends until it is acknowledged, and waits for the answer."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from benchmarks.day.plan import Press, Say, Step, Visitor

POLL_SECONDS = 20
GIVE_UP_SECONDS = 180  # no answer for so long: it counts as lost
AGAIN_SECONDS = 1.0


@dataclass
class Visit:
    """What a visitor sent and heard; `waited` has the seconds from each message to its answer."""

    visitor: Visitor
    conversation: str = ""
    sent: list[str] = field(default_factory=list)
    heard: dict[int, str] = field(default_factory=dict)
    waited: list[float] = field(default_factory=list)
    late: float = 0.0  # seconds by which it began later than planned
    repeated: int = 0
    unanswered: int = 0


class Door:
    """The bot's web channel; counts what is going on there."""

    def __init__(self, http: aiohttp.ClientSession, web: str, origin: str) -> None:
        self._http, self._web, self._origin = http, web, origin
        self.sent = self.answered = self.here = 0

    async def visit(self, visit: Visit, speed: float) -> None:
        visitor = visit.visitor
        self.here += 1
        try:
            headers = {
                "Origin": self._origin,
                "X-HRSS-Embed": "1",
                "X-Forwarded-For": visitor.address,
            }
            opened = await self._until_taken(visit, "session", {"province": "gd"}, headers)
            visit.conversation = opened["session"]
            headers["Authorization"] = f"Bearer {opened['token']}"
            last = opened["greeting"]
            for number, (step, thinks) in enumerate(zip(visitor.steps, visitor.thinks)):
                await asyncio.sleep(thinks / speed)
                body = _body(step, last, f"message-{number}")
                if body is None:
                    return
                began = time.perf_counter()
                taken = await self._until_taken(visit, "messages", body, headers)
                visit.sent.append(body["client_msg_id"])
                self.sent += 1
                if number == len(visitor.steps) - 1 and not visitor.hears_the_end:
                    return
                last = await self._answer(visit, taken["seq"], headers)
                if not last:
                    visit.unanswered += 1
                    return
                visit.waited.append(time.perf_counter() - began)
                self.answered += 1
        finally:
            self.here -= 1

    async def _until_taken(
        self, visit: Visit, call: str, body: dict[str, Any], headers: dict[str, str]
    ) -> dict[str, Any]:
        """As often as it takes, under the same id."""
        while True:
            try:
                async with self._http.post(f"{self._web}/{call}", json=body, headers=headers) as answer:
                    if answer.status < 300:
                        taken: dict[str, Any] = await answer.json()
                        return taken
            except (aiohttp.ClientError, asyncio.TimeoutError):
                pass
            visit.repeated += 1
            await asyncio.sleep(AGAIN_SECONDS)

    async def _answer(self, visit: Visit, seq: int, headers: dict[str, str]) -> list[dict[str, Any]]:
        deadline, said = time.monotonic() + GIVE_UP_SECONDS, list[dict[str, Any]]()
        while time.monotonic() < deadline:
            try:
                poll = f"{self._web}/poll?after={seq}&wait={POLL_SECONDS}"
                async with self._http.get(poll, headers=headers) as answer:
                    said = (await answer.json())["messages"] if answer.status == 200 else []
            except (aiohttp.ClientError, asyncio.TimeoutError):
                await asyncio.sleep(AGAIN_SECONDS)
            visit.heard.update({message["seq"]: message["text"] for message in said})
            if any(message["kind"] != "system" for message in said):
                return said
            seq = max([seq, *(message["seq"] for message in said)])
        return []


def _body(step: Step, last: list[dict[str, Any]], message_id: str) -> dict[str, Any] | None:
    if isinstance(step, Say):
        return {"client_msg_id": message_id, "text": step.text}
    assert isinstance(step, Press)
    offered = [option for message in last for option in message.get("options", ())]
    wanted = [option for option in offered if step.label in (None, option["label"])]
    return {"client_msg_id": message_id, "option_id": wanted[0]["id"]} if wanted else None
