"""What holds for every request, whichever channel it is for: what may be reached, its id, its size, its figures."""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
import time
from typing import Any

import structlog
from sanic import Sanic, response
from sanic.exceptions import InvalidUsage, PayloadTooLarge, SanicException
from sanic.request import Request
from sanic.response import BaseHTTPResponse, HTTPResponse

from bot import figures, hall
from bot.channels.web.errors import Denied, denial

log = structlog.get_logger()

CHANNELS = "/webhooks/"  # where Rasa puts them; nothing else of its server is for anyone
METRICS = "/metrics"
REQUEST_ID = "X-Request-ID"
REQUEST_ID_FORM = re.compile(r"[A-Za-z0-9-]{8,64}")
LENGTH_FORM = re.compile(r"[0-9]{1,15}")
LARGEST_REQUEST = 11 * 1024 * 1024  # a photo of 10 MB and what stands around it
PATIENCE_SECONDS = 20  # for a request to arrive; who sends more slowly holds a place that others want


class OneLength(Request):
    """A request whose head says at most once, and in digits, how long its body is: Sanic waits for ever for -1 bytes."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        said = self.headers.getall("content-length", [])
        if len(said) > 1 or not all(LENGTH_FORM.fullmatch(each) for each in said):
            raise InvalidUsage("Bad Request")
        if said and "transfer-encoding" in self.headers:
            raise InvalidUsage("Bad Request")  # two lengths again


async def guard(app: Sanic, _loop: object) -> None:
    """Set up a server of Rasa's so that nothing but its channels can be reached."""
    app.config.REQUEST_MAX_SIZE = LARGEST_REQUEST
    app.request_class = OneLength
    app.config.REQUEST_TIMEOUT = PATIENCE_SECONDS
    app.config.PROXIES_COUNT = hall.settings().web_proxies or None
    # Rasa's own middleware speaks for other sites' scripts, and would at every message; ours does (`cross` of the channel).
    for middleware in (app.request_middleware, app.response_middleware):
        for each in [each for each in middleware if each.__module__.startswith("sanic_cors")]:
            middleware.remove(each)
    app.request_middleware.appendleft(_begin)
    app.register_middleware(_finish, "response")
    app.exception(SanicException)(_refused)


async def _begin(request: Request) -> HTTPResponse | None:
    structlog.contextvars.clear_contextvars()  # a connection that is kept open serves one request after another
    given = request.headers.get(REQUEST_ID, "")
    request.ctx.id = given if REQUEST_ID_FORM.fullmatch(given) else secrets.token_hex(8)
    request.ctx.began = time.perf_counter()
    structlog.contextvars.bind_contextvars(request=request.ctx.id)
    if request.path == METRICS:
        return await _metrics(request)
    if not request.path.startswith(CHANNELS):
        return response.empty(404)
    if (
        request.method == "OPTIONS"
    ):  # a browser asks what another site's script may do; the channel's headers say it
        return response.empty()
    return None


async def _finish(request: Request, answer: BaseHTTPResponse) -> None:
    answer.headers[REQUEST_ID] = request.ctx.id
    route = request.route.path if request.route and answer.status != 404 else "none"
    seconds = time.perf_counter() - request.ctx.began
    figures.REQUESTS.add(request.method, route, str(answer.status))
    figures.REQUEST_SECONDS.observe(seconds, route)
    if request.method != "GET" or answer.status >= 400:  # who only reads would fill the log
        milliseconds = round(seconds * 1000, 1)
        log.info(
            "request", method=request.method, route=route, status=answer.status, milliseconds=milliseconds
        )


async def _refused(request: Request, error: SanicException) -> HTTPResponse:
    """Say what Sanic refuses without its pages, which repeat what was asked."""
    if isinstance(error, PayloadTooLarge):
        return denial(Denied(413, "message_too_long"))
    return response.empty(error.status_code)


async def _metrics(request: Request) -> HTTPResponse:
    if not _may_read_metrics(request):
        return response.empty(404)
    text = await asyncio.to_thread(figures.exposition)
    return response.text(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_read_metrics(request: Request) -> bool:
    token = hall.settings().metrics_token
    if token:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    # A proxy on this machine asks from this machine too, for whoever asked it.
    return request.ip in ("127.0.0.1", "::1") and "X-Forwarded-For" not in request.headers
