"""R5 and R8: cases, their owners, and the staff who decide them once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from hrss import (
    accounts,
    appeals,
    case_queue,
    case_review,
    cases,
    duplicates,
    identity,
    passwords,
    recovery,
    sms_codes,
    staff_messages,
)
from hrss.case_queue import Wanted
from hrss.case_states import CaseKind, CaseState
from hrss.cases import Receipt
from hrss.errors import (
    CaseAlreadyDecided,
    CaseNotOpen,
    CaseNumberWrong,
    CaseUnknown,
    NoDuplicateAccounts,
    NothingToApprove,
    PhotoMissing,
    PhotoUnknown,
    ProofNeeded,
    ReasonNeeded,
    StaffMayNot,
)
from hrss.identifiers import CASE_ALPHABET, case_check_character, parse_case_number
from hrss.recovery import Recovered
from hrss.staff import Role
from hrss.tables import Case, OrgAccount, Organization, PersonAccount
from tests.hrss.people import (
    CHEN,
    CHENS_LOGIN,
    HE,
    NOBODY,
    NOBODYS_PHONE,
    NOT_REAL_NAMED,
    OPERATOR,
    Talk,
    photo,
    prove_chen,
    prove_he,
)
from tests.hrss.test_recovery import password_in

NEW_PHONE = "13800138030"
UNKNOWN = "GD222222" + case_check_character("GD222222")


def appeal(talk: Talk, **changed: Any) -> Receipt:
    given = {"what": Recovered.PASSWORD, **CHEN, "phone": NEW_PHONE, "shown": [photo(talk)], **changed}
    return talk(appeals.by_person, **given)


def org_appeal(talk: Talk, **changed: Any) -> Receipt:
    given = {**NOT_REAL_NAMED, **OPERATOR, "what": Recovered.PASSWORD, "shown": [photo(talk)], **changed}
    return talk(appeals.by_operator, **given)


def progress(talk: Talk, number: str) -> cases.Progress:
    with talk.database.transaction() as session:
        return cases.progress(session, talk.hall, talk.id, number=number, now=talk.now)


def open_cases(talk: Talk) -> int:
    with talk.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Case))


def test_r5_an_appeal_is_due_in_two_working_days(talk: Talk) -> None:
    talk.now = datetime(2026, 9, 29, 2, tzinfo=timezone.utc)  # Tuesday before the National Day holidays

    receipt = appeal(talk)

    assert (receipt.state, receipt.working_days, receipt.already_open) == (CaseState.SUBMITTED, 2, False)
    # The 30th is one; then the holidays; the 8th, or a weekend day worked in exchange, is the next.
    assert date(2026, 10, 8) == receipt.due_on


def test_r5_the_outcome_comes_by_sms_and_ends_the_case(talk: Talk) -> None:
    number = appeal(talk).number

    talk.decide(case_review.approve, number)

    [message] = talk.received_by(NEW_PHONE)
    assert number in message and CHENS_LOGIN in message
    with talk.database.reading() as session:
        account = session.scalar(select(PersonAccount).where(PersonAccount.login == CHENS_LOGIN))
    assert passwords.matches(account.password_hash, password_in(message))
    assert account.must_change
    done = progress(talk, number)
    assert (done.state, done.outcome) == (CaseState.NOTIFIED, CaseState.APPROVED)


def test_r1_an_approved_appeal_for_the_account_tells_its_login(talk: Talk) -> None:
    talk.decide(case_review.approve, appeal(talk, what=Recovered.ACCOUNT).number)

    [message] = talk.received_by(NEW_PHONE)
    assert CHENS_LOGIN in message
    assert "密码" not in message


def test_r4_an_approved_appeal_of_an_operator_tells_login_and_password(talk: Talk) -> None:
    talk.decide(case_review.approve, org_appeal(talk).number)

    [message] = talk.received_by(OPERATOR["phone"])
    with talk.database.reading() as session:
        account = session.scalar(select(OrgAccount).where(OrgAccount.login == "szsliyi"))
    assert "szsliyi" in message
    assert passwords.matches(account.password_hash, password_in(message))


def test_r6_an_organization_real_named_meanwhile_gets_no_password(talk: Talk) -> None:
    number = org_appeal(talk).number
    with talk.database.transaction() as session:
        organization = session.scalar(
            select(Organization).where(Organization.uscc == NOT_REAL_NAMED["number"])
        )
        organization.is_real_name = True

    with pytest.raises(NothingToApprove):
        talk.decide(case_review.approve, number)


def test_r8_a_second_request_answers_with_the_open_case(talk: Talk, new_talk: Callable[[], Talk]) -> None:
    first = appeal(talk)
    talk.decide(case_review.take, first.number)

    second = appeal(new_talk())

    assert (first.number, CaseState.UNDER_REVIEW, True) == (second.number, second.state, second.already_open)
    assert open_cases(talk) == 1


def test_r8_is_of_a_subject_and_a_kind(talk: Talk) -> None:
    receipts = [
        appeal(talk),
        appeal(talk, what=Recovered.ACCOUNT),
        appeal(talk, certificate=NOBODY["certificate"], name=NOBODY["name"]),
        appeal(talk, province="hn"),
        org_appeal(talk),
    ]

    assert len({receipt.number for receipt in receipts}) == 5


def test_r8_once_it_is_decided_another_may_be_opened(talk: Talk) -> None:
    first = appeal(talk)
    talk.decide(case_review.reject, first.number, reason="照片不清楚")

    assert first.number != appeal(talk).number


def test_r8_requests_made_at_once_open_one_case(talk: Talk) -> None:
    shown = [photo(talk) for _ in range(6)]

    with ThreadPoolExecutor(6) as pool:
        receipts = list(pool.map(lambda n: appeal_with(talk, shown[n], key=f"run {n}"), range(6)))

    assert len({receipt.number for receipt in receipts}) == 1
    assert sum(receipt.already_open for receipt in receipts) == 5


def appeal_with(talk: Talk, shown: str, key: str) -> Receipt:
    return talk(appeals.by_person, key=key, what=Recovered.PASSWORD, **CHEN, phone=NEW_PHONE, shown=[shown])


def test_r8_the_database_itself_allows_one_open_case_of_a_subject_and_kind(talk: Talk) -> None:
    number = appeal(talk).number

    def copy(session: Any, copied: str, state: CaseState) -> None:
        case = session.get(Case, number)
        columns = {column.name: getattr(case, column.name) for column in Case.__table__.columns}
        session.add(Case(**{**columns, "number": copied, "state": state.value}))
        session.flush()

    with talk.database.transaction() as session:
        copy(session, "GD2222222", CaseState.NOTIFIED)
    for state in (CaseState.SUBMITTED, CaseState.UNDER_REVIEW, CaseState.RETURNED):
        with pytest.raises(IntegrityError), talk.database.transaction() as session:
            copy(session, "GD3333333", state)


def test_r8_progress_is_for_the_owner_only(talk: Talk, new_talk: Callable[[], Talk]) -> None:
    number = appeal(talk).number
    stranger = new_talk()

    assert progress(talk, number).state == CaseState.SUBMITTED
    for quoted in (number, UNKNOWN):
        with pytest.raises(ProofNeeded):
            progress(stranger, quoted)
    prove_chen(stranger)  # the appeal was not proven to be hers: anybody can type her number
    with pytest.raises(ProofNeeded):
        progress(stranger, number)


def test_r8_the_phone_of_a_case_proves_its_owner(talk: Talk, new_talk: Callable[[], Talk]) -> None:
    number = appeal(talk, phone="13800138006").number
    elsewhere = new_talk()

    elsewhere(cases.send_code, number=f" {number.lower()} ", phone="13800138006")
    assert elsewhere(sms_codes.check, code="208817").right

    assert number == progress(elsewhere, number).number
    assert [number] == [each.number for each in elsewhere.ask(cases.mine)]


@pytest.mark.parametrize("quoted", ["theirs", "nobody's"])
def test_r8_another_phone_proves_nothing_and_hears_nothing(
    talk: Talk, new_talk: Callable[[], Talk], quoted: str
) -> None:
    number = appeal(talk).number if quoted == "theirs" else UNKNOWN
    stranger = new_talk()

    sent = stranger(cases.send_code, number=number, phone="13800138006")

    assert sent.phone == "138****8006"
    assert stranger.received_by("13800138006") == []
    assert not stranger(sms_codes.check, code="208817").right


def test_r8_a_case_can_be_quoted(talk: Talk) -> None:
    number = appeal(talk).number

    assert len(number) == 9
    assert number == parse_case_number(f"{number[:5].lower()} - {number[5:]}")
    for place in range(2, 9):
        for character in CASE_ALPHABET.replace(number[place], ""):
            with pytest.raises(CaseNumberWrong):
                parse_case_number(number[:place] + character + number[place + 1 :])
    for place in range(2, 7):
        swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        if swapped != number:
            with pytest.raises(CaseNumberWrong):
                parse_case_number(swapped)


def test_a_repeated_appeal_is_one(talk: Talk) -> None:
    shown = photo(talk)

    assert appeal_with(talk, shown, key="run 1") == appeal_with(talk, shown, key="run 1")


def test_an_appeal_needs_a_photo_of_this_conversation(talk: Talk, new_talk: Callable[[], Talk]) -> None:
    with pytest.raises(PhotoMissing):
        appeal(talk, shown=[])
    with pytest.raises(PhotoUnknown):
        appeal(talk, shown=[photo(new_talk())])
    used = photo(talk)
    appeal(talk, shown=[used])
    with pytest.raises(PhotoUnknown):
        appeal(talk, shown=[used], what=Recovered.ACCOUNT)


def test_r10_an_appeal_for_nobodys_account_is_taken_like_any_other(talk: Talk) -> None:
    receipt = appeal(talk, name=NOBODY["name"], certificate=NOBODY["certificate"], phone=NOBODYS_PHONE)

    assert receipt.state == CaseState.SUBMITTED
    with pytest.raises(NothingToApprove):
        talk.decide(case_review.approve, receipt.number)
    talk.decide(case_review.reject, receipt.number, reason="没有这个账号")


def test_a_returned_case_goes_on_with_what_was_missing(talk: Talk) -> None:
    number = appeal(talk).number
    talk.decide(case_review.return_, number, reason="照片反光")

    [message] = talk.received_by(NEW_PHONE)
    returned = progress(talk, number)
    talk.later(minutes=5)
    talk(appeals.resubmit, number=number, shown=[photo(talk)])

    assert "照片反光" in message
    assert (returned.state, returned.reason) == (CaseState.RETURNED, "照片反光")
    assert (progress(talk, number).state, progress(talk, number).reason) == (CaseState.SUBMITTED, None)
    talk.decide(case_review.approve, number)


def test_only_a_returned_case_can_be_resubmitted_and_only_by_its_owner(
    talk: Talk, new_talk: Callable[[], Talk]
) -> None:
    number = appeal(talk).number

    with pytest.raises(CaseNotOpen) as refused:
        talk(appeals.resubmit, number=number, shown=[photo(talk)])
    assert {"number": number, "state": "待审核"} == refused.value.facts
    with pytest.raises(ProofNeeded):
        new_talk()(appeals.resubmit, number=number, shown=[])


def test_a_case_can_be_withdrawn_by_its_owner_until_it_is_decided(
    talk: Talk, new_talk: Callable[[], Talk]
) -> None:
    number = appeal(talk).number

    with pytest.raises(ProofNeeded):
        new_talk()(cases.withdraw, number=number)
    assert talk(cases.withdraw, number=number).state == CaseState.WITHDRAWN
    with pytest.raises(CaseNotOpen):
        talk.decide(case_review.approve, number)
    decided = appeal(talk).number
    talk.decide(case_review.approve, decided)
    with pytest.raises(CaseNotOpen):
        talk(cases.withdraw, number=decided)


def test_a_case_is_decided_once(talk: Talk) -> None:
    number = appeal(talk).number
    talk.decide(case_review.approve, number)

    for decide, given in ((case_review.approve, {}), (case_review.reject, {"reason": "不符"})):
        with pytest.raises(CaseAlreadyDecided) as refused:
            talk.decide(decide, number, **given)
        assert {"number": number, "state": "已通过"} == refused.value.facts
    talk.received_by(NEW_PHONE)
    with pytest.raises(CaseAlreadyDecided):
        talk.decide(case_review.return_, number, reason="不符")


def test_of_two_officers_deciding_at_once_one_wins(talk: Talk) -> None:
    number = appeal(talk).number

    def decide(nth: int) -> bool:
        try:
            if nth % 2:
                talk.decide(case_review.approve, number)
            else:
                talk.decide(case_review.reject, number, by=Role.ADMINISTRATOR, reason="不符")
        except CaseAlreadyDecided:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(decide, range(6))) == 1
    assert len(talk.received_by(NEW_PHONE)) == 1


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.REVIEWER, Role.ADMINISTRATOR}))
def test_appeals_are_decided_by_reviewers_and_administrators_only(talk: Talk, role: Role) -> None:
    number = appeal(talk).number

    with pytest.raises(StaffMayNot):
        talk.decide(case_review.approve, number, by=role)


def test_someone_who_is_no_staff_decides_nothing(talk: Talk) -> None:
    number = appeal(talk).number

    with pytest.raises(StaffMayNot), talk.database.transaction() as session:
        case_review.approve(session, talk.hall, number, staff="nobody", now=talk.now)


def test_a_rejection_has_a_reason(talk: Talk) -> None:
    number = appeal(talk).number

    for decide in (case_review.reject, case_review.return_):
        with pytest.raises(ReasonNeeded):
            talk.decide(decide, number, reason="  ")


def test_staff_hear_that_a_number_is_nobodys(talk: Talk) -> None:
    with pytest.raises(CaseUnknown):
        talk.decide(case_review.approve, UNKNOWN)


def test_staff_see_a_case_with_everything_personal_masked(talk: Talk) -> None:
    number = appeal(talk).number

    with talk.database.transaction() as session:
        file = case_review.show(session, talk.hall, number)
        [waiting] = case_review.waiting(session, talk.hall)

    assert file == waiting
    assert file.claim == {"name": "陈静", "certificate": "441***********0007", "phone": "138****8030"}
    assert len(file.photos) == 1


def test_p4_an_administrator_cancels_one_of_two_accounts(talk: Talk) -> None:
    prove_he(talk)

    receipt = talk(duplicates.request_cancellation, province="gd", login="hemei_old")
    with pytest.raises(StaffMayNot):
        talk.decide(case_review.approve, receipt.number)
    talk.decide(case_review.approve, receipt.number, by=Role.ADMINISTRATOR)

    assert receipt.kind == CaseKind.DUPLICATE_ACCOUNT
    assert "hemei_old已注销" in talk.received_by("13800138008")[-1]
    assert [each.login for each in talk.ask(recovery.logins, province="gd")] == ["hemei79"]


def test_p4_the_last_account_is_not_cancelled(talk: Talk) -> None:
    prove_he(talk)
    receipt = talk(duplicates.request_cancellation, province="gd", login="hemei79")
    with talk.database.transaction() as session:
        other = session.scalar(select(PersonAccount).where(PersonAccount.login == "hemei_old"))
        accounts.cancel(other, talk.now)

    with pytest.raises(NothingToApprove):
        talk.decide(case_review.approve, receipt.number, by=Role.ADMINISTRATOR)


def test_p4_needs_a_proof_and_two_accounts(talk: Talk) -> None:
    with pytest.raises(ProofNeeded):
        talk(duplicates.request_cancellation, province="gd", login=CHENS_LOGIN)
    prove_chen(talk)
    with pytest.raises(NoDuplicateAccounts):
        talk(duplicates.request_cancellation, province="gd", login=CHENS_LOGIN)


def test_p4_a_proven_persons_cases_are_theirs_in_every_conversation(
    talk: Talk, new_talk: Callable[[], Talk]
) -> None:
    prove_he(talk)
    number = talk(duplicates.request_cancellation, province="gd", login="hemei_old").number
    elsewhere = new_talk()
    elsewhere.later(minutes=2)

    talk_again = elsewhere(identity.send_person_code, **HE, phone="13800138008")
    assert talk_again.minutes == 5
    elsewhere(sms_codes.check, code="551208")

    assert number == progress(elsewhere, number).number


def test_words_for_staff_are_kept_together_until_they_are_answered(talk: Talk) -> None:
    first = talk(staff_messages.leave, province="gd", words="我好像有两个号")
    again = talk(staff_messages.leave, province="gd", words="〔手机#1〕")

    assert (first.number, True) == (again.number, again.already_open)
    file = talk.decide(case_review.approve, first.number, by=Role.CASE_OFFICER)
    assert file.claim["words"] == ["我好像有两个号", "〔手机#1〕"]
    assert first.number != talk(staff_messages.leave, province="gd", words="还在吗").number


def queued(talk: Talk, state: str) -> list[case_queue.Queued]:
    """The cases of the queue, through all its pages."""
    shown, after = [], None
    with talk.database.reading() as session:
        while True:
            page = case_queue.page(session, Wanted(state=state), now=talk.now, after=after, limit=7)
            shown += page.cases
            after = page.following
            if after is None:
                return shown


def put_25(talk: Talk, state: CaseState, due: Callable[[int], date | None] = lambda number: None) -> None:
    with talk.database.transaction() as session:
        for number in range(25):
            session.add(
                Case(
                    number=f"GD{number:07d}",
                    kind=CaseKind.STAFF_MESSAGE.value,
                    state=state.value,
                    province="gd",
                    conversation_id=talk.id,
                    subject_lookup=f"{number}",
                    submitted_at=talk.now - timedelta(days=number // 4),
                    due_on=due(number),
                    key_id="k1",
                    sealed=b"",
                )
            )


@pytest.mark.parametrize("state", ["decided", "all"])
def test_pages_of_what_is_decided_show_every_case_once_newest_first(talk: Talk, state: str) -> None:
    put_25(talk, CaseState.NOTIFIED)

    shown = queued(talk, state)

    assert len({case.number for case in shown}) == len(shown) == 25
    assert sorted((case.submitted_at for case in shown), reverse=True) == [
        case.submitted_at for case in shown
    ]


def test_pages_of_what_waits_show_every_case_once_what_is_due_first_and_what_has_no_day_last(
    talk: Talk,
) -> None:
    today = talk.now.date()
    put_25(
        talk, CaseState.SUBMITTED, lambda number: today + timedelta(days=number % 3) if number % 5 else None
    )

    shown = queued(talk, "waiting")

    places = [(case.due_on or date.max, case.submitted_at, case.number) for case in shown]
    assert len(set(places)) == len(places) == 25
    assert sorted(places) == places
    assert shown[-1].due_on is None
