"""
SMS codes (R9): six digits for five minutes, five tries, one a minute and five a day for a phone.

And so many from one conversation or address over all phones, so that nobody fishes in many of them.
"""

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import desc, func, select
from sqlalchemy.orm import Session

from hrss import attempts, audit, proofs, sms
from hrss.attempts import Allowance, Checked
from hrss.database import lock
from hrss.errors import SmsCodeExpired, SmsCodeLocked, SmsCodesUsedUp, SmsCodeTooSoon, SmsCodeWrong
from hrss.hall import Hall
from hrss.identifiers import Kind, mask
from hrss.operations import once
from hrss.proofs import How
from hrss.subjects import Subject, SubjectKind
from hrss.tables import SmsCode
from hrss.workdays import BEIJING

VALID_FOR = timedelta(minutes=5)
TRIES = 5
BETWEEN = timedelta(minutes=1)
A_DAY = 5
LOCKED_FOR = timedelta(minutes=30)
# Over many phones. At 200 wrong codes an hour, one guesser in 5000 hours is right.
SENDING = Allowance("sms_codes", conversation=10, address=200)
GUESSING = Allowance("wrong_sms_codes", conversation=15, address=200)


@dataclass(frozen=True)
class CodeSent:
    """The answer to everyone, whether or not the phone got anything."""

    phone: str  # masked
    minutes: int


def send(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    phone: str,
    subject: Subject | None,
    now: datetime,
) -> CodeSent:
    """
    Send a code that proves the conversation to be this subject's.

    Where the data typed match nobody, `subject` is None: all is done in the same way, but the message is withheld
    and no code is right (R10). `phone` is parsed already.
    """
    phone_lookup = hall.sealer.lookup("phone", phone)
    lock(session, f"sms code {phone_lookup}")
    _refuse_if_locked(session, phone_lookup, now)
    _refuse_if_too_many(session, phone_lookup, now)
    if too_many := attempts.used_up(session, SENDING, conversation_id, now):
        raise too_many
    attempts.use(session, SENDING, conversation_id, now)
    code = hall.systems.codes.draw(phone)
    row = SmsCode(
        id=secrets.token_hex(16),
        conversation_id=conversation_id,
        phone_lookup=phone_lookup,
        subject_kind=subject.kind.value if subject else None,
        subject_id=subject.id if subject else None,
        sent_at=now,
        tries=0,
    )
    row.code_hash = hall.sealer.lookup("sms_code", row.id, code)
    session.add(row)
    minutes = int(VALID_FOR.total_seconds() // 60)
    sms.queue(
        session,
        hall,
        phone=phone,
        template="code",
        blanks={"code": code, "minutes": str(minutes)},
        withheld=subject is None,
        expires_at=now + VALID_FOR,
        conversation_id=conversation_id,
        now=now,
    )
    return CodeSent(mask(Kind.PHONE, phone), minutes)


@once
def check(
    session: Session, hall: Hall, conversation_id: str, *, code: str, key: str, now: datetime
) -> Checked:
    """
    Check what was typed against the newest code of this conversation.

    When it is right, the conversation has proven whose it is (`proofs`).
    """
    newest = (
        select(SmsCode)
        .where(SmsCode.conversation_id == conversation_id)
        .order_by(desc(SmsCode.sent_at))
        .limit(1)
        .with_for_update()
    )
    row: SmsCode | None = session.scalar(newest)
    if row is None:
        return Checked(SmsCodeExpired())
    # One at a time for this phone: tries made in parallel are counted too.
    lock(session, f"sms code {row.phone_lookup}")
    try:
        _refuse_if_locked(session, row.phone_lookup, now)
    except SmsCodeLocked as locked:
        return Checked(locked)
    if row.used_at is not None or row.locked_at is not None or now >= row.sent_at + VALID_FOR:
        return Checked(SmsCodeExpired())
    if too_many := attempts.used_up(session, GUESSING, conversation_id, now):
        return Checked(too_many)
    row.tries += 1
    right = hall.sealer.is_lookup_of(row.code_hash, "sms_code", row.id, _digits(code))
    if right and row.subject_kind is not None:
        row.used_at = now
        subject = Subject(SubjectKind(row.subject_kind), row.subject_id)
        proofs.give(session, conversation_id, how=How.SMS_CODE, subject=subject, now=now)
        return Checked()
    attempts.use(session, GUESSING, conversation_id, now)
    if row.tries < TRIES:
        return Checked(SmsCodeWrong(tries_left=TRIES - row.tries))
    row.locked_at = now
    if row.subject_kind is not None:
        subject = Subject(SubjectKind(row.subject_kind), row.subject_id)
        audit.record(session, "sms_code.locked", subject, now=now, conversation_id=conversation_id)
    return Checked(_locked(now, now))


def _refuse_if_locked(session: Session, phone_lookup: str, now: datetime) -> None:
    locked_at = session.scalar(
        select(func.max(SmsCode.locked_at).label("locked_at")).where(SmsCode.phone_lookup == phone_lookup)
    )
    if locked_at is not None and now < locked_at + LOCKED_FOR:
        raise _locked(locked_at, now)


def _locked(locked_at: datetime, now: datetime) -> SmsCodeLocked:
    seconds = (locked_at + LOCKED_FOR - now).total_seconds()
    return SmsCodeLocked(minutes=int(-(-seconds // 60)))


def _refuse_if_too_many(session: Session, phone_lookup: str, now: datetime) -> None:
    midnight = now.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    sent = session.scalars(
        select(SmsCode.sent_at)
        .where(SmsCode.phone_lookup == phone_lookup, SmsCode.sent_at > min(midnight, now - BETWEEN))
        .order_by(desc(SmsCode.sent_at))
    ).all()
    if sent and now < sent[0] + BETWEEN:
        raise SmsCodeTooSoon(seconds=int(-(-(sent[0] + BETWEEN - now).total_seconds() // 1)))
    if sum(each >= midnight for each in sent) >= A_DAY:
        raise SmsCodesUsedUp(limit=A_DAY)


def _digits(code: str) -> str:
    """The code as it was meant: full-width digits and spaces are no mistake."""
    return "".join(unicodedata.normalize("NFKC", code).split())
