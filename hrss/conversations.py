"""Conversations: what was said, in which order, and which turn it answers."""

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import Integer, and_, bindparam, delete, desc, func, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from hrss import kept_days, lines, photos
from hrss.errors import MessageIdReused, NothingToRate, OptionExpired, SessionEnded, SessionUnknown
from hrss.identifiers import Kind
from hrss.lines import CONVERSATIONS, MESSAGES, TURNS, Author, Line, carry_out
from hrss.tables import Consent, Conversation, Feedback, FlowStep, Message, Regression, Turn
from hrss.vault import Vault


class TurnState(str, Enum):
    RECEIVED = "received"
    ANSWERED = "answered"
    FAILED = "failed"


@dataclass(frozen=True)
class Received:
    """Where a message of the user stands; `repeated` when it had been received before, else with its `line`."""

    turn_id: str
    seq: int
    repeated: bool
    conversation: Row
    line: Line | None = None


# What the understanding of a message leaves with its turn.
READING = (
    "cleaned",
    "stage",
    "decision",
    "confidence",
    "intent",
    "entry",
    "entry_version",
    "candidates",
    "thresholds",
    "province",
    "understanding_ms",
)


_BY_TOKEN = select(CONVERSATIONS).where(CONVERSATIONS.c.token_hash == bindparam("token_hash"))
_AFTER = (
    select(MESSAGES)
    .where(MESSAGES.c.conversation_id == bindparam("conversation_id"), MESSAGES.c.seq > bindparam("seq"))
    .order_by(MESSAGES.c.seq)
)
_SOME_AFTER = _AFTER.limit(bindparam("limit", type_=Integer))
_RECEIVED = select(TURNS.c.id, TURNS.c.seq, TURNS.c.text, TURNS.c.option).where(
    TURNS.c.conversation_id == bindparam("conversation_id"),
    TURNS.c.client_msg_id == bindparam("client_msg_id"),
)
_ANSWER = (
    select(MESSAGES)
    .where(MESSAGES.c.turn_id == bindparam("turn_id"), MESSAGES.c.author != Author.USER.value)
    .order_by(MESSAGES.c.seq)
)
_TURN = insert(TURNS)
_CLOSED = (
    update(TURNS)
    .where(TURNS.c.id == bindparam("turn_id"), TURNS.c.state == TurnState.RECEIVED.value)
    .values(
        {name: bindparam(name) for name in (*READING, "lead", "state", "answered_at", "total_ms")}
        | {"province": func.coalesce(bindparam("province"), TURNS.c.province)}
    )
)

MOST_MESSAGES = 20  # of one answer
NEVER = 2**31 - 1  # the number of a message that will not come
# Kinds of messages that come in between: what was asked before them is still asked, what was offered still offered.
NEWS = ("system", "handover")
ASIDES = (*NEWS, "bulletin")
_ASKED_BEFORE = (
    select(MESSAGES.c.body)
    .where(
        MESSAGES.c.conversation_id == bindparam("conversation_id"),
        MESSAGES.c.author == Author.BOT.value,
        MESSAGES.c.kind.not_in(ASIDES),
        MESSAGES.c.seq < func.coalesce(_RECEIVED.with_only_columns(TURNS.c.seq).scalar_subquery(), NEVER),
    )
    .order_by(desc(MESSAGES.c.seq))
    .limit(1)
)
RATINGS = range(1, 6)  # 非常不满意 to 非常满意
ERASED = "〔已删除〕"  # what stands where a person's words were


def open(
    session: Session,
    *,
    channel: str,
    now: datetime,
    idle: timedelta,
    site: str | None = None,
    province: str | None = None,
    large: bool = False,
    token_hash: str | None = None,
    conversation_id: str | None = None,
    address_lookup: str | None = None,
) -> Conversation:
    """Begin a conversation, where none is given under an id nobody can guess."""
    conversation = Conversation(
        id=conversation_id or secrets.token_urlsafe(16),
        channel=channel,
        site=site,
        province=province,
        token_hash=token_hash,
        large=large,
        started_at=now,
        last_at=now,
        expires_at=now + idle,
        last_seq=0,
        reset_seq=0,
        address_lookup=address_lookup,
    )
    session.add(conversation)
    session.flush()
    return conversation


