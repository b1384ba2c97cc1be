"""The files of the widget, of its page for iframes and of the demo page, each under a strict content security policy."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

HERE = Path(__file__).parent
KINDS = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors {around}; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)


_COMMENT = re.compile(rb"^[ \t]*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*$", re.DOTALL | re.MULTILINE)


class Body(NamedTuple):
    """What a file holds, as it is and packed; `tag` changes with it."""

    plain: bytes
    packed: bytes
    tag: str


@cache
def description() -> dict[str, Any]:
    """Return the channel's OpenAPI description."""
    return dict(yaml.safe_load((HERE / "openapi.yml").read_text(encoding="utf-8")))


def add_to(web: Blueprint, origins: Iterable[str]) -> None:
    """Serve the files. Only pages of `origins` may stand around the page for iframes, and none but ours around the others."""
    files = _files()
    framed, own = POLICY.format(around=" ".join(["'self'", *sorted(origins)])), POLICY.format(around="'self'")

    @web.get("/openapi.json")
    async def openapi(request: Request) -> HTTPResponse:
        return response.json(description(), ensure_ascii=False, headers={"X-Content-Type-Options": "nosniff"})

    @web.get("/<path:path>")
    async def page(request: Request, path: str) -> HTTPResponse:
        file = files.get(path)
        if file is None:
            return response.text("", status=404)
        body = served(file)
        packed = "gzip" in request.headers.get("Accept-Encoding", "")
        headers = {
            **({} if "/" in path and not path.startswith("chat/") else {"Access-Control-Allow-Origin": "*"}),
            **({"Content-Encoding": "gzip"} if packed else {}),
            "Content-Security-Policy": framed if path.startswith("frame/") else own,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-cache",
            "ETag": body.tag,
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("If-None-Match") == body.tag:
            return response.raw(b"", status=304, headers=headers)
        content_type = f"{KINDS[file.suffix]}; charset=utf-8"
        return response.raw(body.packed if packed else body.plain, content_type=content_type, headers=headers)


def _files() -> dict[str, Path]:
    """Return what may be asked for, by its path: nothing else can be, whatever is typed."""
    found = {}
    for folder, prefix in (("static", ""), ("frame", "frame/"), ("demo", "demo/")):
        for path in (HERE / folder).rglob("*"):
            if path.suffix in KINDS:
                found[prefix + path.relative_to(HERE / folder).as_posix()] = path
    for folder in ("frame", "demo"):
        found[f"{folder}/"] = found[f"{folder}/index.html"]
    return found


def served(file: Path) -> Body:
    """Return what a browser gets of a file: no comments, but the same line numbers."""
    return _read(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _read(file: Path, _changed: int) -> Body:
    plain = file.read_bytes()
    if file.suffix in (".js", ".css"):
        plain = _COMMENT.sub(_empty_lines, plain)
    return Body(plain, gzip.compress(plain, 9, mtime=0), f'W/"{hashlib.sha256(plain).hexdigest()[:20]}"')


def _empty_lines(comment: re.Match[bytes]) -> bytes:
    return b"\n" * comment.group().count(b"\n")
