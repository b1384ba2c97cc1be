"""Two people, one database: who is bound to whom, and what the database holds whatever happens at once. B1 to B8."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from hrss import (
    accounts,
    acting,
    bindings,
    case_review,
    cases,
    grant_codes,
    grants,
    organizations,
    proofs,
    roster,
)
from hrss.authority import Business
from hrss.database import Database
from hrss.errors import (
    AlreadyBound,
    AlreadyGranted,
    AlreadyPrimaryContact,
    AlreadyRequested,
    AlreadyVerified,
    ContactMustBeReplaced,
    GrantCodeLocked,
    GrantCodeWrong,
    NameOnlyByUpdate,
    NoSuchOperator,
    NoSuchRequest,
    NotBound,
    NotGranted,
    NothingToApprove,
    NothingToUpdate,
    PersonDiffers,
    PersonNotRegistered,
    Refusal,
    SignInAsOrganization,
    StaffMayNot,
    TooManyChecks,
)
from hrss.proofs import How
from hrss.staff import Role
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Binding, Grant, GrantCode, OrgAccount, Photo, PrimaryContact
from tests.hrss.people import REAL_NAMED, Talk, photo

NewTalk = Callable[[], Talk]

YI = "demo_91440300MA0000023W"  # not real-named; its contact is from before contacts were operators
BING = "demo_91440600MA000004XY"  # no contact named; 何伟 is its operator
REN = "demo_91441300MA0000082C"  # 孙丽 is its contact, 何伟 an operator, 陈静 asked
SUN, HE, CHEN, ZHOU = "demo_sunli", "demo_hewei", "demo_chenjing", "demo_zhoujie"
ZHOUS = {"name": "周杰", "certificate": "440103198706150004"}


@pytest.fixture
def org(new_talk: NewTalk) -> Callable[[str], Talk]:
    return lambda account_id: _signed_in(new_talk(), SubjectKind.ORGANIZATION, account_id)


@pytest.fixture
def person(new_talk: NewTalk) -> Callable[[str], Talk]:
    return lambda person_id: _signed_in(new_talk(), SubjectKind.PERSON, person_id)


Side = Callable[[str], Talk]


def _signed_in(talk: Talk, kind: SubjectKind, subject_id: str) -> Talk:
    talk.ask(proofs.give, how=How.TOKEN, subject=Subject(kind, subject_id))
    return talk


def roster_of(talk: Talk) -> tuple[roster.Operator, ...]:
    with talk.database.transaction() as session:
        return roster.of_organization(session, talk.hall, talk.id, now=talk.now)


def history(talk: Talk) -> list[tuple[str, str, str]]:
    with talk.database.transaction() as session:
        changes = roster.history(session, talk.hall, talk.id, now=talk.now)
    return [(change.did, change.name, change.by) for change in changes]


def test_b1_and_b2_a_binding_counts_once_the_person_accepts(org: Side, person: Side) -> None:
    bing, zhou = org(BING), person(ZHOU)
    bing(bindings.request, **ZHOUS)
    assert {one.name: one.has_accepted for one in roster_of(bing)} == {"何伟": True, "周杰": False}
    assert not zhou.ask(acting.choices)

    zhou(bindings.accept, account_id=BING)

    assert [parent.account_id for parent in zhou.ask(acting.choices)] == [BING]
    assert history(bing) == [("通过绑定", "周*", "person"), ("发起绑定", "周*", "organization")]
    masked = {one.name: one.certificate for one in roster_of(bing)}["周杰"]
    assert ZHOUS["certificate"] not in masked


def test_b2_and_b8_who_refused_may_be_asked_again(org: Side, person: Side) -> None:
    bing, zhou = org(BING), person(ZHOU)
    bing(bindings.request, **ZHOUS)
    zhou(bindings.refuse, account_id=BING)
    with pytest.raises(NoSuchRequest):
        zhou(bindings.accept, account_id=BING)

    bing(bindings.request, **ZHOUS)
    with pytest.raises(AlreadyRequested):
        bing(bindings.request, **ZHOUS)
    zhou(bindings.accept, account_id=BING)
    with pytest.raises(AlreadyBound):
        bing(bindings.request, **ZHOUS)


def test_b1_the_same_key_binds_once_and_a_request_can_be_taken_back(org: Side, person: Side) -> None:
    bing, zhou = org(BING), person(ZHOU)
    first = bing(bindings.request, **ZHOUS, key="same")
    assert first == bing(bindings.request, **ZHOUS, key="same")

    bing(bindings.release, person_id=ZHOU)

    with pytest.raises(NoSuchRequest):
        zhou(bindings.accept, account_id=BING)
    assert history(bing)[0] == ("撤回绑定申请", "周*", "organization")


def test_u8_what_was_typed_is_compared_without_showing_the_record(org: Side) -> None:
    bing = org(BING)

    def compared(name: str | None, certificate: str) -> Refusal | None:
        refusal: Refusal | None = bing(bindings.compare, name=name, certificate=certificate).refusal
        return refusal

    assert compared("周杰", ZHOUS["certificate"]) is None
    assert compared(None, ZHOUS["certificate"]) is None
    assert isinstance(compared("周洁", ZHOUS["certificate"]), PersonDiffers)
    assert isinstance(compared("刘洋", "440703197805120001"), PersonNotRegistered)
    # registered in Henan is not registered here
    assert isinstance(compared("贺敏", "410103198903050007"), PersonNotRegistered)
    with pytest.raises(PersonDiffers):
        bing(bindings.request, name="周洁", certificate=ZHOUS["certificate"])
    for _ in range(5):
        compared(None, ZHOUS["certificate"])
    assert isinstance(compared("周杰", ZHOUS["certificate"]), TooManyChecks)


def test_b3_a_primary_contact_is_released_only_after_another_is_named(org: Side, person: Side) -> None:
    ren = org(REN)
    with pytest.raises(ContactMustBeReplaced):
        ren(bindings.release, person_id=SUN)
    with pytest.raises(AlreadyPrimaryContact):
        ren(bindings.name_primary_contact, person_id=SUN)
    with pytest.raises(NoSuchOperator):
        ren(bindings.name_primary_contact, person_id=CHEN)  # asked, and has not answered

    ren(bindings.name_primary_contact, person_id=HE)
    ren(bindings.release, person_id=SUN)

    assert [(one.name, one.is_primary_contact) for one in roster_of(ren)] == [("何伟", True), ("陈静", False)]
    assert not person(SUN).ask(acting.choices)


def test_u3_the_named_contact_recovers_the_account_and_the_one_before_no_more(org: Side, talk: Talk) -> None:
    yi = org(YI)
    yi(bindings.request, **ZHOUS)
    zhou = _signed_in(talk, SubjectKind.PERSON, ZHOU)
    zhou(bindings.accept, account_id=YI)
    yi(bindings.name_primary_contact, person_id=ZHOU)

    with yi.database.reading() as session:
        contact = session.get(PrimaryContact, YI)
        assert (contact.name, contact.person_id) == ("周杰", ZHOU)
        assert accounts.phone_of(yi.hall, contact) == "13800138019"


def test_b4_a_grant_needs_a_binding_and_ends_with_it(org: Side, person: Side) -> None:
    ren, refund = org(REN), Business.PREMIUM_REFUND
    with pytest.raises(NoSuchOperator):
        ren(grants.give, person_id=CHEN, business=refund)
    ren(grants.give, person_id=HE, business=refund)
    with pytest.raises(AlreadyGranted):
        ren(grants.give, person_id=HE, business=refund)
    ren(grants.withdraw, person_id=HE, business=refund)
    with pytest.raises(NotGranted):
        ren(grants.withdraw, person_id=HE, business=refund)
    ren(grants.give, person_id=HE, business=refund)
    he = person(HE)
    he(acting.choose, account_id=REN)

    ren(bindings.release, person_id=HE)

    assert he.ask(acting.chosen) is None
    with ren.database.reading() as session:
        assert not session.scalars(select(Grant).where(Grant.person_id == HE)).all()


def test_u2_nobody_but_the_account_changes_bindings(person: Side) -> None:
    sun = person(SUN)
    for function, given in (
        (bindings.request, ZHOUS),
        (bindings.release, {"person_id": HE}),
        (bindings.name_primary_contact, {"person_id": HE}),
        (grants.give, {"person_id": HE, "business": Business.PREMIUM_REFUND}),
        (organizations.update, {}),
    ):
        with pytest.raises(SignInAsOrganization):
            sun(function, **given)


# Grant codes


@pytest.mark.parametrize("number", ["91440600MA000004XY", "MA000004-X", "440600000317"])
def test_b6_the_organization_is_found_by_any_of_its_three_codes(person: Side, number: str) -> None:
    assert person(HE).ask(grant_codes.find, province="gd", number=number).account_id == BING


@pytest.mark.parametrize("number", ["91440101MA00000156", "91440101MA0000066E"])
def test_b6_and_r10_another_organization_is_refused_like_one_that_is_none(person: Side, number: str) -> None:
    he = person(HE)
    with pytest.raises(NotBound):
        he.ask(grant_codes.find, province="gd", number=number)


def approved_code(he: Talk, number: str) -> str:
    he.decide(case_review.approve, number)
    [told] = [message for message in he.received_by("13800138004") if number in message]
    return told.split("单位授权码是")[1][: grant_codes.CHARACTERS]


def test_b6_and_b7_from_the_application_to_the_verified_operator(person: Side) -> None:
    he = person(HE)
    applied = he(grant_codes.apply, account_ids=(BING, REN), shown=[photo(he)])
    first, second = applied.receipts
    with he.database.reading() as session:
        shown = [row.case_number for row in session.scalars(select(Photo))]
    assert sorted(shown) == sorted([first.number, second.number])
    assert first.due_on is None  # nobody promises when
    again = he(grant_codes.apply, account_ids=(BING,), shown=[photo(he)])
    assert (again.receipts[0].number, again.receipts[0].already_open) == (first.number, True)
    with pytest.raises(StaffMayNot):
        he.decide(case_review.approve, first.number, by=Role.ADMINISTRATOR)
    code = approved_code(he, first.number)

    wrong = he(grant_codes.verify, account_id=REN, code=code).refusal  # of the other organization
    assert isinstance(wrong, GrantCodeWrong)
    assert he(grant_codes.verify, account_id=BING, code=f" {code.lower()}").right

    assert {each.account_id: each.is_verified for each in he.ask(acting.choices)} == {BING: True, REN: False}
    with pytest.raises(AlreadyVerified):
        he(grant_codes.verify, account_id=BING, code=code)
    with pytest.raises(AlreadyVerified):
        he.ask(grant_codes.find, province="gd", number="91440600MA000004XY")
    with he.database.reading() as session:
        kept = session.scalar(select(GrantCode))
        assert code not in str(vars(kept))


def test_b7_a_code_cannot_be_guessed_and_dies_with_the_binding(org: Side, person: Side) -> None:
    he, bing = person(HE), org(BING)
    [receipt] = he(grant_codes.apply, account_ids=(BING,), shown=[photo(he)]).receipts
    code = approved_code(he, receipt.number)
    for _ in range(grant_codes.TRIES):
        he(grant_codes.verify, account_id=BING, code="22222222")
    assert isinstance(he(grant_codes.verify, account_id=BING, code=code).refusal, GrantCodeLocked)

    bing(bindings.release, person_id=HE)

    with he.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(GrantCode)) == 0


def test_b6_an_operator_released_meanwhile_gets_no_code(org: Side, person: Side) -> None:
    he = person(HE)
    [receipt] = he(grant_codes.apply, account_ids=(BING,), shown=[photo(he)]).receipts
    org(BING)(bindings.release, person_id=HE)

    with pytest.raises(NothingToApprove):
        he.decide(case_review.approve, receipt.number)
    assert he.ask(cases.mine)


def at_counter(talk: Talk, login: str = "hewei83", by: Role = Role.CASE_OFFICER) -> str:
    with talk.database.transaction() as session:
        return grant_codes.issue_at_counter(
            session,
            talk.hall,
            province="gd",
            number="91440600MA000004XY",
            login=login,
            staff=by.value,
            now=talk.now,
        )


def test_b6_and_b7_a_code_from_the_counter_is_entered_like_one_from_an_sms(person: Side, org: Side) -> None:
    he, bing = person(HE), org(BING)
    with pytest.raises(StaffMayNot):
        at_counter(he, by=Role.TRAINER)
    for stranger in ("zhoujie87", "nobody"):
        with pytest.raises(NotBound):
            at_counter(he, login=stranger)
    first, second = at_counter(he), at_counter(he)  # lost on the way, and asked for again
    assert isinstance(he(grant_codes.verify, account_id=BING, code="22222222").refusal, GrantCodeWrong)

    assert he(grant_codes.verify, account_id=BING, code=second).right

    assert {each.account_id: each.is_verified for each in he.ask(acting.choices)}[BING]
    assert history(bing)[:2] == [("授权码实名", "何*", "person"), ("窗口发放授权码", "何*", "counter")]
    with pytest.raises(AlreadyVerified):
        at_counter(he)
    with he.database.reading() as session:
        for kept in session.scalars(select(GrantCode)):
            assert first not in str(vars(kept)) and second not in str(vars(kept))


# The organization's own data


def test_u6_before_real_naming_the_name_is_edited_and_afterwards_only_updated(org: Side) -> None:
    yi, jia, ding = org(YI), org(f"demo_{REAL_NAMED['number']}"), org("demo_91440700MA0000040A")

    assert yi(organizations.rename, name="深圳示例乙科技股份有限公司").name == "深圳示例乙科技股份有限公司"
    with pytest.raises(NameOnlyByUpdate):
        jia(organizations.rename, name="广州示例甲集团有限公司")
    with pytest.raises(NothingToUpdate):
        jia(organizations.update)
    ding(organizations.update)
    assert ding.ask(organizations.details).legal_representative == "彭飞"
    assert history(ding)[0][0] == "更新单位信息"


# What the database holds, whatever happens at once


def test_b3_and_b4_the_database_itself_keeps_contacts_and_grants_on_a_live_binding(talk: Talk) -> None:
    for statement in (
        delete(Binding).where(Binding.account_id == REN, Binding.person_id == SUN),  # contact, and granted
        delete(PrimaryContact).where(PrimaryContact.account_id == REN),
    ):
        with pytest.raises(DBAPIError), talk.database.transaction() as session:
            session.execute(statement.execution_options(synchronize_session=False))
    for person_id in (CHEN, ZHOU):  # asked; not even asked
        grant = Grant(account_id=REN, person_id=person_id, business="premium_refund", granted_at=talk.now)
        with pytest.raises(DBAPIError), talk.database.transaction() as session:
            session.add(grant)
            session.flush()


def at_once(calls: list[Callable[[], object]]) -> list[str]:
    """Run them in threads that start together; return what each came to: "done", or the key of its refusal."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> str:
        start.wait()
        try:
            call()
        except Refusal as refused:
            return refused.key
        return "done"

    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(run, calls))