def by_token(session: Session, token_hash: str, now: datetime) -> Row:
    """The row of the conversation this token opens, if it is still going on."""
    conversation = carry_out(session, _BY_TOKEN, token_hash=token_hash).first()
    if conversation is None:
        raise SessionUnknown()
    if conversation.ended_at is not None or conversation.expires_at <= now:
        raise SessionEnded()
    return conversation


def by_id(session: Session, conversation_id: str) -> Conversation:
    conversation: Conversation | None = session.get(Conversation, conversation_id)
    if conversation is None:
        raise SessionUnknown()
    return conversation


def touch(session: Session, conversation_id: str, *, now: datetime, idle: timedelta) -> None:
    """The person is still there: it expires `idle` after this."""
    conversation = _locked(session, conversation_id)
    conversation.expires_at = max(conversation.expires_at, now + idle)


def end(session: Session, conversation_id: str, now: datetime) -> None:
    """Close the conversation for good and forget the personal values typed in it."""
    conversation = _locked(session, conversation_id)
    conversation.ended_at = conversation.ended_at or now
    _forget_values(session, conversation_id)


def erase(session: Session, conversation_id: str) -> int:
    """Take away what the person said in a conversation, and the values kept for it; return how many messages."""
    conversation = _locked(session, conversation_id)
    # who was told the words (hrss/feed/) is told that they are gone
    conversation.told_seq, conversation.edition = 0, conversation.edition + 1
    _forget_values(session, conversation_id)
    own = (Message.conversation_id == conversation_id, Message.author == Author.USER.value)
    erased = session.execute(update(Message).where(*own).values(text=ERASED)).rowcount
    session.execute(
        update(Turn)
        .where(Turn.conversation_id == conversation_id)
        .values(text=ERASED, cleaned=None, option=None)
    )
    session.execute(update(Feedback).where(Feedback.conversation_id == conversation_id).values(reason=None))
    session.execute(update(FlowStep).where(FlowStep.conversation_id == conversation_id).values(known={}))
    session.execute(delete(Regression).where(Regression.conversation_id == conversation_id))
    return int(erased)


def empty(session: Session, conversation_ids: Collection[str]) -> int:
    """Take away all that was said in conversations, by anyone; how each turn was decided stays. Return how many messages."""
    for conversation_id in conversation_ids:
        erase(session, conversation_id)
    said = update(Message).where(Message.conversation_id.in_(conversation_ids))
    turns = update(Turn).where(Turn.conversation_id.in_(conversation_ids))
    session.execute(turns.values(candidates=None, request_id=None))
    return int(session.execute(said.values(text=ERASED, body={})).rowcount)


def reset(session: Session, conversation_id: str) -> None:
    """Begin anew in the same conversation: every option shown so far expires."""
    conversation = _locked(session, conversation_id)
    conversation.reset_seq = conversation.last_seq


def receive(
    session: Session,
    conversation_id: str,
    *,
    client_msg_id: str,
    text: str,
    option: dict[str, Any] | None,
    now: datetime,
    request_id: str | None = None,
    held_by: str | None = None,
    idle: timedelta | None = None,
) -> Received:
    """
    Take in what the person said, once: the same `client_msg_id` again gives the first turn.

    `text` comes from the vault, with tokens in the place of personal values. With `idle` the conversation does not
    expire sooner than so long after this.
    """
    conversation = lines.locked(session, conversation_id)
    text = _storable(text)
    known = {"conversation_id": conversation_id, "client_msg_id": client_msg_id}
    first = carry_out(session, _RECEIVED, **known).first()
    if first is not None:
        if (first.text, first.option) != (text, option):
            raise MessageIdReused()
        return Received(first.id, first.seq, repeated=True, conversation=conversation)
    if conversation.ended_at is not None:
        raise SessionEnded()
    turn_id, seq = secrets.token_urlsafe(16), conversation.last_seq + 1
    carry_out(
        session,
        _TURN,
        **known,
        id=turn_id,
        seq=seq,
        text=text,
        option=option,
        province=conversation.province,
        channel=conversation.channel,
        received_at=now,
        state=TurnState.RECEIVED.value,
        request_id=request_id,
        held_by=held_by,
    )
    message = {"kind": "text", "text": text, "client_msg_id": client_msg_id}
    if option is not None:
        message["option_id"] = option["id"]
    expires_at = None if idle is None else max(conversation.expires_at, now + idle)
    [line] = lines.append(
        session, conversation, [message], author=Author.USER, turn_id=turn_id, now=now, expires_at=expires_at
    )
    return Received(turn_id, seq, repeated=False, conversation=conversation, line=line)


