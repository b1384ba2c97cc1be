"""The channel's description for programs: it says what the routes serve and what the protocol tells people."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bot.channels.web.channel import CLIENT_MSG_ID, LONGEST_TEXT
from bot.channels.web.pages import description
from hrss import errors
from hrss.errors import PhotoRefusal
from tests.conftest import ROOT, RunningHall
from tests.described import errors_of, operations, resolved, schemas
from tests.talk import Person

CHANNEL = (ROOT / "bot" / "channels" / "web" / "channel.py").read_text(encoding="utf-8")
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")


def test_it_describes_exactly_the_calls_that_the_channel_serves() -> None:
    served = {(method, path) for method, path in re.findall(r'@web\.(get|post|delete)\("(/\w+)"\)', CHANNEL)}

    assert served == {(each.method.lower(), each.path) for each in operations()}


def test_every_schema_in_it_is_one_and_every_reference_leads_somewhere() -> None:
    found = list(schemas(description()))
    assert len(found) > 50
    for schema in found:
        Draft202012Validator.check_schema(schema)
        if "$ref" in schema:
            assert resolved(schema)


def test_it_knows_the_statuses_and_errors_of_the_protocol_and_no_others() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (.*?) \|", PROTOCOL, re.MULTILINE)
    told = {(int(status), key) for status, keys in rows for key in re.findall(r"`(\w+)`", keys)}
    described = {pair for operation in operations() for pair in errors_of(operation)}

    assert described == told


def test_its_fields_of_a_message_are_those_of_the_protocol() -> None:
    section = PROTOCOL.split("## A message")[1].split("\n## ")[0]
    told = {
        name for first in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in first.split(", ")
    }
    described = description()["components"]["schemas"]["Message"]["properties"]

    assert {name.strip("`") for name in told} == set(described)


def test_its_limits_are_those_of_the_code() -> None:
    message = next(each for each in operations() if each.id == "send_message")
    text, *_ = message.body["oneOf"]

    assert text["properties"]["text"]["maxLength"] == LONGEST_TEXT
    assert resolved(text["properties"]["client_msg_id"])["pattern"] == f"^{CLIENT_MSG_ID.pattern}$"


@pytest.mark.parametrize(
    "kind",
    [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PhotoRefusal)],
)
def test_a_refusal_of_a_photo_is_among_the_errors(kind: type[PhotoRefusal]) -> None:
    refused = description()["components"]["responses"]["422"]["content"]["application/json"]["schema"]
    if kind is not PhotoRefusal:
        assert Draft202012Validator(refused["properties"]["error"]).is_valid(kind.key)


def test_the_running_bot_serves_it(hall: RunningHall) -> None:
    served: dict[str, Any] = Person(hall.web).call("GET", "openapi.json")

    assert served == description()
