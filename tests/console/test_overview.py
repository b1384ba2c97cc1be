"""The overview: whatever it counts, the list behind it counts alike."""

import html
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from hrss import (
    conversations,
    day_figures,
    flow_steps,
    found_by_index,
    handovers,
    overview,
    radar,
    staff,
    transcript_list,
)
from hrss.database import Database
from hrss.day_figures import Span
from hrss.hall import Hall
from hrss.settings import Settings
from hrss.staff import Role
from hrss.tables import KeptDay, Turn
from hrss.transcript_list import Filters
from tests.console.staff_browser import PASSWORD, Browser
from tests.console.test_conversation_pages import talk

LINK = re.compile(r'<a href="(/conversations\?[^"]+)"[^>]*>(.*?)</a>', re.DOTALL)
TALLY = re.compile(r'class="tally"[^>]*>(\d+) [^\d]+ (\d+) 次会话里')


@pytest.fixture
def busy(database: Database, settings: Settings, now: datetime) -> None:
    """Three days with everything an overview shows: late and early, several of a kind in one conversation."""
    hall = Hall.open(settings, database)
    with database.transaction() as session:
        staff.add(session, "officer", "坐席甲", Role.CASE_OFFICER, PASSWORD, now)
        for number in range(36):
            at = now - timedelta(hours=2 * number)
            decision = ("answer", "which", "chat", "none")[number % 4]
            reading: dict[str, Any] = {"entry": "gd.bind.confirm"} if decision == "answer" else {}
            conversation_id = talk(
                session,
                "怎么绑定",
                at,
                province=("gd", "hn", None)[number % 3],
                channel=("web", "wechat")[number % 2],
                decision=decision,
                **reading,
            )
            if number % 3 == 0:  # goes on the next morning, so that its last activity is on another day
                later = at + timedelta(hours=11)
                received = conversations.receive(
                    session, conversation_id, client_msg_id="2", text="还有", option=None, now=later
                )
                conversations.answer(
                    session,
                    received.turn_id,
                    messages=[{"text": "好"}],
                    reading={"decision": "none", "province": "hn"},
                    now=later,
                    total_ms=2500,
                )
                step(session, conversation_id, received.turn_id, later, ended="done" if number % 2 else None)
            if number % 5 == 0:
                conversations.rate(session, conversation_id, 2, helpful=number % 2 == 0, reason=None, now=at)
            if number % 4 == 0:
                conversations.rate_whole(session, conversation_id, number % 5 + 1, now=at)
            if number % 7 == 0:
                handovers.go_on_duty(session, "officer", at)
                handovers.ask(session, hall, conversation_id, now=at)


def step(session: Any, conversation_id: str, turn_id: str, at: datetime, *, ended: str | None) -> None:
    flow_steps.note(
        session,
        conversation_id,
        turn_id=turn_id,
        run_id=conversation_id[:32],
        flow="recover_account",
        asked=None if ended else "sms_code",
        ended=ended,
        refused=None,
        known={},
        now=at,
    )


def counted(label: str) -> int | None:
    """The number that stands in a link; None where it is a share, or a time."""
    words = re.fullmatch(r"(\d+)( [轮次个])?", re.sub(r"<[^>]+>", "", label).strip())
    return int(words.group(1)) if words else None


@pytest.mark.parametrize(
    "narrowed", ["", "&channel=wechat", "&province=hn", "&province=gd&channel=web"], ids=str
)
def test_every_bar_leads_to_a_list_that_counts_alike(colleague: Browser, busy: None, narrowed: str) -> None:
    page = colleague.get(f"/overview?first=2026-11-01&last=2026-11-02{narrowed}").text
    clicked = 0
    for found in LINK.finditer(page):
        number = counted(found.group(2))
        if number is None:
            assert "%" in found.group(2) or "毫秒" in found.group(2), found.group(2)
            continue
        address = html.unescape(found.group(1))
        tally = TALLY.search(colleague.get(address).text)
        assert tally, address
        alike = int(tally.group(2)) if found.start() == LINK.search(page).start() else int(tally.group(1))  # type: ignore[union-attr]
        assert number == alike, address
        clicked += 1

    assert clicked >= 15


