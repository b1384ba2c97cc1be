"""The demo hall: one for every branch, and back in its first state whenever it is asked for."""

from datetime import datetime

import pytest
from sqlalchemy import select

from hrss import demo_hall, identity, recovery, sms_codes
from hrss.case_states import CaseState
from hrss.database import Database
from hrss.hall import Hall
from hrss.identifiers import parse_bank_card, parse_org_number, parse_personal_number, parse_phone
from hrss.systems.demo import DemoRecords, inbox
from hrss.tables import Case, OrgAccount, Organization, Person, PersonAccount, PrimaryContact, StaffMember
from hrss.words import read
from tests.hrss.people import CHEN, CHENS_CODE, CHENS_PHONE, Talk, prove_chen

INVENTED = read("demo_hall")


@pytest.mark.parametrize("person", INVENTED["people"], ids=lambda person: person["id"])
def test_an_invented_person_has_numbers_that_could_be(person: dict) -> None:
    parse_personal_number(person["certificate"])
    for account in person["accounts"]:
        parse_phone(account["phone"])
        assert set(account.get("answers", ())) <= set(read("security_questions"))
    if "card" in person:
        parse_bank_card(person["card"])


@pytest.mark.parametrize("organization", INVENTED["organizations"], ids=lambda one: one["login"])
def test_an_invented_organization_has_a_code_that_could_be(organization: dict) -> None:
    parse_org_number(organization.get("uscc") or organization["org_code"])
    contact = organization.get("contact")
    if isinstance(contact, str):
        assert contact in organization["operators"]
    elif contact:
        parse_phone(contact["phone"])


def test_everyone_is_there_and_every_branch_has_someone(hall: Hall, database: Database) -> None:
    with database.reading() as session:
        people = session.scalars(select(Person)).all()
        accounts = session.scalars(select(PersonAccount)).all()
        organizations = session.scalars(select(Organization)).all()
        org_accounts = session.scalars(select(OrgAccount)).all()
        contacts = session.scalars(select(PrimaryContact)).all()

    assert len(INVENTED["people"]) == len(people)
    assert {0, 1, 2, 3} == {account.real_name_level for account in accounts}
    assert {"gd", "hn"} == {account.province for account in (*accounts, *org_accounts)}
    assert {"resident_id", "certificate"} == {person.certificate_type for person in people}
    assert {True, False} == {organization.is_real_name for organization in organizations}
    assert any(organization.uscc is None for organization in organizations)
    assert len(contacts) < len(org_accounts)
    assert len(accounts) > len({account.person_id for account in accounts})


def test_there_is_a_case_in_every_state_once(hall: Hall, database: Database, now: datetime) -> None:
    with database.transaction() as session:
        reviewer = session.get(StaffMember, "reviewer")
        columns = {column.name: getattr(reviewer, column.name) for column in StaffMember.__table__.columns}
        session.add(StaffMember(**{**columns, "username": demo_hall.REVIEWER}))
    for _ in range(2):
        with database.transaction() as session:
            demo_hall.submit_cases(session, hall, now=now)

    with database.reading() as session:
        states = [CaseState(case.state) for case in session.scalars(select(Case))]
    assert len(INVENTED["appeals"]) == len(states)
    assert set(CaseState) - {CaseState.NOTIFIED} == set(states)  # that one comes with the next round of SMS


def test_made_again_it_is_as_it_was(talk: Talk) -> None:
    prove_chen(talk)
    talk(recovery.reset_person_password, province="gd")

    with talk.database.transaction() as session:
        demo_hall.fill(session, talk.hall, DemoRecords(talk.database, talk.hall.sealer), now=talk.now)

    with talk.database.reading() as session:
        account = session.scalar(select(PersonAccount).where(PersonAccount.login == "chenjing95"))
        assert (account.password_hash, account.must_change) == (None, False)
    # Her phone may get codes again, at once.
    talk(identity.send_person_code, **CHEN, phone=CHENS_PHONE)
    assert talk(sms_codes.check, code=CHENS_CODE).right


def test_the_inbox_shows_what_phones_received_with_the_phone_masked(talk: Talk) -> None:
    prove_chen(talk)
    talk.received_by(CHENS_PHONE)

    with talk.database.reading() as session:
        [message] = inbox(session, talk.hall.sealer)

    assert message.phone == "138****8002"
    assert CHENS_CODE in message.text
