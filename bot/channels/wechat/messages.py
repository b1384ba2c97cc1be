"""WeChat's XML: what comes is read strictly, what goes out survives whatever it says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

# What XML 1.0 has no way to write.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER = re.compile(r"[0-9]{1,20}")
HASH_LENGTH = 40  # characters of a hash in a key


class BrokenMessage(Exception):
    """No XML in the form of WeChat's messages."""


@dataclass(frozen=True)
class Incoming:
    """A message or an event: who sent it, when, and its fields."""

    sender: str
    receiver: str
    created: int
    kind: str  # MsgType; of an event `event`
    event: str  # Event in lower case; empty for messages
    fields: Mapping[str, str]

    @property
    def key(self) -> str:
        """The same for every delivery of the same message or event."""
        message_id = self.fields.get("MsgId", "") if self.kind != "event" else ""
        if _NUMBER.fullmatch(message_id):
            return f"wx-{message_id}"
        if message_id:  # of 微信客服: any text
            return f"kf-{_hash(self.sender, message_id)}"
        # Two different events may come from one person in the same second.
        what = (self.kind, self.event, self.fields.get("EventKey", ""))
        return f"we-{_hash(self.sender, str(self.created), *what)}"


def _hash(*parts: str) -> str:
    return hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:HASH_LENGTH]


def read_fields(body: bytes) -> dict[str, str]:
    """Return the fields of a flat message; nested ones, such as of a scan, are left out."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):  # the last: an encoding nobody knows
        raise BrokenMessage("no XML") from None
    if root.tag != "xml":
        raise BrokenMessage("another root")
    fields: dict[str, str] = {}
    for child in root:
        if child.tag in fields:
            raise BrokenMessage("a field twice")
        if len(child) == 0:
            fields[child.tag] = child.text or ""
    return fields


def read_message(body: bytes) -> Incoming:
    fields = read_fields(body)
    created = fields.get("CreateTime", "")
    sender, receiver, kind = (
        fields.get(name, "").strip() for name in ("FromUserName", "ToUserName", "MsgType")
    )
    if not receiver or not kind or not _NUMBER.fullmatch(created) or not (sender or kind == "event"):
        raise BrokenMessage("a field is missing")
    event = fields.get("Event", "").strip().lower() if kind == "event" else ""
    return Incoming(sender, receiver, int(created), kind, event, fields)


def text_reply(message: Incoming, text: str, *, now: int) -> bytes:
    return _xml(
        ToUserName=message.fields["FromUserName"],
        FromUserName=message.receiver,
        CreateTime=now,
        MsgType="text",
        Content=text,
    )


def sealed_reply(encrypted: str, signed: str, timestamp: str, nonce: str) -> bytes:
    return _xml(Encrypt=encrypted, MsgSignature=signed, TimeStamp=int(timestamp), Nonce=nonce)


def _xml(**fields: str | int) -> bytes:
    parts = (
        f"<{name}>{value if isinstance(value, int) else _cdata(value)}</{name}>"
        for name, value in fields.items()
    )
    return f"<xml>{''.join(parts)}</xml>".encode()


def _cdata(text: str) -> str:
    # The one thing a CDATA section cannot hold is its own end: it is cut in two there.
    whole = _UNWRITABLE.sub("", text).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{whole}]]>"
