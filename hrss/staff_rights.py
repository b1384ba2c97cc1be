"""What members of staff may do besides deciding cases."""

from collections.abc import Mapping
from enum import Enum

from sqlalchemy.orm import Session

from hrss.errors import StaffMayNot
from hrss.staff import Role
from hrss.tables import StaffMember


class Right(str, Enum):
    REFUNDS = "refunds"  # import and approve assessments, publish texts and notices, export
    PERSONAL_DATA = "personal_data"  # hand out or erase what is kept of one person
    COUNTER = "counter"  # record what someone decided, or had maintained, at the counter


_GIVEN: Mapping[Right, frozenset[Role]] = {
    Right.REFUNDS: frozenset({Role.REVIEWER, Role.ADMINISTRATOR}),
    Right.PERSONAL_DATA: frozenset({Role.ADMINISTRATOR}),
    Right.COUNTER: frozenset({Role.CASE_OFFICER, Role.REVIEWER, Role.ADMINISTRATOR}),
}


def require(session: Session, staff: str, right: Right) -> StaffMember:
    """The member of staff with this username, if they may."""
    member: StaffMember | None = session.get(StaffMember, staff)
    if member is None or Role(member.role) not in _GIVEN[right]:
        raise StaffMayNot()
    return member
