"""F1 to F7: reading by our clock, the choice, its submission at once, the notice that ends it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count
from pathlib import Path

import pypdfium2
import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError, StatementError

from hrss import (
    demo_refunds,
    photos,
    proofs,
    public_notices,
    refund_counter,
    refund_slips,
    refund_tasks,
    refunds,
    regulations,
)
from hrss.database import Database
from hrss.errors import (
    NotBound,
    NotGranted,
    NothingToSubmit,
    NoticePublished,
    NotRead,
    NotTicked,
    Refusal,
    SignInAsPerson,
    SlipUnknown,
    StaffMayNot,
    TaskReplaced,
)
from hrss.hall import Hall
from hrss.proofs import How
from hrss.refund_confirmations import RefundDecision, Settled
from hrss.refunds import RefundFile
from hrss.subjects import Subject, SubjectKind
from hrss.tables import (
    Assessment,
    ConfirmationSlip,
    RefundConfirmation,
    RefundTask,
    RegulationReading,
)
from tests.hrss.people import Talk, photo

ORG = "demo_91410100MA00000311"  # 郑州示例丁, 牛红 granted
LUOYANG = "demo_91410300MA00000583"  # 洛阳示例戊, 史军 granted, 贺敏 bound
YEAR = demo_refunds.OPEN_YEAR
ACCEPT, WAIVE = RefundDecision.ACCEPT, RefundDecision.WAIVE


@pytest.fixture(autouse=True)
def assessed(database: Database, hall: Hall, now) -> None:  # type: ignore[no-untyped-def]
    demo_refunds.fill(database, hall, now=now, staff="administrator", years=(YEAR,))


def signed_in(talk: Talk, person: str = "demo_niuhong") -> Talk:
    subject = Subject(SubjectKind.PERSON, person)
    talk.ask(proofs.give, how=How.TOKEN, subject=subject)
    return talk


@pytest.fixture
def niu(talk: Talk) -> Talk:
    return signed_in(talk)


def read(talk: Talk, seconds: float = 10, org: str = ORG) -> None:
    talk.ask(refunds.deliver_regulation, account_id=org)
    talk.later(seconds=seconds)


def save(talk: Talk, decision: RefundDecision, org: str = ORG, ticked: bool = True) -> str:
    return str(talk(refund_tasks.save, account_id=org, decision=decision, ticked=ticked).task)


def settle(talk: Talk, decision: RefundDecision, org: str = ORG) -> Settled:
    read(talk, org=org)
    settled: Settled = talk(refund_tasks.submit, account_id=org, task=save(talk, decision, org))
    return settled


def file_of(talk: Talk, org: str = ORG) -> RefundFile:
    with talk.database.transaction() as session:
        return refunds.file(session, talk.hall, talk.id, account_id=org, now=talk.now)


def publish(talk: Talk) -> public_notices.Notice:
    with talk.database.transaction() as session:
        return public_notices.publish(session, province="hn", year=YEAR, staff="administrator", now=talk.now)


def record(database: Database) -> list[str]:
    with database.reading() as session:
        rows = session.scalars(
            select(RefundConfirmation)
            .join(Assessment, Assessment.id == RefundConfirmation.assessment_id)
            .where(Assessment.year == YEAR)
            .order_by(RefundConfirmation.id)
        )
        return [row.decision for row in rows]


def pdf_of(talk: Talk, number: str) -> str:
    with talk.database.reading() as session:
        data = talk.hall.sealer.unseal(session.get(ConfirmationSlip, number))
    return str(pypdfium2.PdfDocument(data)[0].get_textpage().get_text_range())


def test_f2_every_figure_is_shown_as_the_agency_gave_it(niu: Talk) -> None:
    file = file_of(niu)

    # 30% of 386215 is 115864.50: the agency's figure stands
    assert (file.contributions, file.layoff_rate, file.refund_ratio) == ("386215", "0%", "30%")
    assert (file.amount, file.year, file.org_name) == ("115864.55", YEAR, "郑州示例丁食品有限公司")
    assert file.account.endswith("3115") and file.account.startswith("***")


def test_f3_at_9_9_seconds_it_is_refused_and_at_10_accepted(niu: Talk) -> None:
    read(niu, 9.9)
    with pytest.raises(NotRead) as early:
        save(niu, ACCEPT)
    assert (early.value.seconds, early.value.left) == (10, 1)

    niu.later(seconds=0.1)
    assert save(niu, ACCEPT).startswith("DB")


def test_f3_the_box_must_be_ticked_and_the_text_delivered(niu: Talk) -> None:
    with pytest.raises(NotRead):
        save(niu, ACCEPT)
    read(niu)
    with pytest.raises(NotTicked):
        save(niu, ACCEPT, ticked=False)


def test_f7_the_clock_goes_on_after_a_reload_and_on_another_device(
    niu: Talk, new_talk: Callable[[], Talk]
) -> None:
    read(niu, 6)
    elsewhere = signed_in(new_talk())
    elsewhere.now = niu.now
    read(elsewhere, 4)

    assert save(elsewhere, ACCEPT)


def test_f7_a_new_version_of_the_text_begins_the_clock_anew(niu: Talk, tmp_path: Path) -> None:
    read(niu)
    changed = tmp_path / "changed.md"
    changed.write_text("# 新的说明\n\n内容变了。", encoding="utf-8")
    with niu.database.transaction() as session:
        version = regulations.publish(session, province="hn", year=YEAR, path=changed, now=niu.now).version

    assert version == 2
    with pytest.raises(NotRead):
        save(niu, ACCEPT)
    settled = settle(niu, ACCEPT)
    with niu.database.reading() as session:
        assert session.get(RefundConfirmation, settled.confirmation_id).regulation_version == 2


def test_f3_what_was_read_for_one_confirmation_does_for_no_second(niu: Talk) -> None:
    settle(niu, WAIVE)

    with pytest.raises(NotRead):
        save(niu, ACCEPT)


def test_f4_and_f5_a_submission_settles_at_once_and_its_slip_says_what_was_settled(niu: Talk) -> None:
    settled = settle(niu, ACCEPT)

    file = file_of(niu)
    assert (file.decision, file.task) == (ACCEPT, None)
    page = pdf_of(niu, settled.slip)
    for said in (settled.slip, "郑州示例丁食品有限公司", "115864.55", "386215", "30%", "确认结果：确认享受"):
        assert said in page
    assert "900100000003115" not in page
    with niu.database.reading() as session:
        standing = refund_slips.verify(session, settled.slip.lower())
    assert standing.counts and "丁" not in standing.org_name
    with pytest.raises(SlipUnknown), niu.database.reading() as session:
        refund_slips.verify(session, "HN20237K3Q2M45T")


def test_f5_a_name_outside_the_font_still_gets_its_slip(niu: Talk) -> None:
    assert refund_slips._printable("郑州㛃𠀀食品") in ("郑州〓〓食品", "郑州㛃〓食品")


def test_f6_waive_confirm_notice_confirm(niu: Talk) -> None:
    first, second = settle(niu, WAIVE), settle(niu, ACCEPT)
    notice = publish(niu)
    with pytest.raises(NoticePublished) as refused:
        settle(niu, WAIVE)

    assert (refused.value.year, refused.value.decision) == (YEAR, "确认享受")
    assert (notice.accepted, notice.waived, notice.accepted_total) == (1, 0, Decimal("115864.55"))
    assert record(niu.database) == ["waive", "accept"]
    assert "放弃享受" in pdf_of(niu, first.slip) and "确认享受" in pdf_of(niu, second.slip)
    with niu.database.reading() as session:
        assert not refund_slips.verify(session, first.slip).counts
        assert refund_slips.verify(session, second.slip).counts


def test_f6_the_counter_records_one_too_and_only_before_the_notice(niu: Talk) -> None:
    def enter(staff: str = "case_officer") -> Settled:
        with niu.database.transaction() as session:
            return refund_counter.enter(
                session,
                niu.hall,
                province="hn",
                year=YEAR,
                uscc="91410100MA00000311",
                decision=WAIVE,
                staff=staff,
                now=niu.now,
            )

    read(niu)
    task = save(niu, ACCEPT)
    with pytest.raises(StaffMayNot):
        enter("trainer")
    assert "受理岗" in pdf_of(niu, enter().slip)
    with pytest.raises(TaskReplaced):
        niu(refund_tasks.submit, account_id=ORG, task=task)
    publish(niu)
    with pytest.raises(NoticePublished):
        enter()
    assert record(niu.database) == ["waive"]


STATEMENTS = (
    "INSERT INTO refund_confirmations (assessment_id, decision, staff, at)"
    " SELECT assessment_id, 'waive', 'x', at FROM refund_confirmations",
    "UPDATE refund_confirmations SET decision = 'waive'",
    "DELETE FROM refund_confirmations",
    "UPDATE refund_assessments SET amount = '1'",
    "DELETE FROM refund_assessments",
    "UPDATE regulations SET body = 'x'",
    "UPDATE regulation_readings SET delivered_at = used_at",
    "UPDATE refund_years SET noticed_at = NULL",
    "DELETE FROM confirmation_slips",
    "UPDATE confirmation_slips SET digest = 'x'",
)


def test_f6_after_the_notice_the_database_itself_refuses(niu: Talk) -> None:
    settle(niu, ACCEPT)
    publish(niu)

    for statement in STATEMENTS:
        with pytest.raises(DBAPIError), niu.database.transaction() as session:
            session.execute(text(statement))


def test_f7_who_may(new_talk: Callable[[], Talk]) -> None:
    def refusal(person: str | None, org: str) -> type[Refusal]:
        talk = new_talk() if person is None else signed_in(new_talk(), person)
        with pytest.raises(Refusal) as refused:
            read(talk, org=org)
        with pytest.raises(Refusal):
            file_of(talk, org)
        return type(refused.value)

    assert refusal(None, LUOYANG) is SignInAsPerson
    assert refusal("demo_tianye", LUOYANG) is NotBound
    assert refusal("demo_hemin", LUOYANG) is NotGranted
    assert refusal("demo_niuhong", LUOYANG) is NotBound
    read(signed_in(new_talk(), "demo_shijun"), org=LUOYANG)


def test_what_can_still_be_confirmed_is_shown_first(niu: Talk) -> None:
    demo_refunds.fill(niu.database, niu.hall, now=niu.now, staff="administrator")
    with niu.database.transaction() as session:
        found = refunds.files(session, niu.hall, niu.id, province="hn", now=niu.now)

    assert [(file.year, file.noticed) for file in found] == [(YEAR, False), (demo_refunds.NOTICED_YEAR, True)]
    assert found[1].decision is WAIVE


def test_a_submission_that_comes_twice_settles_once(niu: Talk) -> None:
    read(niu)
    task = save(niu, ACCEPT)
    first = niu(refund_tasks.submit, key="submit", account_id=ORG, task=task)

    assert niu(refund_tasks.submit, key="submit", account_id=ORG, task=task) == first
    with pytest.raises(NothingToSubmit):
        niu(refund_tasks.submit, key="again", account_id=ORG, task=task)
    assert record(niu.database) == ["accept"]


def test_a_submission_that_fails_halfway_leaves_nothing(niu: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    read(niu)
    task = save(niu, ACCEPT)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no paper")

    with monkeypatch.context() as patched:
        patched.setattr(refund_slips, "_printed", broken)
        with pytest.raises(RuntimeError):
            niu(refund_tasks.submit, account_id=ORG, task=task)

    assert record(niu.database) == []
    assert file_of(niu).task == task
    niu(refund_tasks.submit, account_id=ORG, task=task)
    assert record(niu.database) == ["accept"]


def test_two_operators_at_once_leave_one_consistent_last_state(
    niu: Talk, new_talk: Callable[[], Talk]
) -> None:
    other = signed_in(new_talk())
    for talk in (niu, other):
        read(talk)
    other.now = niu.now
    came_of: list[object] = []
    begin = threading.Barrier(2)

    def confirm(talk: Talk, decision: RefundDecision) -> None:
        begin.wait()
        try:
            came_of.append(talk(refund_tasks.submit, account_id=ORG, task=save(talk, decision)))
        except Refusal as refused:
            came_of.append(refused)

    threads = [threading.Thread(target=confirm, args=each) for each in ((niu, ACCEPT), (other, WAIVE))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    settled = [each for each in came_of if isinstance(each, Settled)]
    assert settled and all(isinstance(each, (Settled, TaskReplaced, NotRead)) for each in came_of)
    decisions = record(niu.database)
    assert len(decisions) == len(settled)
    file = file_of(niu)
    assert file.decision is not None and file.decision.value == decisions[-1]
    with niu.database.reading() as session:
        slips = session.scalars(select(ConfirmationSlip.number)).all()
        assert {each.slip for each in settled} <= set(slips)
        assert session.scalars(select(RefundTask).where(RefundTask.state == "open")).all() == []
        used = session.scalars(select(RegulationReading.used_at)).all()
        assert all(used)


def test_a_notice_and_a_confirmation_at_once_agree(niu: Talk) -> None:
    read(niu)
    task = save(niu, ACCEPT)
    begin = threading.Barrier(2)
    came_of: dict[str, object] = {}

    def confirm() -> None:
        begin.wait()
        try:
            came_of["confirmed"] = niu(refund_tasks.submit, account_id=ORG, task=task)
        except NoticePublished as refused:
            came_of["confirmed"] = refused

    def notice() -> None:
        begin.wait()
        came_of["notice"] = publish(niu)

    threads = [threading.Thread(target=confirm), threading.Thread(target=notice)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    published = came_of["notice"]
    assert isinstance(published, public_notices.Notice)
    # whichever came first, what the notice counted is what the record has
    assert published.accepted == isinstance(came_of["confirmed"], Settled) == len(record(niu.database))


def test_f5_evidence_stays_with_the_assessment(niu: Talk) -> None:
    settle(niu, ACCEPT)
    shown = photo(niu)

    niu(refunds.attach_evidence, account_id=ORG, shown=(shown,))

    with niu.database.transaction() as session:
        assert photos.of_conversation(session, niu.id) == ()
        photos.forget_loose(session, niu.id)
        assert photos.show(session, niu.hall, shown)


def test_f7_no_float_can_touch_money(niu: Talk) -> None:
    with pytest.raises(StatementError), niu.database.transaction() as session:
        session.add(
            Assessment(
                id="x",
                batch=session.scalar(select(Assessment.batch).limit(1)),
                line=1,
                province="hn",
                year=YEAR,
                uscc="1",
                insured_number="1",
                org_name="1",
                contributions=Decimal(1),
                layoff_rate=Decimal(0),
                refund_ratio=Decimal(30),
                amount=0.1,
                account_name="1",
                bank="1",
                key_id="1",
                sealed=b"",
            )
        )


def test_f4_a_process_killed_at_any_statement_leaves_nothing_or_the_whole(niu: Talk) -> None:
    read(niu)
    task = save(niu, ACCEPT)
    whole = False
    for statements in range(1, 60):
        child = os.fork()
        if child == 0:
            seen = count(1)

            def kill(*_: object, seen: Iterator[int] = seen, last: int = statements) -> None:
                if next(seen) == last:
                    os.kill(os.getpid(), signal.SIGKILL)

            event.listen(niu.database.engine, "before_cursor_execute", kill)
            niu(refund_tasks.submit, key="submit", account_id=ORG, task=task)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        whole = os.WIFEXITED(status)
        with niu.database.reading() as session:
            settled = len(session.scalars(select(RefundConfirmation.id)).all())
            slips = len(session.scalars(select(ConfirmationSlip.number)).all())
            state = session.get(RefundTask, task).state
            used = session.scalars(select(RegulationReading.used_at)).one() is not None
        assert (settled, slips, state, used) in ((0, 0, "open", False), (1, 1, "submitted", True))
        assert settled == whole
        if whole:
            break

    assert whole and statements > 10
