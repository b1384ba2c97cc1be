"""Recovery of logins and passwords (找回账号, 找回密码) by those who prove to be their owners at once: R1 to R4."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sqlalchemy.orm import Session

from hrss import accounts, audit, authority, sms
from hrss.authority import Act
from hrss.errors import NoAccount
from hrss.hall import Hall
from hrss.identifiers import Kind, mask
from hrss.operations import once
from hrss.subjects import SubjectKind
from hrss.tables import OrgAccount, PersonAccount


class Recovered(str, Enum):
    ACCOUNT = "account"
    PASSWORD = "password"  # noqa: S105  # the name of what is recovered


class Route(str, Enum):
    PHONE = "phone"
    UNIONPAY = "unionpay"
    SECURITY_QUESTION = "security_question"
    ID_PHOTO = "id_photo"
    PRIMARY_CONTACT = "primary_contact"


_ROUTES = {
    (SubjectKind.PERSON, Recovered.ACCOUNT): (Route.PHONE, Route.UNIONPAY, Route.ID_PHOTO),  # R1
    (SubjectKind.PERSON, Recovered.PASSWORD): (  # R2
        Route.SECURITY_QUESTION,
        Route.PHONE,
        Route.UNIONPAY,
        Route.ID_PHOTO,
    ),
    (SubjectKind.ORGANIZATION, Recovered.ACCOUNT): (Route.PRIMARY_CONTACT, Route.ID_PHOTO),  # R3
    (SubjectKind.ORGANIZATION, Recovered.PASSWORD): (Route.PRIMARY_CONTACT, Route.ID_PHOTO),  # R4
}


@dataclass(frozen=True)
class Login:
    login: str
    masked: str


@dataclass(frozen=True)
class OwnAccount:
    """One of a person's accounts, and what its owner may be shown of it to choose."""

    id: str
    login: str
    masked: str
    phone: str  # masked


@dataclass(frozen=True)
class SentToPhone:
    """What was recovered went to this phone, and nowhere else."""

    phone: str  # masked


def routes(kind: SubjectKind, what: Recovered, *, is_real_name: bool = False) -> tuple[Route, ...]:
    """The ways there are, in the order the platform shows them; fewer for a real-named organization (R6)."""
    if is_real_name and (kind, what) == (SubjectKind.ORGANIZATION, Recovered.PASSWORD):
        return (Route.PRIMARY_CONTACT,)
    return _ROUTES[kind, what]


def logins(session: Session, conversation_id: str, *, province: str, now: datetime) -> tuple[Login, ...]:
    """The logins of the person this conversation has proven to be (R1)."""
    proof = authority.require(session, conversation_id, Act.SEE_LOGIN, kind=SubjectKind.PERSON, now=now)
    found = accounts.of_person(session, proof.subject.id, province)
    if not found:
        raise NoAccount()
    audit.record(session, "login.shown", proof.subject, now=now, conversation_id=conversation_id)
    return tuple(Login(account.login, accounts.masked_login(account.login)) for account in found)


def own_accounts(
    session: Session, hall: Hall, conversation_id: str, act: Act, *, province: str, now: datetime
) -> tuple[OwnAccount, ...]:
    """The accounts for which this conversation may do this, the oldest first: more than one only in older data."""
    proof = authority.require(session, conversation_id, act, kind=SubjectKind.PERSON, now=now)
    found = accounts.of_person(session, proof.subject.id, province)
    if not found:
        raise NoAccount()
    return tuple(
        OwnAccount(
            account.id,
            account.login,
            accounts.masked_login(account.login),
            mask(Kind.PHONE, accounts.phone_of(hall, account)),
        )
        for account in found
    )


@once
def reset_person_password(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    province: str,
    login: str | None = None,
    key: str,
    now: datetime,
) -> SentToPhone:
    """Send a one-time password to the phone on record (R2, R7). `login` says which, where there are several."""
    proof = authority.require(session, conversation_id, Act.RESET_PASSWORD, kind=SubjectKind.PERSON, now=now)
    account = accounts.the_one_of(session, proof.subject.id, province, login=login, lock=True)
    audit.record(session, "password.reset", proof.subject, now=now, conversation_id=conversation_id)
    return _send_password(session, hall, conversation_id, account, accounts.phone_of(hall, account), now)


@once
def send_org_login(
    session: Session, hall: Hall, conversation_id: str, *, key: str, now: datetime
) -> SentToPhone:
    """Send the organization's login to its primary contact (R3)."""
    account, phone = _proven_contact(session, hall, conversation_id, Act.SEE_LOGIN, "login.sent", now)
    sms.queue(
        session,
        hall,
        phone=phone,
        template="login",
        blanks={"login": account.login},
        conversation_id=conversation_id,
        now=now,
    )
    return SentToPhone(mask(Kind.PHONE, phone))


@once
def reset_org_password(
    session: Session, hall: Hall, conversation_id: str, *, key: str, now: datetime
) -> SentToPhone:
    """Send the organization's login and a one-time password to its primary contact (R4, R6, R7)."""
    account, phone = _proven_contact(
        session, hall, conversation_id, Act.RESET_PASSWORD, "password.reset", now
    )
    return _send_password(session, hall, conversation_id, account, phone, now)


def _proven_contact(
    session: Session, hall: Hall, conversation_id: str, act: Act, did: str, now: datetime
) -> tuple[OrgAccount, str]:
    proof = authority.require(session, conversation_id, act, kind=SubjectKind.ORGANIZATION, now=now)
    account = session.get(OrgAccount, proof.subject.id, with_for_update=True)
    contact = accounts.primary_contact(session, account)
    if contact is None:
        raise NoAccount()
    audit.record(session, did, proof.subject, now=now, conversation_id=conversation_id)
    return account, accounts.phone_of(hall, contact)


def _send_password(
    session: Session,
    hall: Hall,
    conversation_id: str,
    account: PersonAccount | OrgAccount,
    phone: str,
    now: datetime,
) -> SentToPhone:
    password = accounts.give_one_time_password(account)
    sms.queue(
        session,
        hall,
        phone=phone,
        template="password",
        blanks={"login": account.login, "password": password},
        conversation_id=conversation_id,
        now=now,
    )
    return SentToPhone(mask(Kind.PHONE, phone))
