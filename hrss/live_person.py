"""法人实人认证 through 粤信签 (U9): the legal representative in person, for 稳岗返还信息确认 and nothing else."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from hrss import accounts, attempts, authority, proofs
from hrss.attempts import Checked
from hrss.authority import Act
from hrss.errors import LegalRepresentativeDiffers, LivePersonLocked, LivePersonNotRecognised
from hrss.hall import Hall
from hrss.identifiers import parse_personal_number
from hrss.operations import once
from hrss.organizations import agrees
from hrss.proofs import How
from hrss.subjects import Subject, SubjectKind
from hrss.tables import OrgAccount, Organization

PROVINCE = "gd"  # 粤信签 is Guangdong's
CHECKS = 5
CHECKS_WITHIN = timedelta(hours=24)


def compare(session: Session, hall: Hall, conversation_id: str, *, now: datetime) -> Organization:
    """
    The organization that is signed in, once its data agree with the register's: 粤信签 works with no others.

    Where they differ they are to be completed anew first.
    """
    _, ours = _compared(session, hall, conversation_id, now)
    return ours


@once
def check(
    session: Session, hall: Hall, conversation_id: str, *, certificate: str, key: str, now: datetime
) -> Checked:
    """Prove to be the legal representative (法定代表人) of the organization that is signed in."""
    account, ours = _compared(session, hall, conversation_id, now)
    _, certificate = parse_personal_number(certificate)
    whose = hall.sealer.lookup("certificate", certificate)
    left = attempts.left(session, "live_person", whose, limit=CHECKS, window=CHECKS_WITHIN, now=now)
    if not left:
        return Checked(LivePersonLocked(hours=int(CHECKS_WITHIN.total_seconds() // 3600)))
    attempts.count(session, "live_person", whose, now)
    if not hall.systems.yuexinqian.recognises(
        uscc=account.number, name=ours.legal_representative, certificate=certificate
    ):
        return Checked(LivePersonNotRecognised())
    subject = Subject(SubjectKind.ORGANIZATION, account.id)
    proofs.give(session, conversation_id, how=How.LIVE_PERSON, subject=subject, now=now)
    return Checked()


def _compared(
    session: Session, hall: Hall, conversation_id: str, now: datetime
) -> tuple[OrgAccount, Organization]:
    proof = authority.require(
        session, conversation_id, Act.CHECK_LIVE_PERSON, kind=SubjectKind.ORGANIZATION, now=now
    )
    account = session.get(OrgAccount, proof.subject.id)
    ours = accounts.organization(session, account)
    if not agrees(ours, hall.systems.market_register.legal_entity(account.number)):
        raise LegalRepresentativeDiffers()
    return account, ours