def test_two_people_accept_at_once_and_one_of_them_twice(org: Side, person: Side) -> None:
    bing = org(BING)
    bing(bindings.request, **ZHOUS)
    bing(bindings.request, name="陈静", certificate="441900199511020007")
    talks = [person(ZHOU), person(ZHOU), person(CHEN)]

    came_to = at_once([lambda talk=talk: talk(bindings.accept, account_id=BING) for talk in talks])

    assert came_to == ["already_bound", "done", "done"]
    assert all(one.has_accepted for one in roster_of(bing))


def test_a_release_while_a_grant_is_given(org: Side) -> None:
    one, other = org(REN), org(REN)

    came_to = at_once(
        [
            lambda: one(bindings.release, person_id=HE),
            lambda: other(grants.give, person_id=HE, business=Business.PREMIUM_REFUND),
        ]
    )

    assert came_to in (["done", "done"], ["done", "no_such_operator"])
    assert "何伟" not in {each.name for each in roster_of(one)}
    hold(one.database)


def test_a_contact_is_replaced_twice_at_once_and_the_one_before_released(org: Side, person: Side) -> None:
    first, second, third = org(REN), org(REN), org(REN)
    person(CHEN)(bindings.accept, account_id=REN)

    at_once(
        [
            lambda: first(bindings.name_primary_contact, person_id=HE),
            lambda: second(bindings.name_primary_contact, person_id=CHEN),
            lambda: third(bindings.release, person_id=SUN),
        ]
    )

    assert len([one for one in roster_of(first) if one.is_primary_contact]) == 1
    hold(first.database)


