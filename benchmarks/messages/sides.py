"""
The two sides: our bot with its web channel, and stock Rasa with its REST channel, each as its makers run it.

Both are one server process with an action server beside it, and keep every turn in an SQLite file. The rival knows the
same questions (`benchmarks/stock_rasa.py`) and has the default SQL tracker store. How long its DIET was trained changes what it
answers and not how long it takes: for these figures alone `RASA_EPOCHS=1` is enough.
"""

from __future__ import annotations

import json
import secrets
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from benchmarks.messages.processes import Process
from benchmarks.stock_rasa import ENVIRONMENT, USUAL, trained
from tests.conftest import free_port, surroundings

WAIT_SECONDS = 25
DATA = b"data: "


class Side(ABC):
    """One of the two, while it runs."""

    name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: dict[str, Process] = {}
        self.cold_seconds = 0.0

    async def start(self, first: str) -> None:
        """Start the processes, ask a first question, and keep how long it took from nothing to its answer."""
        began = time.perf_counter()
        self._start()
        async with aiohttp.ClientSession() as http:
            talk = await self.talk(http)
            await talk.ask(first)
        self.cold_seconds = time.perf_counter() - began

    def stop(self) -> None:
        for process in self.processes.values():
            process.stop()

    @property
    def server(self) -> Process:
        return self.processes[next(iter(self.processes))]

    @abstractmethod
    def _start(self) -> None: ...

    @abstractmethod
    async def talk(self, http: aiohttp.ClientSession) -> Talk:
        """Begin a conversation."""


class Talk(ABC):
    @abstractmethod
    async def ask(self, text: str) -> list[dict[str, Any]]:
        """Send a text; return what was answered, once all of it is there."""

    @abstractmethod
    def end(self) -> None:
        """Let go of what the talk holds open."""


class Ours(Side):
    name = "ours"

    def _start(self) -> None:
        environment = surroundings(self.folder)
        self.origin = f"http://127.0.0.1:{environment['WEB_PORT']}"
        self.processes = {
            "bot": Process.start("bot", ["-m", "bot", "serve"], self.folder, environment),
            "actions": Process.start("actions", ["-m", "actions"], self.folder, environment),
        }
        self.processes["bot"].wait_for(f"{self.origin}/webhooks/web/ready")

    async def talk(self, http: aiohttp.ClientSession) -> Talk:
        web, headers = f"{self.origin}/webhooks/web", {"Origin": self.origin, "X-HRSS-Embed": "1"}
        async with http.post(f"{web}/session", json={"province": "gd"}, headers=headers) as answer:
            opened = await answer.json()
        return WebTalk(http, web, {**headers, "Authorization": f"Bearer {opened['token']}"})


class WebTalk(Talk):
    """The wire protocol of our web channel, as the widget speaks it: a message is posted, and its answer comes as an event."""

    def __init__(self, http: aiohttp.ClientSession, web: str, headers: dict[str, str]) -> None:
        self._http, self._web, self._headers = http, web, headers
        self._events: aiohttp.ClientResponse | None = None

    async def ask(self, text: str) -> list[dict[str, Any]]:
        if self._events is None:
            unending = aiohttp.ClientTimeout(total=None, sock_read=WAIT_SECONDS)
            self._events = await self._http.get(
                f"{self._web}/events?after=0", headers=self._headers, timeout=unending
            )
        body = {"client_msg_id": secrets.token_hex(8), "text": text}
        async with self._http.post(f"{self._web}/messages", json=body, headers=self._headers) as answer:
            seq = (await answer.json())["seq"]
        said: list[dict[str, Any]] = []
        while not said:
            line = await self._events.content.readline()
            message = json.loads(line[len(DATA) :]) if line.startswith(DATA) else {}
            if message.get("from") == "bot" and message["seq"] > seq:
                said.append(message)
        return said

    def end(self) -> None:
        if self._events is not None:
            self._events.close()


class StockRasa(Side):
    name = "stock Rasa"

    def _start(self) -> None:
        port, actions = free_port(), free_port()
        self.origin = f"http://127.0.0.1:{port}"
        (self.folder / "credentials.yml").write_text("rest:\n", encoding="utf-8")
        endpoints = {
            "tracker_store": {"type": "SQL", "dialect": "sqlite", "db": str(self.folder / "tracker.db")},
            "action_endpoint": {"url": f"http://127.0.0.1:{actions}/webhook"},
        }
        (self.folder / "endpoints.yml").write_text(yaml.safe_dump(endpoints), encoding="utf-8")
        serve = ["-m", "rasa", "run", "-i", "127.0.0.1", "--port", str(port), "--model", str(trained(USUAL))]
        files = ["--credentials", "credentials.yml", "--endpoints", "endpoints.yml"]
        self.processes = {"rasa": Process.start("rasa", [*serve, *files], self.folder, ENVIRONMENT)}
        self.processes["rasa"].wait_for(f"{self.origin}/webhooks/rest/")

    async def talk(self, http: aiohttp.ClientSession) -> Talk:
        return RestTalk(http, f"{self.origin}/webhooks/rest/webhook")


class RestTalk(Talk):
    """Rasa's own REST channel: the answer is the response."""

    def __init__(self, http: aiohttp.ClientSession, webhook: str) -> None:
        self._http, self._webhook, self._sender = http, webhook, secrets.token_hex(8)

    async def ask(self, text: str) -> list[dict[str, Any]]:
        async with self._http.post(self._webhook, json={"sender": self._sender, "message": text}) as answer:
            said: list[dict[str, Any]] = await answer.json()
        return said

    def end(self) -> None:
        """Nothing is held open: every message is a request of its own."""
