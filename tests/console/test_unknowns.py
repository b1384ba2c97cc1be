"""Questions that got no answer that helped: put together by meaning, and made something of."""

from datetime import datetime, timedelta, timezone

import pytest

from faq import clusters
from faq.shelf import stock
from hrss import book_changes, books, conversations, trials, unknowns
from hrss.database import Database
from hrss.unknowns import Why
from tests.console.staff_browser import Browser
from tests.console.test_conversation_pages import talk

NEAR = [{"id": "gd.password.change", "score": 0.3}, {"id": "gd.password.personal", "score": 0.22}]


@pytest.fixture
def today() -> datetime:
    return datetime.now(timezone.utc)


@pytest.fixture
def went_wrong(database: Database, today: datetime) -> None:
    stock(database)
    with database.transaction() as session:
        for number, said in enumerate(("旧密码用腻了想换", "旧密码用腻了，想换", "老密码用腻了想要换一个")):
            at = today - timedelta(days=1 + 8 * (number == 2), minutes=number)
            talk(session, said, at, decision="none", candidates=NEAR)
        talk(session, "今天会下雨吗", today - timedelta(days=2), decision="none")
        rated = talk(
            session,
            "账号被锁了怎么弄",
            today - timedelta(days=3),
            decision="answer",
            entry="gd.login.address",
        )
        conversations.rate(session, rated, 2, helpful=False, reason=None, now=today)
        talk(session, "怎么登录", today - timedelta(days=1), decision="answer", entry="gd.login.address")


def test_what_went_wrong_is_put_together_by_meaning(
    database: Database, today: datetime, went_wrong: None
) -> None:
    with database.reading() as session:
        found = unknowns.of(session, today - timedelta(days=30), today)

    first, *others = clusters.clustered(found, today)
    assert set(first.texts) == {
        "旧密码用腻了想换",
        "老密码用腻了想要换一个",
    }  # the comma makes no other question
    assert (first.times, first.this_week, first.last_week) == (3, 2, 1)
    assert [entry for entry, _ in first.nearest] == ["gd.password.change", "gd.password.personal"]
    assert first.gap == pytest.approx(0.08)
    assert {each.texts[0] for each in others} == {"今天会下雨吗", "账号被锁了怎么弄"}
    assert {why for each in others for why, _ in each.why} == {Why.NOT_OURS, Why.UNHELPFUL}


def test_a_cluster_becomes_phrases_an_entry_or_is_remembered_as_none_of_ours(
    colleague: Browser, database: Database, went_wrong: None
) -> None:
    page = colleague.get("/book/unknowns").text
    assert "旧密码用腻了想换" in page
    assert "怎么登录" not in page.split("归到条目")[0]

    added = colleague.post(
        "/book/unknowns",
        form_on="/book/unknowns",
        act="phrase",
        entry="gd.password.change",
        text=["旧密码用腻了想换", "老密码用腻了想要换一个"],  # type: ignore[arg-type]
    )
    assert added.location.endswith("/book/changes?saved=gd.password.change")
    colleague.post("/book/unknowns", form_on="/book/unknowns", act="outside", text="今天会下雨吗")
    new = colleague.post("/book/unknowns", form_on="/book/unknowns", act="new", text="账号被锁了怎么弄")
    assert "账号被锁了怎么弄" in colleague.get(new.location).text

    with database.reading() as session:
        [change] = book_changes.open_ones(session)
        assert change.body["phrases"]["plain"][-2:] == ["旧密码用腻了想换", "老密码用腻了想要换一个"]
        assert book_changes.is_ready(session, change)
        [kept] = trials.questions(session)
        assert (kept.text, kept.decision) == ("今天会下雨吗", "none")
        assert books.current_version(session) == 1
    page = colleague.get("/book/unknowns").text
    assert "旧密码用腻了想换" not in page
    assert "今天会下雨吗" not in page
    assert "账号被锁了怎么弄" in page  # nothing was made of it yet
