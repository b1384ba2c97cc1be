"""A proxy between Rasa and the action server that can lose an answer after everything was written."""

from __future__ import annotations

import http.client
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Between:
    """Stands between Rasa and the action server; an answer can be lost on its way, after all was written."""

    def __init__(self) -> None:
        self.actions = ""
        self.on_question: Callable[[], None] | None = None  # once, before it is passed on
        self.on_answer: Callable[[], None] | None = None
        between = self

        class Passing(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                asked, between.on_question = between.on_question, None
                if asked:
                    asked()
                request = urllib.request.Request(between.actions, body, {"Content-Type": "application/json"})
                try:
                    with urllib.request.urlopen(request, timeout=30) as answer:
                        answered = answer.read()
                except (urllib.error.URLError, OSError, http.client.HTTPException):
                    self.close_connection = True  # nobody there, or not any more
                    return
                lose, between.on_answer = between.on_answer, None
                if lose:
                    lose()
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answered)))
                self.end_headers()
                self.wfile.write(answered)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stand_in(self, environment: dict[str, str]) -> None:
        """Have the bot of this environment reach its action server through here."""
        self.actions, environment["ACTION_ENDPOINT"] = environment["ACTION_ENDPOINT"], self.address

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/webhook"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