OPERATIONS, THREADS = 1000, 8


def test_a_thousand_random_changes_at_once_leave_every_rule_standing(
    org: Side, person: Side, database: Database
) -> None:
    """B3, B4, B8 under concurrency: nothing but refusals comes of it, and no rule is broken in between either."""
    people = {
        SUN: ("孙丽", "440106198802290006"),
        HE: ("何伟", "445202198307040004"),
        CHEN: ("陈静", "441900199511020007"),
        ZHOU: ("周杰", ZHOUS["certificate"]),
    }
    halls = (BING, REN)

    def change(choice: random.Random, orgs: dict[str, Talk], own: dict[str, Talk]) -> None:
        account_id, person_id = choice.choice(halls), choice.choice(list(people))
        name, certificate = people[person_id]
        doing = choice.choice(
            ["request", "accept", "accept", "refuse", "release", "name", "give", "withdraw", "choose"]
        )
        business = choice.choice(list(Business))
        match doing:
            case "request":
                orgs[account_id](bindings.request, name=name, certificate=certificate)
            case "accept" | "refuse":
                own[person_id](getattr(bindings, doing), account_id=account_id)
            case "release":
                orgs[account_id](bindings.release, person_id=person_id)
            case "name":
                orgs[account_id](bindings.name_primary_contact, person_id=person_id)
            case "give" | "withdraw":
                orgs[account_id](getattr(grants, doing), person_id=person_id, business=business)
            case "choose":
                own[person_id](acting.choose, account_id=account_id)

    counts = {"done": 0, "refused": 0}
    counting = threading.Lock()

    def work(seed: int) -> None:
        choice = random.Random(seed)
        with counting:
            orgs = {account_id: org(account_id) for account_id in halls}
            own = {person_id: person(person_id) for person_id in people}
        for nth in range(OPERATIONS // THREADS):
            try:
                change(choice, orgs, own)
                outcome = "done"
            except Refusal:
                outcome = "refused"
            except OperationalError as busy:  # SQLite, when the machine is slow: nothing was written
                assert "locked" in str(busy)
                outcome = "refused"
            with counting:
                counts[outcome] += 1
            if nth % 25 == 0:
                hold(database)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))

    assert counts["done"] + counts["refused"] == OPERATIONS
    assert counts["done"] > OPERATIONS / 10
    hold(database)
    told_and_bound(database)


