"""What staff make of conversations: verdicts, queues, follow-ups, comments, values revealed, tests."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from hrss import conversations, flow_steps, happenings, regressions, reveals, reviews, transcript_list
from hrss.database import Database
from hrss.errors import (
    CommentEmpty,
    NothingToReveal,
    NothingToTest,
    NotPermitted,
    RevealReasonNeeded,
    VerdictMalformed,
)
from hrss.hall import Hall
from hrss.staff import Role
from hrss.tables import AuditEntry, Conversation, StaffMember, Turn
from hrss.transcript_list import Filters, Queue
from hrss.vault import Vault

REVIEWER, SECOND, TRAINER = Role.REVIEWER.value, "second_reviewer", Role.TRAINER.value
Said = Callable[..., str]


@pytest.fixture
def said(database: Database, hall: Hall, vault: Vault, now: datetime) -> Said:
    """A conversation in which this was said and so understood; `id` begins as a draw needs it."""
    with database.transaction() as session:
        session.add(
            StaffMember(username=SECOND, name=SECOND, role=REVIEWER, password_hash="", created_at=now)
        )
    counter = iter(range(1000))

    def one(*texts: str, id: str = "zz", at: datetime = now, failed: bool = False, **reading: Any) -> str:
        conversation_id = f"{id}{next(counter):04}"
        with database.transaction() as session:
            session.add(
                Conversation(
                    id=conversation_id,
                    channel="web",
                    province="gd",
                    started_at=at,
                    last_at=at,
                    expires_at=at + timedelta(hours=1),
                )
            )
            session.flush()
            for nth, text in enumerate(texts or ("怎么绑定？",)):
                masked = vault.tokenise(session, conversation_id, text).text
                received = conversations.receive(
                    session, conversation_id, client_msg_id=str(nth), text=masked, option=None, now=at
                )
                conversations.answer(
                    session,
                    received.turn_id,
                    messages=[{"text": "请这样办。"}],
                    reading={"decision": "answer", "entry": "gd.bind.initiate", **reading},
                    now=at,
                    total_ms=5,
                    failed=failed,
                )
        return conversation_id

    return one


def judge(
    database: Database,
    conversation_id: str,
    now: datetime,
    *,
    staff: str = REVIEWER,
    quality: int = 4,
    follow_up: str | None = None,
) -> None:
    with database.transaction() as session:
        reviews.judge(session, conversation_id, staff=staff, quality=quality, follow_up=follow_up, now=now)


def listed(database: Database, **filters: Any) -> set[str]:
    with database.reading() as session:
        return {each.id for each in transcript_list.every(session, Filters(**filters), 1000)}


def test_the_queue_holds_all_that_went_wrong_and_a_share_of_the_rest(
    database: Database, said: Said, now: datetime
) -> None:
    fallback, broken, disliked = said(decision="none"), said(failed=True), said()
    drawn, spared = said(id="3x"), said(id="zx")
    with database.transaction() as session:
        conversations.rate(session, disliked, 2, helpful=False, reason=None, now=now)

    assert listed(database, queue=Queue.FIRST, reader=REVIEWER) == {fallback, broken, disliked, drawn}
    assert spared not in listed(database, queue=Queue.FIRST, reader=REVIEWER)

    judge(database, fallback, now)
    assert fallback not in listed(database, queue=Queue.FIRST, reader=SECOND)


def test_a_second_verdict_stands_beside_the_first_and_agreement_is_counted(
    database: Database, said: Said, now: datetime
) -> None:
    alike, near, apart = (said(id="xa") for _ in range(3))
    for conversation_id, first, second in ((alike, 4, 4), (near, 4, 5), (apart, 1, 5)):
        judge(database, conversation_id, now, quality=first)
        assert conversation_id in listed(database, queue=Queue.AGAIN, reader=SECOND)
        assert conversation_id not in listed(database, queue=Queue.AGAIN, reader=REVIEWER)
        judge(database, conversation_id, now + timedelta(minutes=1), staff=SECOND, quality=second)

    with database.reading() as session:
        own, [other] = reviews.verdicts(session, apart, reader=SECOND)
        found = reviews.agreement(session, since=now, until=now + timedelta(hours=1))
    assert own is not None
    assert (own.quality, other.quality) == (5, 1)
    assert (found.pairs, found.alike, found.near) == (3, 1, 2)
    assert found.kappa == pytest.approx((1 / 3 - 2 / 9) / (1 - 2 / 9))
    assert not listed(database, queue=Queue.AGAIN, reader="third")


def test_a_follow_up_is_open_until_somebody_has_done_it(
    database: Database, said: Said, now: datetime
) -> None:
    conversation_id = said()
    judge(database, conversation_id, now, follow_up="new_entry")
    assert listed(database, follow_up="any") == listed(database, follow_up="new_entry") == {conversation_id}
    assert not listed(database, follow_up="call_back")

    for _ in range(2):
        with database.transaction() as session:
            reviews.done(session, conversation_id, REVIEWER, staff=TRAINER, now=now)

    assert not listed(database, follow_up="any")
    with database.reading() as session:
        assert session.query(AuditEntry).filter_by(did="conversation.followed_up").count() == 1


def test_who_may_not_review_changes_nothing_and_a_verdict_has_its_scale(
    database: Database, said: Said, now: datetime
) -> None:
    conversation_id = said()
    with pytest.raises(NotPermitted):
        judge(database, conversation_id, now, staff=Role.CASE_OFFICER.value)
    for quality in (0, 6):
        with pytest.raises(VerdictMalformed):
            judge(database, conversation_id, now, quality=quality)
    assert not listed(database, reviewed="yes")


def test_a_comment_keeps_no_number_of_anyone(database: Database, said: Said, now: datetime) -> None:
    conversation_id = said()
    with database.transaction() as session:
        reviews.comment(
            session,
            conversation_id,
            staff=REVIEWER,
            text="手机13800138000、身份证440106198304120004，要回电",
            seq=1,
            now=now,
        )
        with pytest.raises(CommentEmpty):
            reviews.comment(session, conversation_id, staff=REVIEWER, text=" ", seq=None, now=now)

    with database.reading() as session:
        [comment] = reviews.comments(session, conversation_id)
    assert comment.text == "手机138****8000、身份证440***********0004，要回电"


def test_a_value_is_revealed_with_a_reason_that_the_auditor_reads(
    database: Database, said: Said, vault: Vault, now: datetime
) -> None:
    conversation_id = said("我的手机13800138000，验证码482915")

    def reveal(token: str, *, staff: str = REVIEWER, reason: str = "核对短信有没有发到") -> str:
        with database.transaction() as session:
            return reveals.of_conversation(
                session, vault, conversation_id, token, staff=staff, reason=reason, now=now
            )

    assert reveal("〔手机#1〕") == "13800138000"
    with pytest.raises(RevealReasonNeeded):
        reveal("〔手机#1〕", reason=" 看 ")
    with pytest.raises(NotPermitted):
        reveal("〔手机#1〕", staff=TRAINER)
    for token in ("〔验证码#1〕", "〔密码#1〕", "〔手机#2〕", "13800138000"):
        with pytest.raises(NothingToReveal):
            reveal(token)

    with database.reading() as session:
        [entry] = session.query(AuditEntry).filter_by(did="value.revealed")
    assert (entry.staff, entry.facts["value"], entry.facts["reason"]) == (
        REVIEWER,
        "〔手机#1〕",
        "核对短信有没有发到",
    )
    assert "13800138000" not in str(entry.facts)


def test_a_test_made_of_a_conversation_says_no_number_and_ends_before_a_secret(
    database: Database, said: Said, now: datetime, tmp_path: Path
) -> None:
    conversation_id = said("手机18012345678收不到短信", "怎么绑定？", "验证码是482915", "然后呢")
    with database.transaction() as session:
        regressions.make(session, conversation_id, staff=TRAINER, corrections={3: "gd.bind.confirm"}, now=now)
    with database.reading() as session:
        assert regressions.export(session, tmp_path) == 1

    [file] = tmp_path.glob("*.yml")
    assert yaml.safe_load(file.read_text("utf-8")) == {
        "province": "gd",
        "turns": [
            {"say": "手机13800138000收不到短信", "decision": "answer", "entry": "gd.bind.initiate"},
            {"say": "怎么绑定？", "decision": "answer", "entry": "gd.bind.confirm"},
        ],
    }
    secret_first = said("验证码是482915")
    with pytest.raises(NothingToTest), database.transaction() as session:
        regressions.make(session, secret_first, staff=TRAINER, corrections={}, now=now)


def test_filters_of_turns_and_flows_combine(database: Database, said: Said, now: datetime) -> None:
    unsure = said(candidates=[{"id": "a", "score": 0.41}, {"id": "b", "score": 0.4}], stage="rank")
    sure = said(candidates=[["a", 0.9], ["b", 0.1]], stage="rank")
    stopped, finished = said(), said()
    with database.transaction() as session:
        for conversation_id, ended, refused in ((stopped, None, "sms_code_wrong"), (finished, "done", None)):
            [turn] = session.query(Turn).filter_by(conversation_id=conversation_id)
            flow_steps.note(
                session,
                conversation_id,
                turn_id=turn.id,
                run_id=conversation_id,
                flow="recover_account",
                asked=None if ended else "sms_code",
                ended=ended,
                refused=refused,
                known={"phone": "〔手机#1〕"},
                now=now,
            )

    assert listed(database, lead=0.05, stage="rank") == {unsure}
    assert listed(database, stage="rank") == {unsure, sure}
    assert listed(database, flow="recover_account") == {stopped, finished}
    assert listed(database, flow="recover_account", stopped_at="sms_code") == {stopped}
    assert listed(database, flow="recover_account", stopped_at="done") == {finished}
    assert listed(database, refused="sms_code_wrong") == {stopped}
    assert listed(database, reviewed="no", feedback="none") == {unsure, sure, stopped, finished}


def test_what_is_erased_leaves_flows_too(database: Database, said: Said, now: datetime) -> None:
    conversation_id = said()
    with database.transaction() as session:
        [turn] = session.query(Turn).filter_by(conversation_id=conversation_id)
        flow_steps.note(
            session,
            conversation_id,
            turn_id=turn.id,
            run_id="r",
            flow="recover_account",
            asked="phone",
            ended=None,
            refused=None,
            known={"person_name": "王芳"},
            now=now,
        )
        conversations.erase(session, conversation_id)
        session.expire_all()
        assert session.get(flow_steps.FlowStep, turn.id).known == {}


def test_one_time_line_joins_what_was_done_sent_and_allowed(
    database: Database, said: Said, now: datetime
) -> None:
    conversation_id = said()
    with database.transaction() as session:
        conversations.record_consent(
            session, conversation_id, kind="photo", granted=True, text_version="1", now=now
        )
    judge(database, conversation_id, now + timedelta(minutes=1))

    with database.reading() as session:
        happened = happenings.of_conversation(session, conversation_id)
    assert [(each.what, each.staff) for each in happened] == [
        ("consent.given", None),
        ("conversation.judged", REVIEWER),
    ]
