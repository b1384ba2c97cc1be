"""Whatever people and staff do to a case, it goes through its states as it should."""

from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from hrss import appeals, case_review, cases, conversations, demo_hall, staff
from hrss.case_states import DECIDED, NEXT, OPEN, CaseState
from hrss.database import Database
from hrss.errors import CaseAlreadyDecided, CaseNotOpen, CaseRefusal
from hrss.hall import Hall
from hrss.recovery import Recovered
from hrss.settings import Settings
from hrss.staff import Role
from hrss.systems.demo import DemoRecords
from hrss.tables import Case
from tests.hrss.people import CHEN, Talk, photo

PHONE = "13800138030"


def test_an_open_case_is_not_decided_and_a_decided_one_goes_nowhere_but_to_be_told() -> None:
    assert not OPEN & DECIDED
    assert set(NEXT) == set(CaseState)
    for state in DECIDED:
        assert NEXT[state] <= {CaseState.NOTIFIED}


class ACase(RuleBasedStateMachine):
    """Compares the hall with what should be, after anything that anyone may do in any order."""

    database: Database
    hall: Hall

    @initialize()
    def begin(self) -> None:
        self.now = datetime(2026, 11, 2, 1, tzinfo=timezone.utc)
        with self.database.transaction() as session:
            for old in session.scalars(select(Case).where(Case.state.in_([each.value for each in OPEN]))):
                old.state = CaseState.WITHDRAWN.value
            conversation = conversations.open(
                session, channel="web", province="gd", now=self.now, idle=timedelta(days=1)
            )
        self.talk = Talk(self.database, self.hall, conversation.id, self.now)
        self.number: str | None = None
        self.expected = CaseState.WITHDRAWN
        self.told = len(self.talk.received_by(PHONE))

    @rule()
    def submit(self) -> None:
        receipt = self.talk(
            appeals.by_person, what=Recovered.ACCOUNT, **CHEN, phone=PHONE, shown=[photo(self.talk)]
        )
        assert (self.expected in OPEN) == receipt.already_open
        if receipt.already_open:
            assert self.number == receipt.number
            with self.database.transaction() as session:
                conversations.photos.forget_loose(session, self.talk.id)
        else:
            self.number, self.expected = receipt.number, CaseState.SUBMITTED

    @rule()
    def take(self) -> None:
        self._reviewed(case_review.take, CaseState.UNDER_REVIEW)

    @rule(by=st.sampled_from([Role.REVIEWER, Role.ADMINISTRATOR]))
    def approve(self, by: Role) -> None:
        self._reviewed(case_review.approve, CaseState.APPROVED, by=by)

    @rule()
    def reject(self) -> None:
        self._reviewed(case_review.reject, CaseState.REJECTED, reason="不符")

    @rule()
    def return_(self) -> None:
        self._reviewed(case_review.return_, CaseState.RETURNED, reason="补充")

    @rule()
    def resubmit(self) -> None:
        self._own(appeals.resubmit, CaseState.SUBMITTED, shown=[photo(self.talk)])

    @rule()
    def withdraw(self) -> None:
        self._own(cases.withdraw, CaseState.WITHDRAWN)

    @rule()
    def send_messages(self) -> None:
        said = self.talk.received_by(PHONE)
        if self.expected in (CaseState.APPROVED, CaseState.REJECTED):
            self.expected = CaseState.NOTIFIED
            assert self.number in said[-1]

    def _reviewed(self, decide: Any, to: CaseState, **given: Any) -> None:
        if self.number is None:
            return
        allowed = self.expected in (CaseState.SUBMITTED, CaseState.UNDER_REVIEW)
        try:
            self.talk.decide(decide, self.number, **given)
        except CaseRefusal as refusal:
            assert not allowed
            assert isinstance(refusal, CaseAlreadyDecided) == (self.expected in DECIDED)
        else:
            assert allowed
            self.expected = to

    def _own(self, act: Any, to: CaseState, **given: Any) -> None:
        if self.number is not None:
            try:
                self.talk(act, number=self.number, **given)
            except CaseNotOpen:
                assert to not in NEXT[self.expected]
            else:
                assert to in NEXT[self.expected]
                self.expected = to
        with self.database.transaction() as session:
            conversations.photos.forget_loose(session, self.talk.id)

    @invariant()
    def it_stands_as_it_should(self) -> None:
        if getattr(self, "number", None) is not None:
            with self.database.reading() as session:
                case = session.get(Case, self.number)
                assert self.expected.value == case.state
                assert (case.decided_by is not None) == (self.expected in DECIDED)


def test_any_order_of_doings_leads_through_the_states(
    migrated_sqlite: Path, settings: Settings, now: datetime
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "hrss.db"
        path.write_bytes(migrated_sqlite.read_bytes())
        ACase.database = Database(f"sqlite:///{path}")
        ACase.hall = Hall.open(settings, ACase.database)
        with ACase.database.transaction() as session:
            demo_hall.fill(session, ACase.hall, DemoRecords(ACase.database, ACase.hall.sealer), now=now)
            for role in Role:
                staff.add(session, role.value, role.value, role, "a password", now)
        machine = ACase.TestCase
        machine.settings = hypothesis_settings(max_examples=15, stateful_step_count=12, deadline=None)
        machine("runTest").runTest()
        ACase.database.close()


@pytest.mark.parametrize("state", CaseState)
def test_a_case_moves_only_where_it_may(state: CaseState) -> None:
    for to in CaseState:
        case = Case(number="GD2222222", state=state.value)
        if to in NEXT[state]:
            cases.move(case, to)
            assert to.value == case.state
        else:
            with pytest.raises(CaseNotOpen):
                cases.move(case, to)
