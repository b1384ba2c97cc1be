"""Messages to phones, written into the outbox in the transaction that decides on them."""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from hrss import words
from hrss.tables import OutboxSms

if TYPE_CHECKING:
    from hrss.hall import Hall


class SmsState(str, Enum):
    QUEUED = "queued"
    WITHHELD = "withheld"  # the phone is nobody's on record: it gets nothing, and nobody can tell
    SENDING = "sending"
    SENT = "sent"
    EXPIRED = "expired"
    FAILED = "failed"
    UNKNOWN = "unknown"  # taken or not: never sent again


def queue(
    session: Session,
    hall: "Hall",
    *,
    phone: str,
    template: str,
    blanks: Mapping[str, str],
    now: datetime,
    expires_at: datetime | None = None,
    withheld: bool = False,
    case_number: str | None = None,
    conversation_id: str | None = None,
) -> None:
    """Have a message sent once this transaction stands."""
    worded(template, blanks)  # a blank that is missing should fail here, not in the dispatcher
    row = OutboxSms(
        id=secrets.token_hex(16),
        template=template,
        state=(SmsState.WITHHELD if withheld else SmsState.QUEUED).value,
        queued_at=now,
        expires_at=expires_at,
        tries=0,
        case_number=case_number,
        conversation_id=conversation_id,
    )
    hall.sealer.seal_document(row, {"phone": phone, "blanks": dict(blanks)})
    session.add(row)
    session.flush()


def templates() -> dict[str, str]:
    return dict(words.read("sms_templates"))


def worded(template: str, blanks: Mapping[str, str]) -> str:
    return templates()[template].format_map(blanks)


def blanks_of(template: str) -> list[str]:
    """The names of its blanks in order, as gateways number them."""
    return re.findall(r"{(\w+)}", templates()[template])
