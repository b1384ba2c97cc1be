"""A filter of the list as its address has it: the list, its export, saved filters and charts all speak it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import abort

from console import moments
from console.records import me
from hrss.conversations import RATINGS
from hrss.errors import CaseNumberWrong
from hrss.identifiers import parse_case_number
from hrss.transcript_list import Filters, Place, Queue

LONGEST = 100


def _lead(text: str) -> float:
    lead = float(text)
    if not 0 <= lead <= 1:
        raise ValueError(text)
    return lead


def _satisfaction(text: str) -> int:
    if text not in map(str, RATINGS):
        raise ValueError(text)
    return int(text)


# How each part of a filter is read; what cannot be read raises ValueError.
PARTS: Mapping[str, Callable[[str], Any]] = {
    "since": moments.since,
    "until": moments.until,
    "asked_since": moments.since,
    "asked_until": moments.until,
    "channel": str,
    "province": str,
    "decision": str,
    "stage": str,
    "entry": str,
    "lead": _lead,
    "fallback": lambda text: text == "yes",
    "slow": lambda text: text == "yes",
    "flow": str,
    "stopped_at": str,
    "refused": str,
    "feedback": str,
    "satisfaction": _satisfaction,
    "reviewed": str,
    "handover": str,
    "follow_up": str,
    "staff": str,
    "case_number": parse_case_number,
    "text": str,
    "by_anyone": lambda text: text == "yes",
    "queue": Queue,
}


def chosen(arguments: Mapping[str, str]) -> dict[str, Any]:
    """The parts that say something, as they were typed."""
    given = {name: arguments.get(name, "").strip()[:LONGEST] for name in PARTS}
    return {name: value for name, value in given.items() if value}


def read(given: Mapping[str, str]) -> Filters:
    """The filter; what means nothing is a bad request."""
    try:
        parts = {name: PARTS[name](value) for name, value in given.items()}
    except (ValueError, CaseNumberWrong):
        abort(400)
    return Filters(**parts, reader=me())


def query(given: Mapping[str, str]) -> str:
    return urlencode(sorted(given.items()))


def written(place: Place) -> str:
    return f"{place.last_at.isoformat()}~{place.id}"


def place(text: str) -> Place:
    """Read back what `written` wrote."""
    moment, _, conversation_id = text.partition("~")
    try:
        last_at = datetime.fromisoformat(moment)
    except ValueError:
        abort(400)
    if last_at.tzinfo is None or last_at.year not in moments.YEARS:
        abort(400)
    return Place(last_at, conversation_id)
