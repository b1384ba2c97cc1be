"""What each role may do in the console: the one table, which pages and functions both ask."""

from collections.abc import Mapping
from enum import Enum

from sqlalchemy.orm import Session

from hrss.errors import NotPermitted
from hrss.staff import Role
from hrss.tables import StaffMember


class May(str, Enum):
    READ_CONVERSATIONS = "read_conversations"
    EXPORT_CONVERSATIONS = "export_conversations"
    REVIEW = "review"  # verdicts, comments, follow-ups
    MAKE_TESTS = "make_tests"
    REVEAL = "reveal"  # one personal value, with a reason
    SEE_CASES = "see_cases"
    DECIDE_CASES = "decide_cases"  # of the kinds that `case_review` gives their role
    TALK = "talk"  # take conversations over
    SEE_STATISTICS = "see_statistics"
    READ_AUDIT = "read_audit"
    READ_BOOK = "read_book"
    EDIT_BOOK = "edit_book"  # propose, approve what others propose, publish, roll back
    EDIT_WORDS = "edit_words"  # canned replies, and what reviewers choose from
    ANNOUNCE = "announce"  # emergency notices: write, approve what others wrote, take down
    CLOSE = "close"  # a channel or a flow, for a while
    MANAGE_STAFF = "manage_staff"


# Who is watched does not watch: what administrators do is the auditor's to read, and the auditor does nothing else.
_TABLE: Mapping[Role, frozenset[May]] = {
    Role.REVIEWER: frozenset(
        {
            May.READ_CONVERSATIONS,
            May.EXPORT_CONVERSATIONS,
            May.REVIEW,
            May.REVEAL,
            May.SEE_CASES,
            May.DECIDE_CASES,
            May.SEE_STATISTICS,
            May.READ_BOOK,
        }
    ),
    Role.CASE_OFFICER: frozenset(
        {
            May.READ_CONVERSATIONS,
            May.REVEAL,
            May.SEE_CASES,
            May.DECIDE_CASES,
            May.TALK,
            May.SEE_STATISTICS,
            May.READ_BOOK,
        }
    ),
    Role.TRAINER: frozenset(
        {
            May.READ_CONVERSATIONS,
            May.EXPORT_CONVERSATIONS,
            May.REVIEW,
            May.MAKE_TESTS,
            May.SEE_STATISTICS,
            May.READ_BOOK,
            May.EDIT_BOOK,
            May.EDIT_WORDS,
            May.ANNOUNCE,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            May.READ_CONVERSATIONS,
            May.EXPORT_CONVERSATIONS,
            May.REVEAL,
            May.SEE_CASES,
            May.DECIDE_CASES,
            May.TALK,
            May.SEE_STATISTICS,
            May.READ_BOOK,
            May.EDIT_BOOK,
            May.EDIT_WORDS,
            May.ANNOUNCE,
            May.CLOSE,
            May.MANAGE_STAFF,
        }
    ),
    Role.AUDITOR: frozenset({May.SEE_STATISTICS, May.READ_AUDIT}),
}


def allows(role: Role, may: May) -> bool:
    return may in _TABLE[role]


def require(session: Session, username: str, may: May) -> StaffMember:
    """The member of staff, if their role allows this now; whatever a page showed them before."""
    member: StaffMember | None = session.get(StaffMember, username)
    if member is None or member.deactivated_at is not None or not allows(Role(member.role), may):
        raise NotPermitted()
    return member
