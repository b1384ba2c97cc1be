"""Tests made of real conversations: what was said, and how it must go on being understood."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss import audit, permissions
from hrss.conversations import ERASED
from hrss.errors import ConversationUnknown, NothingToTest
from hrss.identifiers import Kind
from hrss.permissions import May
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Conversation, Regression, Turn
from hrss.vault import LABELS, TOKEN

# Said in the place of what was masked: valid, and nobody's. What nobody may repeat ends the test before it.
STAND_INS = {
    LABELS[Kind.RESIDENT_ID]: "440106199001010009",
    LABELS[Kind.CERTIFICATE]: "H00000000",
    LABELS[Kind.PHONE]: "13800138000",
    LABELS[Kind.BANK_CARD]: "6220000000000000016",
}


def make(
    session: Session,
    conversation_id: str,
    *,
    staff: str,
    corrections: Mapping[int, str],
    now: datetime,
) -> Regression:
    """
    Make a test of a conversation, or make it anew.

    `corrections` say by a turn's number which entry should have answered it; the others are right as they were.
    """
    permissions.require(session, staff, May.MAKE_TESTS)
    conversation = session.get(Conversation, conversation_id)
    if conversation is None:
        raise ConversationUnknown()
    turns = []
    for row in session.scalars(
        select(Turn).where(Turn.conversation_id == conversation_id).order_by(Turn.seq)
    ):
        said = _repeatable(row.text)
        if said is None:
            break
        turns.append(_expectation(row, said, corrections.get(row.seq)))
    if not any("decision" in turn for turn in turns):
        raise NothingToTest()
    regression = session.get(Regression, conversation_id) or Regression(conversation_id=conversation_id)
    regression.made_by, regression.made_at = staff, now
    regression.body = {"province": conversation.province, "turns": turns}
    session.add(regression)
    whose = Subject(SubjectKind.CONVERSATION, conversation_id)
    audit.record(session, "regression.made", whose, now=now, staff=staff, conversation_id=conversation_id)
    session.flush()
    return regression


def of(session: Session, conversation_id: str) -> Regression | None:
    return session.get(Regression, conversation_id)


def export(session: Session, folder: Path) -> int:
    """Write each as a file that `make test` runs; return how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = session.scalars(select(Regression).order_by(Regression.made_at)).all()
    for row in rows:
        # Conversations' ids stay out of git: a file is known by when it was made.
        name = f"{row.made_at:%Y%m%d-%H%M%S}-{row.conversation_id[:6]}.yml"
        text = yaml.safe_dump(row.body, allow_unicode=True, sort_keys=False, width=120)
        (folder / re.sub(r"[^\w.-]", "_", name)).write_text(text, encoding="utf-8")
    return len(rows)


def _expectation(row: Turn, said: str, corrected: str | None) -> dict[str, Any]:
    turn: dict[str, Any] = {"choose" if row.option else "say": said}
    if corrected:
        return {**turn, "decision": "answer", "entry": corrected}
    if row.decision:
        turn["decision"] = row.decision
        turn |= {"entry": row.entry} if row.entry else {"intent": row.intent}
    return turn


def _repeatable(text: str) -> str | None:
    """What to say instead of a text with tokens; None for what cannot be said again."""
    if text == ERASED or any(found.group(1) not in STAND_INS for found in TOKEN.finditer(text)):
        return None
    return TOKEN.sub(lambda found: STAND_INS[found.group(1)], text)
