"""What administrators do with the accounts of staff; all of it is in the audit trail."""

import re
from datetime import datetime

from sqlalchemy.orm import Session

from hrss import audit, passwords, permissions, second_factor, staff
from hrss.errors import NameMissing, NotPermitted, UsernameMalformed
from hrss.permissions import May
from hrss.staff import Role
from hrss.subjects import Subject, SubjectKind
from hrss.tables import StaffMember

USERNAME = re.compile(r"[a-z][a-z0-9_.-]{2,31}")


def add(session: Session, *, username: str, name: str, role: Role, by: str, now: datetime) -> str:
    """Give someone an account; return the one-time password that they sign in with first."""
    permissions.require(session, by, May.MANAGE_STAFF)
    if not USERNAME.fullmatch(username):
        raise UsernameMalformed()
    if not name.strip():
        raise NameMissing()
    member = staff.add(session, username, name.strip(), role, passwords.one_time(), now)
    password = staff.give_one_time_password(member)
    _record(session, "staff.added", username, by, now, role=role.value)
    return password


def set_role(session: Session, username: str, role: Role, *, by: str, now: datetime) -> None:
    permissions.require(session, by, May.MANAGE_STAFF)
    _refuse_oneself(username, by)
    staff.set_role(session, username, role)
    _record(session, "staff.role_set", username, by, now, role=role.value)


def reset_password(session: Session, username: str, *, by: str, now: datetime) -> str:
    """Also unlocks the account and takes the second factor away: both are lost with a telephone."""
    permissions.require(session, by, May.MANAGE_STAFF)
    member = staff.locked(session, username)
    second_factor.turn_off(member)
    password = staff.give_one_time_password(member)
    _record(session, "staff.password_reset", username, by, now)
    return password


def deactivate(session: Session, username: str, *, by: str, now: datetime) -> None:
    permissions.require(session, by, May.MANAGE_STAFF)
    _refuse_oneself(username, by)
    staff.deactivate(session, username, now)
    _record(session, "staff.deactivated", username, by, now)


def activate(session: Session, username: str, *, by: str, now: datetime) -> None:
    permissions.require(session, by, May.MANAGE_STAFF)
    staff.activate(session, username)
    _record(session, "staff.activated", username, by, now)


def administrator(session: Session, username: str, name: str, now: datetime) -> str:
    """
    See that there is this administrator, and return a one-time password for them.

    For who has the machine: the first account of an empty hall, or the way back in where nobody else can help.
    """
    if not USERNAME.fullmatch(username):
        raise UsernameMalformed()
    if session.get(StaffMember, username) is None:
        staff.add(session, username, name, Role.ADMINISTRATOR, passwords.one_time(), now)
    member = staff.locked(session, username)
    member.role, member.deactivated_at = Role.ADMINISTRATOR.value, None
    second_factor.turn_off(member)
    password = staff.give_one_time_password(member)
    _record(session, "staff.administrator_made", username, None, now)
    return password


def _refuse_oneself(username: str, by: str) -> None:
    if username == by:
        raise NotPermitted()


def _record(session: Session, did: str, username: str, by: str | None, now: datetime, **facts: str) -> None:
    audit.record(session, did, Subject(SubjectKind.STAFF, username), now=now, staff=by, **facts)
    session.flush()
