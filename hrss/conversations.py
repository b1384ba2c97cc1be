"""Conversations: what was said, in which order, and which turn it answers."""

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import and_, delete, desc, func, select, update
from sqlalchemy.orm import Session

from hrss import kept_days, photos
from hrss.errors import MessageIdReused, NothingToRate, OptionExpired, SessionEnded, SessionUnknown
from hrss.identifiers import Kind
from hrss.tables import Consent, Conversation, Feedback, FlowStep, Message, Regression, Turn
from hrss.vault import Vault


class Author(str, Enum):
    USER = "user"
    BOT = "bot"
    STAFF = "staff"


class TurnState(str, Enum):
    RECEIVED = "received"
    ANSWERED = "answered"
    FAILED = "failed"


@dataclass(frozen=True)
class Received:
    """Where a message of the user stands; `repeated` when it had been received before."""

    turn_id: str
    seq: int
    repeated: bool


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


MOST_MESSAGES = 20  # of one answer
NEVER = 2**31 - 1  # the number of a message that will not come
# Kinds of messages that come in between: what was asked before them is still asked, what was offered still offered.
NEWS = ("system", "handover")
ASIDES = (*NEWS, "bulletin")
RATINGS = range(1, 6)  # 非常不满意 to 非常满意
ERASED = "〔已删除〕"  # what stands where a person's words were


def open(
    session: Session,
    *,
    channel: str,
    site: str | None,
    province: str | None,
    large: bool,
    token_hash: str | None,
    now: datetime,
    idle: timedelta,
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


def by_token(session: Session, token_hash: str, now: datetime) -> Conversation:
    """The conversation this token opens, if it is still going on."""
    conversation: Conversation | None = session.scalar(
        select(Conversation).where(Conversation.token_hash == token_hash)
    )
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
    conversation = _locked(session, conversation_id)
    if idle is not None:
        conversation.expires_at = max(conversation.expires_at, now + idle)
    text = _storable(text)
    first: Turn | None = session.scalar(
        select(Turn).where(Turn.conversation_id == conversation_id, Turn.client_msg_id == client_msg_id)
    )
    if first is not None:
        if (first.text, first.option) != (text, option):
            raise MessageIdReused()
        return Received(first.id, first.seq, repeated=True)
    if conversation.ended_at is not None:
        raise SessionEnded()
    turn = Turn(
        id=secrets.token_urlsafe(16),
        conversation_id=conversation_id,
        client_msg_id=client_msg_id,
        seq=conversation.last_seq + 1,
        text=text,
        option=option,
        province=conversation.province,
        channel=conversation.channel,
        received_at=now,
        state=TurnState.RECEIVED.value,
        request_id=request_id,
        held_by=held_by,
    )
    session.add(turn)
    session.flush()
    message = {"kind": "text", "text": text, "client_msg_id": client_msg_id}
    if option is not None:
        message["option_id"] = option["id"]
    [seq] = _append(session, conversation, [message], author=Author.USER, turn_id=turn.id, now=now)
    return Received(turn.id, seq, repeated=False)


def answer(
    session: Session,
    turn_id: str,
    *,
    messages: list[dict[str, Any]],
    reading: dict[str, Any] | None,
    now: datetime,
    total_ms: float | None,
    failed: bool = False,
) -> list[int]:
    """
    Say the bot's messages and close the turn; a closed turn changes nothing and gives the messages it had.

    `reading` is how the message was understood, by the names in `READING`.
    A turn that `failed` is closed with what was said instead of an answer.
    """
    of_turn = select(Turn.conversation_id).where(Turn.id == turn_id).scalar_subquery()
    conversation = _locked(session, of_turn)
    # read after the lock, for another process may have answered meanwhile
    turn: Turn = session.get(Turn, turn_id, populate_existing=True)
    if turn.state != TurnState.RECEIVED.value:
        said = select(Message.seq).where(Message.turn_id == turn_id, Message.author != Author.USER.value)
        return list(session.scalars(said.order_by(Message.seq)))
    for name in READING:
        if reading and reading.get(name) is not None:
            setattr(turn, name, reading[name])
    turn.lead = _lead(turn.candidates or ())
    turn.state = (TurnState.FAILED if failed else TurnState.ANSWERED).value
    turn.answered_at = now
    turn.total_ms = total_ms
    return _append(session, conversation, messages, author=Author.BOT, turn_id=turn_id, now=now)


def say(
    session: Session,
    conversation_id: str,
    *,
    author: Author | str,
    messages: list[dict[str, Any]],
    now: datetime,
) -> list[int]:
    """Add messages that answer no turn: a greeting, a member of staff, a notice."""
    conversation = _locked(session, conversation_id)
    return _append(session, conversation, messages, author=Author(author), turn_id=None, now=now)


def after(session: Session, conversation_id: str, seq: int, limit: int | None = 200) -> list[Message]:
    """The transcript from after this message on, in order."""
    following = select(Message).where(Message.conversation_id == conversation_id, Message.seq > seq)
    return list(session.scalars(following.order_by(Message.seq).limit(limit)))


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
    received = select(Turn.seq).where(
        Turn.conversation_id == conversation_id, Turn.client_msg_id == client_msg_id
    )
    before = select(Message.body).where(
        *_of_the_dialogue(conversation_id), Message.seq < func.coalesce(received.scalar_subquery(), NEVER)
    )
    last = session.scalar(before.order_by(desc(Message.seq)).limit(1))
    return frozenset(Kind(kind) for kind in (last or {}).get("asks", ()))


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


def answer_to(session: Session, turn_id: str) -> list[Message] | None:
    """What a turn was answered with; None while it is open."""
    if session.scalar(select(Turn.state).where(Turn.id == turn_id)) == TurnState.RECEIVED.value:
        return None
    said = select(Message).where(Message.turn_id == turn_id, Message.author != Author.USER.value)
    return list(session.scalars(said.order_by(Message.seq)))


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


def _append(
    session: Session,
    conversation: Conversation,
    messages: Iterable[dict[str, Any]],
    *,
    author: Author,
    turn_id: str | None,
    now: datetime,
) -> list[int]:
    """Give the messages the next numbers; options without an id get one. The conversation must be locked."""
    seqs = []
    for message in messages:
        body = dict(message)
        seq = conversation.last_seq = conversation.last_seq + 1
        seqs.append(seq)
        if options := body.get("options"):
            body["options"] = [{"id": f"{seq}-{n}"} | each for n, each in enumerate(options, start=1)]
        session.add(
            Message(
                conversation_id=conversation.id,
                seq=seq,
                at=now,
                author=author.value,
                kind=body.pop("kind", "text"),
                text=body.pop("text"),
                client_msg_id=body.pop("client_msg_id", None),
                body=body,
                turn_id=turn_id,
            )
        )
    conversation.last_at = now
    session.flush()
    return seqs


def _lead(candidates: Iterable[Any]) -> float | None:
    """By how much the best candidate is ahead; they come as `{"id": …, "score": …}`, or as the pair a reading keeps."""
    scores = sorted(
        (each["score"] if isinstance(each, dict) else each[1] for each in candidates), reverse=True
    )
    return float(scores[0] - scores[1]) if len(scores) > 1 else None


def _storable(text: str) -> str:
    """The text without what a database cannot hold: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")
