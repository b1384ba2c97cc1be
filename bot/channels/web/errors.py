"""What the web channel refuses, and how it says so: `{error: key, text}` with a status."""

from __future__ import annotations

from dataclasses import dataclass

from sanic import response
from sanic.response import HTTPResponse

from bot.sentences import refusal, sentence
from hrss.errors import (
    IdentityDiffers,
    IdentityTokenExpired,
    IdentityTokenInvalid,
    MessageIdReused,
    NothingToRate,
    OptionExpired,
    Refusal,
    SessionRefusal,
    SlipNumberWrong,
    SlipUnknown,
)

STATUSES: tuple[tuple[type[Refusal], int], ...] = (
    (SessionRefusal, 401),
    (IdentityDiffers, 409),
    (IdentityTokenExpired, 403),
    (IdentityTokenInvalid, 403),
    (MessageIdReused, 409),
    (OptionExpired, 409),
    (NothingToRate, 404),
    (SlipNumberWrong, 404),
    (SlipUnknown, 404),
    (Refusal, 422),
)


@dataclass(eq=False)
class Denied(Exception):
    """A request that the channel itself refuses; its words are the response `utter_web_<key>`."""

    status: int
    key: str
    retry_after: int | None = None


def denial(refused: Refusal | Denied) -> HTTPResponse:
    if isinstance(refused, Denied):
        status, text = refused.status, sentence(f"utter_web_{refused.key}")
    else:
        status = next(status for kind, status in STATUSES if isinstance(refused, kind))
        text = refusal(refused)
    answer = response.json({"error": refused.key, "text": text}, status=status, ensure_ascii=False)
    if isinstance(refused, Denied) and refused.retry_after:
        answer.headers["Retry-After"] = str(refused.retry_after)
    return answer