def hold(database: Database) -> None:
    """Look at the tables as they are now, in one snapshot: whatever is broken is shown."""
    with database.reading() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        rows = session.execute(select(Binding.account_id, Binding.person_id, Binding.state)).all()
        contacts = session.execute(select(PrimaryContact.account_id, PrimaryContact.person_id)).all()
        granted = session.execute(select(Grant.account_id, Grant.person_id)).all()
        named = set(session.scalars(select(OrgAccount.id).where(OrgAccount.id == REN)))
    pairs = [(account_id, person_id) for account_id, person_id, _ in rows]
    live = {(account_id, person_id) for account_id, person_id, state in rows if state == "accepted"}
    assert len(pairs) == len(set(pairs))
    assert {tuple(grant) for grant in granted} <= live
    assert {tuple(contact) for contact in contacts if contact[1]} <= live
    assert len(contacts) == len({account_id for account_id, _ in contacts})
    assert named <= {account_id for account_id, _ in contacts}


def told_and_bound(database: Database) -> None:
    """The history accounts for what is bound in the end: nothing was written without its line."""
    ends = {"binding.refused": None, "binding.released": None, "binding.withdrawn": None}
    becomes = {"binding.requested": "requested", "binding.accepted": "accepted", **ends}
    told: dict[tuple[str, str], str | None] = {
        (BING, HE): "accepted",
        (REN, SUN): "accepted",
        (REN, HE): "accepted",
        (REN, CHEN): "requested",
    }
    with database.reading() as session:
        lines = session.execute(
            text("SELECT did, subject_id, facts FROM audit_trail WHERE did LIKE 'binding.%' ORDER BY id")
        ).all()
        rows = session.execute(
            select(Binding.account_id, Binding.person_id, Binding.state).where(
                Binding.account_id.in_([BING, REN])
            )
        ).all()
    for did, account_id, facts in lines:
        told[account_id, _person_of(facts)] = becomes[did]
    assert {(account_id, person_id): state for account_id, person_id, state in rows} == {
        pair: state for pair, state in told.items() if state
    }


def _person_of(facts: object) -> str:
    import json

    body = facts if isinstance(facts, dict) else json.loads(str(facts))
    return str(body["person"])
