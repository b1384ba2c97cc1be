"""The overview: whatever it counts, the list behind it counts alike."""

import html
import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from hrss import conversations, flow_steps, handovers, staff
from hrss.database import Database
from hrss.overview import Span, speed
from hrss.staff import Role
from hrss.tables import Turn
from tests.console.staff_browser import PASSWORD, Browser
from tests.console.test_conversation_pages import talk

LINK = re.compile(r'<a href="(/conversations\?[^"]+)"[^>]*>(.*?)</a>', re.DOTALL)
TALLY = re.compile(r'class="tally"[^>]*>(\d+) [^\d]+ (\d+) 次会话里')


@pytest.fixture
def busy(database: Database, now: datetime) -> None:
    """Three days with everything an overview shows: late and early, several of a kind in one conversation."""
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
                handovers.ask(session, conversation_id, now=at)


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


def counted(label: str, page: str, place: int) -> int | None:
    """The number that stands in a link, in the title of its bar, or beside it; None where it is a share."""
    if title := re.search(r"<title>.* (\d+) 轮</title>", label):
        return int(title.group(1))
    words = re.sub(r"<[^>]+>", "", label).strip()
    if re.fullmatch(r"\d+( 轮)?", words):
        return int(words.split()[0])
    beside = re.match(r"：开始 (\d+) 次|</span>[^\n]*?<b>(\d+)</b>", page[place:])
    return int(beside.group(1) or beside.group(2)) if beside else None


@pytest.mark.parametrize(
    "narrowed", ["", "&channel=wechat", "&province=hn", "&province=gd&channel=web"], ids=str
)
def test_every_bar_leads_to_a_list_that_counts_alike(colleague: Browser, busy: None, narrowed: str) -> None:
    page = colleague.get(f"/overview?first=2026-11-01&last=2026-11-02{narrowed}").text
    clicked = 0
    for found in LINK.finditer(page):
        number = counted(found.group(2), page, found.end())
        if number is None:
            assert "%" in found.group(2), found.group(2)
            continue
        address = html.unescape(found.group(1))
        tally = TALLY.search(colleague.get(address).text)
        assert tally, address
        alike = int(tally.group(2)) if found.start() == LINK.search(page).start() else int(tally.group(1))  # type: ignore[union-attr]
        assert number == alike, address
        clicked += 1

    assert clicked >= 15


def test_half_of_all_answers_came_within_the_median(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        for milliseconds in range(1, 101):
            conversation_id = talk(session, "怎么登录", now)
            session.query(Turn).filter_by(conversation_id=conversation_id).one().total_ms = milliseconds * 30

    with database.reading() as session:
        measured = speed(session, Span(now.date(), now.date()))
    assert (measured.turns, measured.half, measured.most, measured.nearly_all) == (100, 1500, 2700, 2970)
    assert measured.slow == 34
