from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from hrss import closures, words
from hrss.closures import Closable
from hrss.database import Database
from hrss.errors import (
    AlreadyClosed,
    FlowClosed,
    NotClosable,
    NotClosed,
    NotPermitted,
    ReasonNeeded,
    Refusal,
)
from hrss.hall import Hall
from hrss.staff import Role
from hrss.tables import AuditEntry, Closure

REASON = "短信通道故障，正在抢修。"
BOSS = Role.ADMINISTRATOR.value


@pytest.fixture
def close(database: Database, hall: Hall, now: datetime) -> Callable[..., None]:
    def closed(kind: Closable, name: str, *, reason: str = REASON, staff: str = BOSS) -> None:
        with database.transaction() as session:
            closures.close(session, kind, name, reason=reason, staff=staff, now=now)

    return closed


def test_a_closed_flow_refuses_with_its_reason_until_it_is_opened_again(
    database: Database, close: Callable[..., None], now: datetime
) -> None:
    close(Closable.FLOW, "recover_password")

    with database.reading() as session:
        closures.refuse_closed_flow(session, "recover_account")
        with pytest.raises(FlowClosed) as refused:
            closures.refuse_closed_flow(session, "recover_password")
    assert refused.value.facts == {"reason": "短信通道故障，正在抢修"}
    with database.transaction() as session:
        closures.reopen(session, Closable.FLOW, "recover_password", staff=BOSS, now=now + timedelta(hours=1))
    with database.reading() as session:
        closures.refuse_closed_flow(session, "recover_password")
        assert closures.standing(session) == []
        assert session.scalar(select(Closure)).reopened_by == BOSS, "what was closed is still known"


def test_closing_and_opening_are_in_the_audit_trail_with_who_and_why(
    database: Database, close: Callable[..., None], now: datetime
) -> None:
    close(Closable.CHANNEL, "web")
    with database.transaction() as session:
        closures.reopen(session, Closable.CHANNEL, "web", staff=BOSS, now=now)

    with database.reading() as session:
        trail = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        told = [(row.did, row.subject_id, row.staff, row.facts) for row in trail]
    assert told == [
        ("channel.closed", "web", BOSS, {"reason": "短信通道故障，正在抢修"}),
        ("channel.reopened", "web", BOSS, {}),
    ]


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"staff": Role.REVIEWER.value}, NotPermitted),
        ({"staff": "nobody"}, NotPermitted),
        ({"reason": " 。"}, ReasonNeeded),
        ({"name": "recover_pasword"}, NotClosable),
    ],
    ids=["a reviewer", "nobody", "no reason", "no such flow"],
)
def test_what_cannot_be_closed_stays_open(
    database: Database, close: Callable[..., None], wrong: dict[str, str], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        close(Closable.FLOW, **{"name": "recover_password", **wrong})

    with database.reading() as session:
        assert closures.standing(session) == []


def test_nothing_is_closed_or_opened_twice(
    database: Database, close: Callable[..., None], now: datetime
) -> None:
    close(Closable.CHANNEL, "web")

    with pytest.raises(AlreadyClosed):
        close(Closable.CHANNEL, "web")
    with pytest.raises(NotClosed), database.transaction() as session:
        closures.reopen(session, Closable.CHANNEL, "wechat", staff=BOSS, now=now)


def test_every_kind_has_its_list_of_names() -> None:
    assert set(words.read("closable")) == {kind.value for kind in Closable}
