"""
The lines of a transcript, numbered without gaps in the order in which they were said.

Every message goes this way twice, as a question and as its answer, so the statements are written once, and about tables:
SQLAlchemy takes longer to put a statement together and to make objects of rows than a database takes to answer it.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from hrss.errors import SessionUnknown
from hrss.tables import Conversation, Message, Turn

CONVERSATIONS, TURNS, MESSAGES = Conversation.__table__, Turn.__table__, Message.__table__

_LOCKED = select(CONVERSATIONS).with_for_update()
_BY_ID = _LOCKED.where(CONVERSATIONS.c.id == bindparam("conversation_id"))
_OF_TURN = _LOCKED.where(
    CONVERSATIONS.c.id
    == select(TURNS.c.conversation_id).where(TURNS.c.id == bindparam("turn_id")).scalar_subquery()
)
_MESSAGE = insert(MESSAGES)
_MOVED_ON = (
    update(CONVERSATIONS)
    .where(CONVERSATIONS.c.id == bindparam("conversation_id"))
    .values({name: bindparam(name) for name in ("last_seq", "last_at", "expires_at")})
)


class Author(str, Enum):
    USER = "user"
    BOT = "bot"
    STAFF = "staff"


class Line(NamedTuple):
    """One message as the table has it; what is read from there has the same names."""

    conversation_id: str
    seq: int
    at: datetime
    author: str
    kind: str
    text: str
    body: dict[str, Any]
    client_msg_id: str | None
    turn_id: str | None


def locked(session: Session, conversation_id: str) -> Row:
    """The conversation's row, with everybody else waiting until this transaction ends."""
    return _locked(session, _BY_ID, conversation_id=conversation_id)


def locked_of_turn(session: Session, turn_id: str) -> Row:
    return _locked(session, _OF_TURN, turn_id=turn_id)


def carry_out(session: Session, statement: Any, *rows: dict[str, Any], **values: Any) -> Any:
    """Run a statement about tables; what objects of this transaction have not told the database yet comes first."""
    session.flush()
    return session.connection().execute(statement, list(rows) or values)


def append(
    session: Session,
    conversation: Row,
    messages: Iterable[dict[str, Any]],
    *,
    author: Author,
    turn_id: str | None,
    now: datetime,
    expires_at: datetime | None = None,
) -> list[Line]:
    """
    Give the messages the next numbers; options without an id get one.

    `conversation` is its row, locked; `expires_at` when it shall end instead of when it would have.
    """
    said = []
    for seq, message in enumerate(messages, start=conversation.last_seq + 1):
        body = dict(message)
        if options := body.get("options"):
            body["options"] = [{"id": f"{seq}-{n}"} | each for n, each in enumerate(options, start=1)]
        kind, text, client_msg_id = (
            body.pop("kind", "text"),
            body.pop("text"),
            body.pop("client_msg_id", None),
        )
        said.append(Line(conversation.id, seq, now, author.value, kind, text, body, client_msg_id, turn_id))
    if said:
        carry_out(session, _MESSAGE, *(line._asdict() for line in said))
    carry_out(
        session,
        _MOVED_ON,
        conversation_id=conversation.id,
        last_seq=conversation.last_seq + len(said),
        last_at=now,
        expires_at=expires_at or conversation.expires_at,
    )
    return said


def _locked(session: Session, statement: Any, **which: Any) -> Row:
    row = carry_out(session, statement, **which).first()
    if row is None:
        raise SessionUnknown()
    return row