def answer(
    session: Session,
    turn_id: str,
    *,
    messages: list[dict[str, Any]],
    reading: dict[str, Any] | None,
    now: datetime,
    total_ms: float | None,
    failed: bool = False,
) -> list[Line]:
    """
    Say the bot's messages and close the turn; a closed turn changes nothing and gives the messages it had.

    `reading` is how the message was understood, by the names in `READING`.
    A turn that `failed` is closed with what was said instead of an answer.
    """
    conversation = lines.locked_of_turn(session, turn_id)
    read = {name: (reading or {}).get(name) for name in READING}
    closed = carry_out(
        session,
        _CLOSED,
        **read,
        turn_id=turn_id,
        lead=_lead(read["candidates"] or ()),
        state=(TurnState.FAILED if failed else TurnState.ANSWERED).value,
        answered_at=now,
        total_ms=total_ms,
    )
    if not closed.rowcount:  # another process has answered meanwhile
        return list(carry_out(session, _ANSWER, turn_id=turn_id))
    return lines.append(session, conversation, messages, author=Author.BOT, turn_id=turn_id, now=now)


def say(
    session: Session,
    conversation_id: str,
    *,
    author: Author | str,
    messages: list[dict[str, Any]],
    now: datetime,
) -> list[Line]:
    """Add messages that answer no turn: a greeting, a member of staff, a notice."""
    conversation = lines.locked(session, conversation_id)
    return lines.append(session, conversation, messages, author=Author(author), turn_id=None, now=now)


def after(session: Session, conversation_id: str, seq: int, limit: int | None = 200) -> list[Line]:
    """The transcript from after this message on, in order."""
    which = {"conversation_id": conversation_id, "seq": seq}
    if limit is None:
        return list(carry_out(session, _AFTER, **which))
    return list(carry_out(session, _SOME_AFTER, **which, limit=limit))


def stirring(session: Session, since: datetime) -> list[tuple[str, int]]:
    """Conversations into which something was said from outside a turn since then, with their last message."""
    said = (
        select(Conversation.id, Conversation.last_seq)
        .join(
            Message,
            and_(Message.conversation_id == Conversation.id, Message.seq == Conversation.last_seq),
        )
        .where(Conversation.last_at > since, Message.turn_id.is_(None))
    )
    return [(row.id, row.last_seq) for row in session.execute(said)]


def last_seqs(session: Session, conversation_ids: Collection[str]) -> dict[str, int]:
    """The number of the last message of each."""
    last = select(Conversation.id, Conversation.last_seq).where(Conversation.id.in_(conversation_ids))
    return {row.id: row.last_seq for row in session.execute(last)}


def asked_for(session: Session, conversation_id: str, client_msg_id: str) -> frozenset[Kind]:
    """
    What the question before this message asked for that is masked at the door: typed then, it is no secret given away.

    For a message that was received before, the question is the one it was typed at: it is masked as it was.
    """
    body = carry_out(
        session, _ASKED_BEFORE, conversation_id=conversation_id, client_msg_id=client_msg_id
    ).scalar()
    return frozenset(Kind(kind) for kind in (body or {}).get("asks", ()))


def option(session: Session, conversation_id: str, option_id: str) -> dict[str, Any]:
    """The option as it was offered, with its payload and label."""
    offered = (
        select(Message.body)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            Message.conversation_id == conversation_id,
            Message.author != Author.USER.value,
            Message.seq > Conversation.reset_seq,
        )
        .order_by(desc(Message.seq))
    )
    for body in session.scalars(offered):
        for each in body.get("options", ()):
            if each["id"] == option_id:
                return dict(each)
    raise OptionExpired()


def offered(session: Session, conversation_id: str) -> list[dict[str, Any]]:
    """The options of the last answer, in order: what a number or a label typed now can mean."""
    conversation = by_id(session, conversation_id)
    said = select(Message).where(*_of_the_dialogue(conversation_id), Message.seq > conversation.reset_seq)
    messages = list(session.scalars(said.order_by(desc(Message.seq)).limit(MOST_MESSAGES)))
    last = [message for message in messages if message.turn_id and message.turn_id == messages[0].turn_id]
    last = last or messages[:1]  # what answers no turn was said alone
    return [dict(option) for message in reversed(last) for option in message.body.get("options", ())]


