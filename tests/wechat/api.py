"""
WeChat's API on the loopback: tokens, customer-service messages with their quotas, media, the menu, 微信客服.

Written from Tencent's documentation and not from the product; its knobs make it slow, broken or strict.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN_SECONDS = 7200
MESSAGE_QUOTA, EVENT_QUOTA = (5, 48 * 3600), (3, 60)
LONGEST_BYTES = 2048


@dataclass
class Call:
    path: str
    query: dict[str, str]
    raw: bytes
    answer: Any

    @property
    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.raw or b"{}"))


@dataclass
class Window:
    left: int
    until: float


@dataclass
class FakeApi:
    """Start it, point `WECHAT_API` to `url`, and look at `calls` and `sent`."""

    app_id: str = "wx0123456789abcdef"
    secret: str = "0123456789abcdef"
    calls: list[Call] = field(default_factory=list)
    windows: dict[str, dict[str, Window]] = field(default_factory=lambda: defaultdict(dict))
    media: dict[str, bytes] = field(default_factory=dict)
    inbox: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    # knobs
    hang_seconds: float = 0
    away: bool = False  # every connection is closed without a word
    refusals: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    refuses_always: dict[str, int] = field(default_factory=dict)
    page_size: int = 2

    def __post_init__(self) -> None:
        self._token, self._expires = "", 0.0
        self._lock = threading.Lock()
        self._kf_ids: set[str] = set()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                api._serve(self, b"")

            def do_POST(self) -> None:
                api._serve(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a client that was killed

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # What happened

    def of(self, path: str) -> list[Call]:
        with self._lock:
            return [call for call in self.calls if call.path == path]

    def sent_to(self, open_id: str) -> list[dict[str, Any]]:
        """Return the messages that reached this person, oldest first."""
        with self._lock:
            return [
                call.body
                for call in self.calls
                if call.path
                in ("/cgi-bin/message/custom/send", "/cgi-bin/kf/send_msg", "/cgi-bin/message/send")
                and call.body.get("touser") == open_id
                and call.answer.get("errcode") == 0
            ]

    def wait_for_sent(self, open_id: str, count: int, seconds: float = 60) -> list[dict[str, Any]]:
        deadline = time.monotonic() + seconds
        while len(sent := self.sent_to(open_id)) < count:
            assert time.monotonic() < deadline, f"{len(sent)} of {count} messages were sent"
            time.sleep(0.05)
        return sent

    # What WeChat knows

    def spoke(self, open_id: str) -> None:
        self.windows[open_id]["message"] = Window(MESSAGE_QUOTA[0], time.time() + MESSAGE_QUOTA[1])

    def tapped(self, open_id: str) -> None:
        self.windows[open_id]["event"] = Window(EVENT_QUOTA[0], time.time() + EVENT_QUOTA[1])

    def left(self, open_id: str) -> None:
        self.windows.pop(open_id, None)

    def invalidate_token(self) -> None:
        self._token = ""

    # The API

    def _serve(self, handler: BaseHTTPRequestHandler, raw: bytes) -> None:
        if self.away:
            handler.close_connection = True
            return
        parts = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        call = Call(parts.path, query, raw, None)
        if self.hang_seconds:
            time.sleep(self.hang_seconds)
        with self._lock:
            answer = call.answer = self._answer(call)
            self.calls.append(call)
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        kind = "image/jpeg" if isinstance(answer, bytes) else "application/json"
        try:
            handler.send_response(200)
            handler.send_header("Content-Type", kind)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content)
        except OSError:
            pass  # the client has hung up

    def _answer(self, call: Call) -> Any:
        if self.refusals[call.path]:
            return _error(self.refusals[call.path].pop(0))
        if call.path in self.refuses_always:
            return _error(self.refuses_always[call.path])
        if call.path == "/cgi-bin/stable_token":
            asked = call.body
            if asked.get("appid") != self.app_id:
                return _error(40013)
            if asked.get("secret") != self.secret:
                return _error(40125)
            return self._issue(force=bool(asked.get("force_refresh")))
        if call.path == "/cgi-bin/gettoken":
            return self._issue(force=False)
        if call.query.get("access_token") != self._token or not self._token:
            return _error(40001)
        if time.time() >= self._expires:
            return _error(42001)
        served = {
            "/cgi-bin/message/custom/send": self._send,
            "/cgi-bin/message/custom/typing": lambda _: _error(0),
            "/cgi-bin/menu/create": lambda _: _error(0),
            "/cgi-bin/media/get": lambda asked: self.media.get(asked.query["media_id"], _error(40007)),
            "/cgi-bin/message/send": lambda _: _error(0),  # to members of the corporation
            "/cgi-bin/kf/sync_msg": self._sync,
            "/cgi-bin/kf/send_msg": self._send_kf,
        }
        return served[call.path](call) if call.path in served else _error(48001)

    def _issue(self, *, force: bool) -> dict[str, Any]:
        if force or not self._token or time.time() >= self._expires:
            self._token, self._expires = secrets.token_urlsafe(96), time.time() + TOKEN_SECONDS
        return {"access_token": self._token, "expires_in": int(self._expires - time.time())}

    def _send(self, call: Call) -> dict[str, Any]:
        body = call.body
        content = body.get("text", {}).get("content", "") or body.get("msgmenu", {}).get("head_content", "")
        if len(content.encode()) > LONGEST_BYTES:
            return _error(45002)
        windows = [each for each in self.windows.get(body["touser"], {}).values() if time.time() < each.until]
        if not windows:
            return _error(45015)
        usable = sorted((each for each in windows if each.left), key=lambda each: each.until)
        if not usable:
            return _error(45047)
        usable[0].left -= 1
        return _error(0)

    def _sync(self, call: Call) -> dict[str, Any]:
        asked = call.body
        start = int(asked.get("cursor") or 0)
        written = self.inbox[asked["open_kfid"]]
        page = written[start : start + self.page_size]
        end = start + len(page)
        return {
            **_error(0),
            "msg_list": page,
            "next_cursor": str(end),
            "has_more": int(end < len(written)),
        }

    def _send_kf(self, call: Call) -> dict[str, Any]:
        if call.body["msgid"] in self._kf_ids:
            return _error(95033)
        self._kf_ids.add(call.body["msgid"])
        return _error(0)


def _error(code: int) -> dict[str, Any]:
    return {"errcode": code, "errmsg": "ok" if code == 0 else f"error {code}"}
