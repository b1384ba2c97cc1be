"""Staff of the console: who they are, and how they sign in."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss import audit, passwords, second_factor
from hrss.errors import LastAdministrator, PasswordTooWeak, PasswordWrong, StaffUnknown, UsernameTaken
from hrss.sealing import Sealer
from hrss.subjects import Subject, SubjectKind
from hrss.tables import StaffMember

FAILURES_BEFORE_LOCK = 5
LOCKED_FOR = timedelta(minutes=15)
SHORTEST_PASSWORD = 12

_hasher = PasswordHasher()


class Role(str, Enum):
    REVIEWER = "reviewer"
    CASE_OFFICER = "case_officer"
    TRAINER = "trainer"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class SignIn(str, Enum):
    """How an attempt came out. Returned, not raised: a refusal would roll back the count of failures."""

    ACCEPTED = "accepted"
    WRONG = "wrong"  # name, password or code: which one is nobody's business
    LOCKED = "locked"


@dataclass(frozen=True)
class SignInOutcome:
    result: SignIn
    member: StaffMember | None = None


def add(session: Session, username: str, name: str, role: Role, password: str, now: datetime) -> StaffMember:
    """Give someone an account of the console."""
    if session.get(StaffMember, username) is not None:
        raise UsernameTaken(username=username)
    member = StaffMember(
        username=username,
        name=name,
        role=role.value,
        password_hash=_hasher.hash(password),
        failures=0,
        created_at=now,
    )
    session.add(member)
    session.flush()
    return member


def everyone(session: Session) -> Sequence[StaffMember]:
    return session.scalars(select(StaffMember).order_by(StaffMember.username)).all()


def sign_in(
    session: Session,
    username: str,
    password: str,
    now: datetime,
    *,
    code: str = "",
    sealer: Sealer | None = None,
) -> SignInOutcome:
    """
    Check a password, and the code of those who have a second factor.

    Five failures in a row lock the account for a quarter of an hour.
    """
    # Locked while it is checked: guesses made in parallel are counted too.
    member: StaffMember | None = session.scalar(
        select(StaffMember).where(StaffMember.username == username).with_for_update()
    )
    # Unknown names take the same time as known ones.
    right = _matches(member.password_hash if member else _nobodys_hash(), password)
    if member is None or member.deactivated_at is not None:
        return SignInOutcome(SignIn.WRONG)
    if member.locked_until is not None and now < member.locked_until:
        return SignInOutcome(SignIn.LOCKED)
    if right and second_factor.is_on(member):
        right = sealer is not None and second_factor.accepts(sealer, member, code, now)
    if right:
        member.failures, member.locked_until = 0, None
        if _hasher.check_needs_rehash(member.password_hash):
            member.password_hash = _hasher.hash(password)
        _record(session, "staff.signed_in", member, now)
        return SignInOutcome(SignIn.ACCEPTED, member)
    member.failures += 1
    if member.failures < FAILURES_BEFORE_LOCK:
        return SignInOutcome(SignIn.WRONG)
    member.failures, member.locked_until = 0, now + LOCKED_FOR
    _record(session, "staff.locked", member, now)
    return SignInOutcome(SignIn.LOCKED)


def change_password(session: Session, username: str, *, old: str, new: str) -> StaffMember:
    """Someone changes their own password; their other sessions end."""
    member = locked(session, username)
    if not _matches(member.password_hash, old):
        raise PasswordWrong()
    if len(new) < SHORTEST_PASSWORD or new == old or username.casefold() in new.casefold():
        raise PasswordTooWeak(characters=SHORTEST_PASSWORD)
    member.password_hash, member.must_change = _hasher.hash(new), False
    end_sessions(member)
    return member


def give_one_time_password(member: StaffMember) -> str:
    """A random password to be told once and changed at the first sign-in; unlocks the account."""
    password = passwords.one_time()
    member.password_hash, member.must_change = _hasher.hash(password), True
    member.failures, member.locked_until = 0, None
    end_sessions(member)
    return password


def set_role(session: Session, username: str, role: Role) -> StaffMember:
    member = locked(session, username)
    if role is not Role.ADMINISTRATOR:
        _refuse_if_last_administrator(session, member)
    member.role = role.value
    end_sessions(member)
    return member


def deactivate(session: Session, username: str, now: datetime) -> StaffMember:
    """Nobody signs in with it any more; what they did stays under their name."""
    member = locked(session, username)
    _refuse_if_last_administrator(session, member)
    member.deactivated_at, member.on_duty_until = now, None
    end_sessions(member)
    return member


def activate(session: Session, username: str) -> StaffMember:
    member = locked(session, username)
    member.deactivated_at = None
    return member


def end_sessions(member: StaffMember) -> None:
    member.session_key = secrets.token_hex(16)


def locked(session: Session, username: str) -> StaffMember:
    """The account, with everybody else waiting until this transaction ends."""
    member: StaffMember | None = session.scalar(
        select(StaffMember).where(StaffMember.username == username).with_for_update()
    )
    if member is None:
        raise StaffUnknown()
    return member


def _refuse_if_last_administrator(session: Session, member: StaffMember) -> None:
    administrators = select(StaffMember.username).where(
        StaffMember.role == Role.ADMINISTRATOR.value, StaffMember.deactivated_at.is_(None)
    )
    if list(session.scalars(administrators.with_for_update())) == [member.username]:
        raise LastAdministrator()


def _record(session: Session, did: str, member: StaffMember, now: datetime) -> None:
    whose = Subject(SubjectKind.STAFF, member.username)
    audit.record(session, did, whose, now=now, staff=member.username)
    session.flush()


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except VerificationError:
        return False


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher.hash("nobody signs in with this")