def test_half_of_all_answers_came_within_the_median_of_two_digits(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        for milliseconds in range(1, 101):
            conversation_id = talk(session, "怎么登录", now)
            session.query(Turn).filter_by(conversation_id=conversation_id).one().total_ms = milliseconds * 30

    with database.reading() as session:
        figures = day_figures.total(day_figures.of(session, Span(now.date(), now.date()), now))
    assert overview.speed(figures) == overview.Speed(1500, 2700, 3000)
    assert figures.slow == 34


def kept(database: Database) -> int:
    with database.reading() as session:
        return session.query(KeptDay).count()


def test_a_day_that_is_over_is_counted_once(
    colleague: Browser, busy: None, database: Database, now: datetime
) -> None:
    page = "/overview?first=2026-11-01&last=2026-11-02&province=hn"
    counted_now = colleague.get(page).text
    assert kept(database) == 2 + radar.BEFORE.days  # the days themselves, and those that tell what is usual
    with database.transaction() as session:
        session.execute(update(Turn).values(decision="chat"))

    main = re.compile(r'<ul class="figures">.*', re.DOTALL)
    assert main.search(colleague.get(page).text).group() == main.search(counted_now).group()  # type: ignore[union-attr]


def test_today_is_not_kept_and_neither_is_a_day_with_an_open_turn(database: Database, now: datetime) -> None:
    yesterday = now - timedelta(days=1)
    span = Span(yesterday.date(), now.date())
    with database.transaction() as session:
        talk(session, "怎么登录", now)
        open_one = talk(session, "怎么绑定", yesterday)
        session.execute(update(Turn).where(Turn.conversation_id == open_one).values(state="received"))
    with database.reading() as session:
        assert [day.to_keep for day in day_figures.of(session, span, now)] == [False, False]

    with database.transaction() as session:
        session.execute(update(Turn).values(state="answered"))
    with database.reading() as session:
        assert [day.to_keep for day in day_figures.of(session, span, now)] == [True, False]


def test_what_changes_a_day_that_was_kept_has_it_counted_again(database: Database, now: datetime) -> None:
    yesterday = now - timedelta(days=1)
    with database.transaction() as session:
        conversation_id = talk(session, "找回账号", yesterday)
        [turn] = session.query(Turn).filter_by(conversation_id=conversation_id)
        step(session, conversation_id, turn.id, yesterday, ended=None)
        conversations.rate(session, conversation_id, 2, helpful=False, reason=None, now=yesterday)
    span = Span(yesterday.date(), now.date())

    def figures() -> list[Any]:
        with database.transaction() as session:
            days = day_figures.of(session, span, now)
            day_figures.keep(session, span, days)
            return [(day.figures.runs, day.figures.unhelpful, day.figures.talks(span.first)) for day in days]

    assert figures() == [({"recover_account ?sms_code": 1}, 1, 1), ({}, 0, 0)]
    assert kept(database) == 1
    with database.transaction() as session:
        received = conversations.receive(
            session, conversation_id, client_msg_id="2", text="好了", option=None, now=now
        )
        step(session, conversation_id, received.turn_id, now, ended="done")
        conversations.rate(session, conversation_id, 2, helpful=True, reason=None, now=now)

    # The conversation goes on: it is one, and not counted twice.
    assert figures() == [({}, 0, 1), ({"recover_account done": 1}, 0, 0)]


def test_a_list_of_very_many_is_counted_up_to_a_thousand(
    colleague: Browser, database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcript_list, "MOST_COUNTED", 3)
    with database.transaction() as session:
        for _ in range(4):
            talk(session, "怎么绑定", now, decision="none")

    day = now.date().isoformat()
    page = colleague.get(f"/conversations?asked_since={day}&asked_until={day}&decision=none").text
    assert "超过 3 轮提问" in page


@pytest.mark.parametrize("few", [0, 5_000])
def test_a_filter_finds_the_same_whether_few_or_many_fit(
    busy: None, database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """How many are few decides how the database is asked, and nothing else."""
    found = []
    for most in (5_000, few):
        monkeypatch.setattr(found_by_index, "FEW", most)
        with database.reading() as session:
            found.append(
                [
                    [each.id for each in transcript_list.page(session, wanted, None, 30).conversations]
                    for wanted in (
                        Filters(flow="recover_account", stopped_at="sms_code"),
                        Filters(feedback="unhelpful"),
                        Filters(handover="waiting"),
                        Filters(flow="recover_account", asked_since=now - timedelta(days=2), asked_until=now),
                    )
                ]
            )

    assert found[0] == found[1]
    assert all(found[0])
