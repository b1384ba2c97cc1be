"""Emergency notices: two people answer for each; everyone it concerns hears it, once, and before the answers it names."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from hrss import books, bulletins, conversations, radar
from hrss.bulletins import KIND, BulletinState, Wanted
from hrss.database import Database
from hrss.errors import (
    BulletinAboutUnknown,
    BulletinHoldsNumber,
    BulletinTextMissing,
    BulletinTextTooLong,
    BulletinTimesWrong,
    BulletinUnknown,
    NotPermitted,
    NotYourOwn,
    Refusal,
)
from hrss.hall import Hall
from hrss.radar import About
from hrss.staff import Role
from hrss.tables import AuditEntry, Bulletin, Conversation

WRITER, APPROVER = Role.TRAINER.value, Role.ADMINISTRATOR.value
ENTRY = "gd.error.wrong_password"


@pytest.fixture
def wanted(database: Database, hall: Hall, now: datetime) -> Wanted:
    with database.transaction() as session:
        books.publish(session, {ENTRY: {"question": "密码错误怎么办"}}, note="", now=now)
    return Wanted("短信通道故障，验证码可能晚到。有急事请拨打12333。", now, now + timedelta(hours=4))


def stand(database: Database, wanted: Wanted, now: datetime) -> int:
    with database.transaction() as session:
        number = bulletins.write(session, wanted, staff=WRITER, now=now).id
        bulletins.approve(session, number, staff=APPROVER, now=now)
    return number


def said(database: Database, conversation: Conversation, now: datetime, *about: str) -> list[int]:
    """Say what is to be said in a conversation, as a channel does; return which notices those were."""
    with database.transaction() as session:
        found = bulletins.to_say(session, conversation.id, now=now, about=about)
        messages = [{"kind": KIND, "text": each.text, KIND: each.id} for each in found]
        conversations.say(session, conversation.id, author="bot", messages=messages, now=now)
    return [each.id for each in found]


def test_it_is_said_once_two_people_answer_for_it_and_until_it_ends(
    database: Database, wanted: Wanted, now: datetime, another_conversation: Callable[..., Conversation]
) -> None:
    first, second, third = (another_conversation() for _ in range(3))
    with database.transaction() as session:
        number = bulletins.write(session, wanted, staff=WRITER, now=now).id
    assert said(database, first, now) == [], "nobody has approved it"
    with pytest.raises(NotYourOwn), database.transaction() as session:
        bulletins.approve(session, number, staff=WRITER, now=now)
    with database.transaction() as session:
        bulletins.approve(session, number, staff=APPROVER, now=now)

    assert said(database, first, now) == [number]
    assert said(database, first, now) == [], "it has been heard"
    assert said(database, second, wanted.valid_until - timedelta(seconds=1)) == [number]
    assert said(database, third, wanted.valid_until) == []
    with database.transaction() as session:
        bulletins.end(session, number, staff=WRITER, now=now)
    assert said(database, third, now) == []
    with pytest.raises(BulletinUnknown), database.transaction() as session:
        bulletins.approve(session, number, staff=APPROVER, now=now)

    with database.reading() as session:
        trail = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        assert [(row.did, row.subject_id, row.staff) for row in trail if row.subject_kind == "bulletin"] == [
            ("bulletin.written", str(number), WRITER),
            ("bulletin.approved", str(number), APPROVER),
            ("bulletin.ended", str(number), WRITER),
        ]
        assert [each.id for each in bulletins.past(session, now)] == [number]


def test_before_an_answer_that_it_names_it_is_said_every_time(
    database: Database, wanted: Wanted, now: datetime, conversation: Conversation
) -> None:
    number = stand(database, replace(wanted, about=(ENTRY, "recover_password")), now)
    assert said(database, conversation, now) == [number]

    assert said(database, conversation, now, "gd.login.address") == []
    assert said(database, conversation, now, ENTRY, "ask_faq") == [number]
    assert said(database, conversation, now, "recover_password") == [number]


@pytest.mark.parametrize(
    ("scope", "hears"),
    [
        ({}, True),
        ({"province": "gd", "channel": "web"}, True),
        ({"province": "hn"}, False),
        ({"channel": "wechat"}, False),
    ],
    ids=["all", "theirs", "another province", "another channel"],
)
def test_it_is_for_its_province_and_channel(
    database: Database,
    wanted: Wanted,
    now: datetime,
    conversation: Conversation,
    scope: dict[str, str],
    hears: bool,
) -> None:
    number = stand(database, replace(wanted, **scope), now)

    assert said(database, conversation, now) == [number] * hears


def test_it_begins_when_it_says(
    database: Database, wanted: Wanted, now: datetime, conversation: Conversation
) -> None:
    number = stand(database, replace(wanted, valid_from=now + timedelta(hours=1)), now)

    with database.reading() as session:
        [coming] = bulletins.open_ones(session, now)
        assert bulletins.state_of(coming, now) is BulletinState.COMING
    assert said(database, conversation, now) == []
    assert said(database, conversation, now + timedelta(hours=1)) == [number]


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"text": "  "}, BulletinTextMissing),
        ({"text": "请" * 301}, BulletinTextTooLong),
        ({"text": "请找小王，13800138000"}, BulletinHoldsNumber),
        ({"valid_until": timedelta(0)}, BulletinTimesWrong),
        ({"valid_until": timedelta(days=31)}, BulletinTimesWrong),
        ({"valid_from": timedelta(hours=5)}, BulletinTimesWrong),
        ({"channel": "post"}, BulletinAboutUnknown),
        ({"about": ("gd.no.such_entry",)}, BulletinAboutUnknown),
    ],
    ids=["empty", "long", "a phone", "over", "for months", "ends before it begins", "channel", "entry"],
)
def test_what_nobody_could_make_sense_of_is_not_written(
    database: Database, wanted: Wanted, now: datetime, wrong: dict[str, object], refusal: type[Refusal]
) -> None:
    moved = {name: now + value if isinstance(value, timedelta) else value for name, value in wrong.items()}

    with pytest.raises(refusal), database.transaction() as session:
        bulletins.write(session, replace(wanted, **moved), staff=WRITER, now=now)  # type: ignore[arg-type]


def test_other_roles_neither_write_nor_approve_nor_end(
    database: Database, wanted: Wanted, now: datetime
) -> None:
    with database.transaction() as session:
        number = bulletins.write(session, wanted, staff=WRITER, now=now).id
    for role in set(Role) - {Role.TRAINER, Role.ADMINISTRATOR}:
        for attempt in (
            lambda session, who: bulletins.write(session, wanted, staff=who, now=now),
            lambda session, who: bulletins.approve(session, number, staff=who, now=now),
            lambda session, who: bulletins.end(session, number, staff=who, now=now),
        ):
            with pytest.raises(NotPermitted), database.transaction() as session:
                attempt(session, role.value)


def test_the_rise_that_gave_reason_is_kept_as_it_was(
    database: Database, wanted: Wanted, now: datetime, conversation: Conversation
) -> None:
    reading = {"decision": "answer", "stage": "error_message", "entry": ENTRY}
    with database.transaction() as session:
        for number, hours in enumerate((1, 1, 1, 2, 2, 2, 50)):
            at = now - timedelta(hours=hours)
            received = conversations.receive(
                session,
                conversation.id,
                client_msg_id=f"message-{number}",
                text="密码错误",
                option=None,
                now=at,
            )
            conversations.answer(
                session, received.turn_id, messages=[], reading=reading, now=at, total_ms=1.0
            )
    alarm = (About.ERROR_MESSAGE, ENTRY)
    with database.transaction() as session:
        [rise] = radar.rises(session, now)
        course = [times for _, times in radar.course(session, rise, now)]
        assert (sum(course), course[-1], course[-17]) == (7, 6, 1)
        bulletins.write(session, wanted, staff=WRITER, now=now, alarm=alarm)
        bulletins.write(session, wanted, staff=WRITER, now=now, alarm=(About.FAILED, None))

    with database.reading() as session:
        risen, none = session.scalars(select(Bulletin).order_by(Bulletin.id)).all()
    assert (risen.alarm["about"], risen.alarm["entry"], risen.alarm["times"]) == ("error_message", ENTRY, 6)
    assert none.alarm is None, "nothing has failed"