def asked_last(session: Session, conversation_id: str) -> dict[str, Any]:
    """What the bot said last, with what it asks for (`field`) and what it waits for."""
    last = select(Message.body).where(*_of_the_dialogue(conversation_id))
    return dict(session.scalar(last.order_by(desc(Message.seq)).limit(1)) or {})


def last_of_kind(session: Session, conversation_id: str, kind: str) -> dict[str, Any] | None:
    """What the last message of this kind holds, if there was one."""
    of_kind = select(Message.body).where(Message.conversation_id == conversation_id, Message.kind == kind)
    last = session.scalar(of_kind.order_by(desc(Message.seq)).limit(1))
    return None if last is None else dict(last)


def turn_of(session: Session, conversation_id: str, client_msg_id: str) -> str | None:
    """The turn that a message began, if it was received before."""
    return session.scalar(
        select(Turn.id).where(Turn.conversation_id == conversation_id, Turn.client_msg_id == client_msg_id)
    )


def answer_to(session: Session, turn_id: str) -> list[Line] | None:
    """What a turn was answered with; None while it is open."""
    if session.scalar(select(Turn.state).where(Turn.id == turn_id)) == TurnState.RECEIVED.value:
        return None
    return list(carry_out(session, _ANSWER, turn_id=turn_id))


def rate(
    session: Session,
    conversation_id: str,
    seq: int,
    *,
    helpful: bool,
    reason: str | None,
    now: datetime,
) -> None:
    """Record whether a message of the bot helped; the last word counts."""
    _locked(session, conversation_id)
    message = session.get(Message, (conversation_id, seq))
    if message is None or message.author != Author.BOT.value:
        raise NothingToRate()
    feedback = session.get(Feedback, (conversation_id, seq))
    if feedback is None:
        feedback = Feedback(conversation_id=conversation_id, seq=seq)
        session.add(feedback)
    else:
        kept_days.forget(session, feedback.at, now)
    feedback.helpful = helpful
    feedback.reason = None if reason is None else _storable(reason)
    feedback.at = now
    session.flush()


def rate_last(session: Session, conversation_id: str, *, helpful: bool, now: datetime) -> None:
    """Record whether the bot's last message helped, where a channel names none."""
    last = select(func.max(Message.seq)).where(*_of_the_dialogue(conversation_id))
    rate(session, conversation_id, session.scalar(last) or 0, helpful=helpful, reason=None, now=now)


def rate_whole(session: Session, conversation_id: str, rating: int, *, now: datetime) -> None:
    """Record how the person found the whole talk (好差评), as one of `RATINGS`; the last word counts."""
    conversation = _locked(session, conversation_id)
    conversation.rating, conversation.rated_at = rating, now


def record_consent(
    session: Session, conversation_id: str, *, kind: str, granted: bool, text_version: str, now: datetime
) -> None:
    """Record what the person allowed or withdrew, beside what they said before; without it, loose photos go."""
    session.add(
        Consent(
            conversation_id=conversation_id, kind=kind, granted=granted, text_version=text_version, at=now
        )
    )
    session.flush()
    if kind == photos.CONSENT and not granted:
        photos.forget_loose(session, conversation_id)


def _of_the_dialogue(conversation_id: str) -> tuple[Any, ...]:
    """What the bot has said in answer or to be answered."""
    return (
        Message.conversation_id == conversation_id,
        Message.author == Author.BOT.value,
        Message.kind.not_in(ASIDES),
    )


def _forget_values(session: Session, conversation_id: str) -> None:
    """All that was kept for the conversation and no case needs."""
    Vault.forget(session, conversation_id)
    photos.forget_loose(session, conversation_id)


def _locked(session: Session, conversation_id: Any) -> Conversation:
    """The conversation, with everybody else waiting until this transaction ends."""
    conversation: Conversation | None = session.scalar(
        select(Conversation)
        .where(Conversation.id == conversation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if conversation is None:
        raise SessionUnknown()
    return conversation


def _lead(candidates: Iterable[Any]) -> float | None:
    """By how much the best candidate is ahead; they come as `{"id": …, "score": …}`, or as the pair a reading keeps."""
    scores = sorted(
        (each["score"] if isinstance(each, dict) else each[1] for each in candidates), reverse=True
    )
    return float(scores[0] - scores[1]) if len(scores) > 1 else None


def _storable(text: str) -> str:
    """The text without what a database cannot hold: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")
