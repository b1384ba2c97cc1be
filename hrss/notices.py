"""
Notices (通知): what happened to someone by another's doing, said at once where they are listening.

Who is not there hears of it at the next visit. A notice tells no more than that, and nothing to a conversation whose
proof has ended.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss import authority, proofs
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Conversation, Notice, ProofRecord, WechatAccount

LATE = timedelta(minutes=5)  # later it is no news: a bot that was away leaves it to the next visit


@dataclass(frozen=True)
class News:
    """What to say in which conversation; `what` is what the audit trail calls the change."""

    conversation_id: str
    what: str
    facts: Mapping[str, str]


def post(
    session: Session,
    what: str,
    subjects: Iterable[Subject],
    *,
    province: str | None,
    besides: str | None,
    now: datetime,
    **facts: str,
) -> None:
    """
    Leave a notice, in the transaction of the change, in every open conversation that has proven to be one of these.

    Not in the one that made the change (`besides`), nor in one about another province.
    """
    for conversation_id, subject in _listening(session, subjects, now).items():
        about = session.get(Conversation, conversation_id).province
        if conversation_id != besides and (province is None or about in (None, province)):
            session.add(
                Notice(
                    conversation_id=conversation_id,
                    subject_kind=subject.kind.value,
                    subject_id=subject.id,
                    what=what,
                    facts=facts,
                    posted_at=now,
                )
            )
    session.flush()


def are_waiting(session: Session) -> bool:
    """Whether `take` has anything to take: to ask before it, for it keeps others from writing."""
    return session.scalar(select(Notice.id).where(Notice.taken_at.is_(None)).limit(1)) is not None


def take(session: Session, *, now: datetime) -> list[News]:
    """Take what is to be said, once on all processes together; what nobody may hear any more is passed over."""
    waiting = session.scalars(
        select(Notice)
        .where(Notice.taken_at.is_(None))
        .order_by(Notice.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    news = []
    for notice in waiting:
        notice.taken_at = now
        subject = Subject(SubjectKind(notice.subject_kind), notice.subject_id)
        if now - notice.posted_at <= LATE and notice.conversation_id in _listening(session, [subject], now):
            news.append(News(notice.conversation_id, notice.what, notice.facts))
    session.flush()
    return news


def _listening(session: Session, subjects: Iterable[Subject], now: datetime) -> dict[str, Subject]:
    """The conversations that may hear of one of these now, each with the one it hears of."""
    found: dict[str, Subject] = {}
    for subject in subjects:
        known = select(ProofRecord.conversation_id).where(
            ProofRecord.subject_kind == subject.kind.value,
            ProofRecord.subject_id == subject.id,
            ProofRecord.used_at > now - proofs.IDLE,
        )
        for conversation_id in session.scalars(known.distinct()).all():
            if authority.hears(session, conversation_id, subject, now=now):
                found.setdefault(conversation_id, subject)
        if subject.kind is SubjectKind.PERSON:
            found = {**dict.fromkeys(_on_wechat(session, subject.id), subject), **found}
    return found


def _on_wechat(session: Session, person_id: str) -> list[str]:
    """Of WeChat accounts that are bound to the person: what is bound needs no proving again and again."""
    return list(
        session.scalars(
            select(Conversation.id)
            .join(WechatAccount, WechatAccount.conversation_id == Conversation.id)
            .where(
                WechatAccount.person_id == person_id,
                WechatAccount.unsubscribed_at.is_(None),
                Conversation.ended_at.is_(None),
            )
        )
    )
