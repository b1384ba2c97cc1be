"""Accounts of people and of organizations: found by what their owners know, and given new passwords."""

import re
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss import passwords
from hrss.errors import NoAccount, WhichAccount
from hrss.hall import Hall
from hrss.tables import OrgAccount, Organization, Person, PersonAccount, PrimaryContact


def person_with(session: Session, hall: Hall, *, certificate: str) -> Person | None:
    """Whose certificate this is. The number is parsed already."""
    lookup = hall.sealer.lookup("certificate", certificate)
    return session.scalar(select(Person).where(Person.certificate_lookup == lookup))


def of_person(session: Session, person_id: str, province: str) -> Sequence[PersonAccount]:
    """A person's accounts that are not cancelled, the oldest first: more than one only in older data."""
    return session.scalars(
        select(PersonAccount)
        .where(
            PersonAccount.person_id == person_id,
            PersonAccount.province == province,
            PersonAccount.cancelled_at.is_(None),
        )
        .order_by(PersonAccount.registered_at, PersonAccount.id)
    ).all()


def of_login(session: Session, province: str, login: str) -> PersonAccount | None:
    """The account with this login on the platform, unless it is cancelled."""
    account: PersonAccount | None = session.scalar(
        select(PersonAccount).where(
            PersonAccount.province == province,
            PersonAccount.login == login,
            PersonAccount.cancelled_at.is_(None),
        )
    )
    return account


def the_one_of(
    session: Session, person_id: str, province: str, *, login: str | None = None, lock: bool = False
) -> PersonAccount:
    """The account with this login, or the only one."""
    found = [
        account
        for account in of_person(session, person_id, province)
        if login is None or same_text(account.login, login)
    ]
    if not found:
        raise NoAccount()
    if len(found) > 1:
        raise WhichAccount(count=len(found))
    if lock:
        session.refresh(found[0], with_for_update=True)
    return found[0]


def of_organization(session: Session, province: str, number: str) -> OrgAccount | None:
    """The account keyed by this code (U1: an older account's is the 组织机构代码). Parsed already."""
    return session.scalar(
        select(OrgAccount).where(OrgAccount.province == province, OrgAccount.number == number)
    )


def organization(session: Session, account: OrgAccount) -> Organization:
    return session.get(Organization, account.organization_id)


def primary_contact(session: Session, account: OrgAccount) -> PrimaryContact | None:
    return session.get(PrimaryContact, account.id)


def phone_of(hall: Hall, row: PersonAccount | PrimaryContact) -> str:
    return str(hall.sealer.unseal_document(row)["phone"])


def give_one_time_password(account: PersonAccount | OrgAccount) -> str:
    """Replace the password by a random one, to be changed at the first login; for an SMS and nothing else."""
    password = passwords.one_time()
    account.password_hash = passwords.hashed(password)
    account.must_change = True
    return password


def cancel(account: PersonAccount, now: datetime) -> None:
    account.cancelled_at = now


def new_id() -> str:
    return secrets.token_hex(12)


def same_text(one: str, other: str) -> bool:
    """Whether two names or logins are the same as people write them."""
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    # Names of minorities are written with any of several dots.
    return re.sub(r"[\s·•‧・．.]", "", unicodedata.normalize("NFKC", text)).casefold()


def masked_login(login: str) -> str:
    """Its first half, so that its owner knows it again."""
    shown = max(len(login) // 2, 1)
    return login[:shown] + "*" * 4


def masked_name(name: str) -> str:
    """A person's name with its first character only."""
    return name[:1] + "*" * max(len(name) - 1, 1)
