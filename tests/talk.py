"""A person at the web channel, over HTTP."""

from __future__ import annotations

import http.cookiejar
import json
import secrets
import urllib.error
import urllib.request
from typing import Any

Message = dict[str, Any]
ASIDES = {"system", "bulletin"}  # what comes in between, or before an answer


class Refused(Exception):
    """The server answered with an error status."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body


class Person:
    """Speaks the wire protocol with a cookie of its own; keeps the transcript as it was shown."""

    def __init__(
        self,
        web: str,
        *,
        province: str | None = "gd",
        origin: str | None = None,
        identity_token: str | None = None,
    ) -> None:
        self.web = web
        self.origin = origin or web.split("/webhooks")[0]
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.seen: list[Message] = []
        said = {"province": province, "identity_token": identity_token}
        self.opened = self.call("POST", "session", {name: each for name, each in said.items() if each})
        self.seen += self.opened["greeting"]

    @property
    def last_seq(self) -> int:
        return int(self.seen[-1]["seq"]) if self.seen else 0

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.web}/{path}",
            method=method,
            data=None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode(),
            headers={"Origin": self.origin, "Content-Type": "application/json", **(headers or {})},
        )
        try:
            with self._opener.open(request, timeout=40) as answer:
                return dict(json.loads(answer.read() or b"{}"))
        except urllib.error.HTTPError as error:
            raise Refused(error.code, json.loads(error.read() or b"{}")) from None

    def say(self, text: str, *, message_id: str | None = None) -> list[Message]:
        """Send a text; return what the bot answers."""
        return self._send({"client_msg_id": message_id or secrets.token_hex(8), "text": text})

    def upload(self, file: bytes) -> list[Message]:
        """Send a JPEG as the widget does; return what the bot answers."""
        head = b'--part\r\nContent-Disposition: form-data; name="file"; filename="card.jpg"\r\n'
        body = head + b"Content-Type: image/jpeg\r\n\r\n" + file + b"\r\n--part--\r\n"
        kept = self.call("POST", "uploads", body, {"Content-Type": "multipart/form-data; boundary=part"})
        return self._send({"client_msg_id": secrets.token_hex(8), "upload_id": kept["upload_id"]})

    def choose(self, label: str) -> list[Message]:
        """Press the newest button with this label."""
        for message in reversed(self.seen):
            for option in message.get("options", ()):
                if option["label"] == label:
                    return self._send({"client_msg_id": secrets.token_hex(8), "option_id": option["id"]})
        raise AssertionError(f"no button {label!r}; the last ones: {self.labels()}")

    def labels(self) -> list[str]:
        """Return the labels of the last message that has buttons."""
        for message in reversed(self.seen):
            if message.get("options"):
                return [option["label"] for option in message["options"]]
        return []

    def _send(self, body: dict[str, Any]) -> list[Message]:
        sent = self.call("POST", "messages", body)["seq"]
        answers: list[Message] = []
        while True:  # notices may come at any time, also between a message and its answer
            said = self.wait()
            answers += [message for message in said if message["seq"] > sent]
            if not said or any(message["kind"] not in ASIDES for message in answers):
                return answers

    def wait(self) -> list[Message]:
        """Return the bot's next messages."""
        while True:
            new = self.call("GET", f"poll?after={self.last_seq}&wait=20")["messages"]
            self.seen += new
            answers = [message for message in new if message["from"] != "user"]
            if answers or not new:
                return answers
