"""Reviewing conversations: verdicts that stand beside each other, follow-ups, comments, and how far reviewers agree."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss import audit, permissions, personal_data, vocabularies
from hrss.errors import CommentEmpty, ConversationUnknown, VerdictMalformed
from hrss.identifiers import mask
from hrss.permissions import May
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Comment, Conversation, Verdict
from hrss.vocabularies import Vocabulary

QUALITIES = range(1, 6)  # from harmful to flawless
LONGEST_COMMENT = 2000


@dataclass(frozen=True)
class Agreement:
    """Of conversations with two verdicts: how many, how many alike, how many at most one apart; and Cohen's kappa."""

    pairs: int
    alike: int
    near: int
    kappa: float | None


def judge(
    session: Session,
    conversation_id: str,
    *,
    staff: str,
    quality: int,
    follow_up: str | None,
    now: datetime,
) -> Verdict:
    """
    Give one's own verdict, or change it. Nobody changes another's.

    `follow_up` is what the conversation gives reason to do, in the reviewers' own vocabulary.
    """
    permissions.require(session, staff, May.REVIEW)
    _known(session, conversation_id)
    if quality not in QUALITIES:
        raise VerdictMalformed()
    verdict: Verdict | None = session.get(Verdict, (conversation_id, staff))
    before, followed = (verdict.quality, verdict.follow_up) if verdict else (None, None)
    if follow_up not in (None, followed) and follow_up not in vocabularies.offered(
        session, Vocabulary.FOLLOW_UPS
    ):
        raise VerdictMalformed()
    if verdict is None:
        verdict = Verdict(conversation_id=conversation_id, staff=staff)
        session.add(verdict)
    if follow_up != followed:
        verdict.followed_up_at = verdict.followed_up_by = None
    verdict.quality, verdict.follow_up, verdict.at = quality, follow_up, now
    facts = {"quality": quality, "follow_up": verdict.follow_up or "", "before": before or 0}
    _record(session, "conversation.judged", conversation_id, staff, now, **facts)
    return verdict


def done(session: Session, conversation_id: str, of: str, *, staff: str, now: datetime) -> None:
    """What a verdict asked for has been done."""
    permissions.require(session, staff, May.REVIEW)
    verdict: Verdict | None = session.get(Verdict, (conversation_id, of), with_for_update=True)
    if verdict is None or verdict.follow_up is None:
        raise VerdictMalformed()
    if verdict.followed_up_at is None:
        verdict.followed_up_by, verdict.followed_up_at = staff, now
        _record(session, "conversation.followed_up", conversation_id, staff, now, follow_up=verdict.follow_up)


def verdicts(session: Session, conversation_id: str, *, reader: str) -> tuple[Verdict | None, list[Verdict]]:
    """
    The reader's own verdict, and those of others. Pages show the second only beside the first: nobody judges after
    having read what another thought.
    """
    rows = list(
        session.scalars(
            select(Verdict).where(Verdict.conversation_id == conversation_id).order_by(Verdict.at)
        )
    )
    own = next((row for row in rows if row.staff == reader), None)
    return own, [row for row in rows if row is not own]


def comment(
    session: Session, conversation_id: str, *, staff: str, text: str, seq: int | None, now: datetime
) -> Comment:
    """Note something about a conversation, or one line of it; personal values are masked before it is kept."""
    permissions.require(session, staff, May.REVIEW)
    _known(session, conversation_id)
    if not text.strip():
        raise CommentEmpty()
    row = Comment(
        conversation_id=conversation_id,
        seq=seq,
        staff=staff,
        text=masked(text.strip()[:LONGEST_COMMENT]),
        at=now,
    )
    session.add(row)
    session.flush()
    return row


def comments(session: Session, conversation_id: str) -> Sequence[Comment]:
    return session.scalars(
        select(Comment).where(Comment.conversation_id == conversation_id).order_by(Comment.id)
    ).all()


def masked(text: str) -> str:
    """What staff type about people, with their numbers shortened."""
    for finding in reversed(personal_data.find(text)):
        text = text[: finding.start] + mask(finding.kind, finding.value) + text[finding.end :]
    return text


def agreement(session: Session, *, since: datetime, until: datetime) -> Agreement:
    """How far the first two verdicts on the same conversation agree, where the second was given in this time."""
    by_conversation: dict[str, list[tuple[datetime, int]]] = {}
    again = select(Verdict.conversation_id).where(Verdict.at >= since, Verdict.at < until)
    for row in session.execute(
        select(Verdict.conversation_id, Verdict.at, Verdict.quality)
        .where(Verdict.conversation_id.in_(again))
        .order_by(Verdict.at)
    ):
        by_conversation.setdefault(row.conversation_id, []).append((row.at, row.quality))
    pairs = [
        (given[0][1], given[1][1])
        for given in by_conversation.values()
        if len(given) > 1 and since <= given[1][0] < until
    ]
    alike = sum(one == other for one, other in pairs)
    near = sum(abs(one - other) <= 1 for one, other in pairs)
    return Agreement(len(pairs), alike, near, _kappa(pairs, alike))


def _kappa(pairs: Sequence[tuple[int, int]], alike: int) -> float | None:
    """Cohen's kappa: how much better than by chance; none where chance alone would explain all."""
    if not pairs:
        return None
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    by_chance = sum(first[quality] * second[quality] for quality in QUALITIES) / len(pairs) ** 2
    return None if by_chance == 1 else (alike / len(pairs) - by_chance) / (1 - by_chance)


def _known(session: Session, conversation_id: str) -> None:
    if session.get(Conversation, conversation_id) is None:
        raise ConversationUnknown()


def _record(
    session: Session, did: str, conversation_id: str, staff: str, now: datetime, **facts: str | int
) -> None:
    whose = Subject(SubjectKind.CONVERSATION, conversation_id)
    audit.record(session, did, whose, now=now, staff=staff, conversation_id=conversation_id, **facts)
    session.flush()
