"""Whether a certificate number or code is taken already (U7): what the registration page tells, and no more (R10)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from hrss import accounts, attempts
from hrss.attempts import Allowance
from hrss.errors import TooManyChecks
from hrss.hall import Hall
from hrss.identifiers import parse_org_number, parse_personal_number
from hrss.operations import once
from hrss.subjects import SubjectKind

CHECKS = 10
CHECKS_WITHIN = timedelta(hours=1)
FROM_ONE_ADDRESS = Allowance("registration", conversation=None, address=200, within=CHECKS_WITHIN)


@dataclass(frozen=True)
class Registration:
    used: bool


@once
def check(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    province: str,
    kind: SubjectKind,
    number: str,
    key: str,
    now: datetime,
) -> Registration:
    """
    Whether registering with this number would be refused as already used.

    So many checks a conversation: the page has a captcha against lists of numbers, a chat has not.
    """
    if kind is SubjectKind.PERSON:
        _, number = parse_personal_number(number)
    else:
        _, number = parse_org_number(number)
    if not attempts.left(
        session, "registration", conversation_id, limit=CHECKS, window=CHECKS_WITHIN, now=now
    ):
        raise TooManyChecks(limit=CHECKS)
    if too_many := attempts.used_up(session, FROM_ONE_ADDRESS, conversation_id, now):
        raise too_many
    attempts.count(session, "registration", conversation_id, now)
    attempts.use(session, FROM_ONE_ADDRESS, conversation_id, now)
    if kind is SubjectKind.PERSON:
        person = accounts.person_with(session, hall, certificate=number)
        return Registration(used=bool(person and accounts.of_person(session, person.id, province)))
    return Registration(used=accounts.of_organization(session, province, number) is not None)
