"""What a case claims beside what is on record, whatever its kind: staff see where they differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from hrss import accounts, cases
from hrss.hall import Hall
from hrss.identifiers import Kind, mask, parse_case_number
from hrss.tables import OrgAccount, PersonAccount


@dataclass(frozen=True)
class Compared:
    """One value as it was claimed and as it is on record, masked; `agrees` is None where only one side has it."""

    field: str
    claimed: str | None
    recorded: str | None
    agrees: bool | None


def of_case(session: Session, hall: Hall, number: str) -> list[Compared]:
    case = cases.locked(session, parse_case_number(number))
    claim = hall.sealer.unseal_document(case) if case.sealed else {}
    return [
        *_of_organization(session, claim, case.province),
        *_of_person(session, hall, claim, case.province),
    ]


def _of_organization(session: Session, claim: Mapping[str, Any], province: str | None) -> Iterator[Compared]:
    if not {"number", "org_name"} <= claim.keys():
        return
    account: OrgAccount | None = accounts.of_organization(session, province or "", claim["number"])
    organization = accounts.organization(session, account) if account else None
    contact = accounts.primary_contact(session, account) if account else None
    yield _compared("number", claim["number"], account.number if account else None)
    yield _compared("org_name", claim["org_name"], organization.name if organization else None)
    yield Compared("org_login", None, accounts.masked_login(account.login) if account else None, None)
    if organization:
        yield Compared("is_real_name", None, "yes" if organization.is_real_name else "no", None)
        yield Compared("legal_representative", None, organization.legal_representative, None)
    if contact:
        yield Compared("primary_contact", None, contact.name, None)


def _of_person(
    session: Session, hall: Hall, claim: Mapping[str, Any], province: str | None
) -> Iterator[Compared]:
    if not {"certificate", "name"} <= claim.keys():
        return
    person = accounts.person_with(session, hall, certificate=claim["certificate"])
    kind = Kind(claim["certificate_kind"])
    shown = mask(kind, claim["certificate"])
    yield Compared("certificate", shown, shown if person else None, person is not None)
    yield _compared("name", claim["name"], person.name if person else None)
    found: list[PersonAccount] = (
        list(accounts.of_person(session, person.id, province or "")) if person else []
    )
    phones = [mask(Kind.PHONE, accounts.phone_of(hall, account)) for account in found]
    if claim.get("phone"):
        claimed = mask(Kind.PHONE, claim["phone"])
        agrees = any(accounts.phone_of(hall, account) == claim["phone"] for account in found)
        yield Compared("phone", claimed, "、".join(phones) or None, agrees if found else None)
    logins = "、".join(accounts.masked_login(account.login) for account in found)
    yield Compared("login_on_record", None, logins or None, None)


def _compared(field: str, claimed: str, recorded: str | None) -> Compared:
    agrees = accounts.same_text(claimed, recorded) if recorded else False
    return Compared(field, claimed, recorded, agrees)
