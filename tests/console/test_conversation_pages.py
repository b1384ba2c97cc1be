import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from hrss import books, conversations, vocabularies
from hrss.conversations import Author
from hrss.database import Database
from hrss.tables import AuditEntry
from tests.console.staff_browser import USERNAME, Browser

DECISIONS = ("answer", "which", "chat", "none")
ROW = re.compile(r'href="/conversations/([\w-]{10,})"')


def talk(
    session: Any,
    said: str,
    at: datetime,
    *,
    channel: str = "web",
    province: str | None = "gd",
    answer: dict[str, Any] | None = None,
    **reading: Any,
) -> str:
    conversation = conversations.open(
        session, channel=channel, province=province, now=at, idle=timedelta(minutes=30)
    )
    received = conversations.receive(
        session, conversation.id, client_msg_id="1", text=said, option=None, now=at
    )
    conversations.answer(
        session,
        received.turn_id,
        messages=[answer or {"text": "请这样办。"}],
        reading=reading,
        now=at,
        total_ms=340,
    )
    return str(conversation.id)


@pytest.fixture
def three_hundred(database: Database, now: datetime) -> list[dict[str, Any]]:
    """Conversations, one every two hours, the newest first; of every kind some."""
    kinds: list[dict[str, Any]] = []
    with database.transaction() as session:
        for number in range(300):
            kind: dict[str, Any] = {
                "said": f"第 {number} 问：{'电子营业执照' if number % 50 == 7 else '单位账号'}怎么登录？",
                "at": now - timedelta(hours=2 * number),
                "channel": "wechat" if number % 3 == 0 else "web",
                "province": ("gd", "hn", None)[number % 5 % 3],
                "decision": DECISIONS[number % 4],
            }
            kinds.append({**kind, "id": talk(session, **kind)})
    return kinds


def shown(browser: Browser, address: str) -> list[str]:
    """The conversations of the list, through all its pages."""
    found: list[str] = []
    next_page: str | None = address
    while next_page:
        response = browser.get(next_page)
        assert response.status_code == 200
        found += ROW.findall(response.text)
        older = re.search(r'href="([^"]+)" rel="next"', response.text)
        next_page = older.group(1).replace("&amp;", "&") if older else None
    return found


def test_all_pages_together_show_every_conversation_once_newest_first(
    colleague: Browser, three_hundred: list[dict[str, Any]]
) -> None:
    assert [each["id"] for each in three_hundred] == shown(colleague, "/conversations")
    assert len(ROW.findall(colleague.get("/conversations").text)) == 30


FILTERS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "channel=wechat": lambda each: each["channel"] == "wechat",
    "province=hn": lambda each: each["province"] == "hn",
    "decision=none": lambda each: each["decision"] == "none",
    "text=电子营业执照": lambda each: "电子营业执照" in each["said"],
    "channel=web&province=gd&decision=which": lambda each: (
        (each["channel"], each["province"], each["decision"]) == ("web", "gd", "which")
    ),
}


def test_a_filter_shows_exactly_what_fits_it(colleague: Browser, three_hundred: list[dict[str, Any]]) -> None:
    for query, fits in FILTERS.items():
        fitting = [each["id"] for each in three_hundred if fits(each)]
        assert fitting
        assert fitting == shown(colleague, f"/conversations?{query}"), query


def test_days_are_those_of_beijing_and_the_last_one_counts(
    colleague: Browser, database: Database, now: datetime
) -> None:
    midnight_in_beijing = now.replace(hour=16, minute=0)
    with database.transaction() as session:
        talk(session, "前一天", midnight_in_beijing - timedelta(minutes=1))
        first = talk(session, "零点整", midnight_in_beijing)
        last = talk(session, "当天最后一分钟", midnight_in_beijing + timedelta(hours=23, minutes=59))
        talk(session, "后一天", midnight_in_beijing + timedelta(hours=24))

    assert [last, first] == shown(colleague, "/conversations?since=2026-11-03&until=2026-11-03")


def test_the_next_page_keeps_the_filters_and_the_form_shows_them(
    colleague: Browser, three_hundred: list[dict[str, Any]]
) -> None:
    page = colleague.get("/conversations?province=gd&text=单位").text

    assert re.search(r'<option value="gd" selected>广东</option>', page)
    assert 'value="单位"' in page
    [older] = re.findall(r'href="([^"]+)" rel="next"', page)
    assert "province=gd" in older
    assert "回到最新" in colleague.get(older.replace("&amp;", "&")).text


@pytest.mark.parametrize(
    "query",
    [
        "since=yesterday",
        "since=0001-01-01",
        "until=9999-12-31",
        "before=nonsense",
        "before=2026-11-02T09:30:00~x",
        "before=0001-01-01T00:00:00%2B14:00~x",
    ],
)
def test_a_condition_that_means_nothing_is_a_bad_request(colleague: Browser, query: str) -> None:
    assert colleague.get(f"/conversations?{query}").status_code == 400


def test_an_empty_list_says_whether_the_filters_are_to_blame(colleague: Browser) -> None:
    assert "还没有会话记录。" in colleague.get("/conversations").text
    assert "没有符合条件的会话。" in colleague.get("/conversations?text=没有").text


def test_a_conversation_shows_why_the_bot_answered_so(
    colleague: Browser, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        books.publish(session, {"gd.bind.confirm": {"question": "怎样通过绑定申请？"}}, note="", now=now)
        conversation_id = talk(
            session,
            "单位叫我点同意，手机〔手机#1〕",
            now,
            answer={"text": "由本人操作。", "options": [{"label": "一步一步说", "payload": "/say_steps"}]},
            cleaned="单位叫我点同意 手机〔手机#1〕",
            stage="rank",
            decision="answer",
            intent="ask_faq",
            entry="gd.bind.confirm",
            entry_version=3,
            candidates=[
                {"id": "gd.bind.confirm", "score": 0.7312},
                {"id": "gd.bind.initiate", "score": 0.1144},
            ],
            thresholds={"sure": 0.62},
            understanding_ms=12,
        )
        conversations.rate(session, conversation_id, 2, helpful=False, reason="没说在哪个菜单", now=now)

    page = re.sub(r"\s+", " ", colleague.get(f"/conversations/{conversation_id}").text)

    for part in (
        "单位叫我点同意，手机〔手机#1〕",
        "由本人操作。",
        "<li>一步一步说</li>",
        "综合打分",
        "直接回答",
        '怎样通过绑定申请？ <span class="code">gd.bind.confirm</span> 第 3 版',
        '<span class="score">0.731</span>',
        '<span class="name">gd.bind.initiate</span>',
        "直接回答 0.62",
        "理解 12 毫秒",
        "共 340 毫秒",
        "没帮上，说明：没说在哪个菜单",
        "17:30:00",
    ):
        assert part in page, part
    assert "/say_steps" not in page


def test_a_turn_that_failed_or_was_left_open_is_still_shown(
    colleague: Browser, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        conversation_id = talk(session, "第一句", now)
        received = conversations.receive(
            session, conversation_id, client_msg_id="2", text="还在吗", option=None, now=now
        )
        conversations.say(
            session, conversation_id, author=Author.STAFF, messages=[{"text": "我是坐席。"}], now=now
        )
    assert "未答完" in colleague.get(f"/conversations/{conversation_id}").text

    with database.transaction() as session:
        conversations.answer(
            session,
            received.turn_id,
            messages=[{"text": "抱歉"}],
            reading=None,
            now=now,
            total_ms=None,
            failed=True,
        )

    page = colleague.get(f"/conversations/{conversation_id}").text
    assert '<span class="chip failed">出错</span>' in page
    assert "未答完" not in page


def test_what_a_person_typed_is_never_markup(colleague: Browser, database: Database, now: datetime) -> None:
    typed = "<script>alert(1)</script><b onclick=x>\"'&"
    with database.transaction() as session:
        conversation_id = talk(
            session, typed, now, answer={"text": typed, "options": [{"label": typed}]}, cleaned=typed
        )
        conversations.rate(session, conversation_id, 2, helpful=False, reason=typed, now=now)

    for address in (f"/conversations/{conversation_id}", "/conversations", "/conversations?text=<script>"):
        page = colleague.get(address).text
        assert "<script>" not in page
        assert "<b onclick" not in page
        assert "&lt;script&gt;" in page


def test_how_the_whole_was_found_is_shown_and_looked_for(
    colleague: Browser, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        good, bad, other = (talk(session, "怎么登录", now) for _ in range(3))
        conversations.rate_whole(session, good, 3, now=now)
        conversations.rate_whole(session, bad, 5, now=now)
        conversations.rate_whole(session, bad, 2, now=now)

    assert "整次服务：基本满意" in colleague.get(f"/conversations/{good}").text
    assert "整次服务：不满意" in colleague.get("/conversations").text
    assert "整次服务" not in colleague.get(f"/conversations/{other}").text
    assert [bad] == shown(colleague, "/conversations?satisfaction=2")
    assert shown(colleague, "/conversations?satisfaction=5") == []
    assert "1 个满意度评价，在 1 次会话里" in " ".join(
        colleague.get(
            "/conversations?satisfaction=3&asked_since=2026-11-02&asked_until=2026-11-02"
        ).text.split()
    )
    assert colleague.get("/conversations?satisfaction=6").status_code == 400
    assert bad in colleague.get("/review/next?queue=first").location


def test_a_conversation_nobody_had_is_not_found(colleague: Browser) -> None:
    assert colleague.get("/conversations/nobody-s").status_code == 404


def test_the_words_staff_choose_from_are_theirs_to_change_and_the_auditor_sees_it(
    colleague: Browser, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        conversation_id = talk(session, "怎么登录", now)
    shipped = vocabularies.Vocabulary.FOLLOW_UPS.value
    colleague.post(
        f"/words/{shipped}",
        form_on="/words",
        **{"label-new_entry": "写一条新的", "label-call_back": "", "added": "问处里"},
    )

    page = colleague.get(f"/conversations/{conversation_id}").text
    assert "写一条新的" in page
    assert "问处里" in page
    assert "联系办事人" not in page
    judged = colleague.post(
        f"/conversations/{conversation_id}/verdict",
        form_on=f"/conversations/{conversation_id}",
        quality="4",
        follow_up="own_1",
    )
    assert judged.status_code == 302
    colleague.post(f"/words/{shipped}", form_on="/words", **{"label-own_1": ""})
    assert "问处里" in colleague.get(f"/conversations/{conversation_id}").text  # as it was said then
    with database.reading() as session:
        recorded = session.query(AuditEntry).filter_by(did="vocabulary.changed").all()
    assert {(each.staff, each.facts["before"], each.facts["after"]) for each in recorded} == {
        (USERNAME, "新增条目", "写一条新的"),
        (USERNAME, "联系办事人", ""),
        (USERNAME, "", "问处里"),
        (USERNAME, "问处里", ""),
    }


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("qualities", {"label-3": ""}),
        ("qualities", {"added": "第六档"}),
        ("follow_ups", {"added": "补充问法"}),
        ("canned_replies", {"label-reading": "长" * 201}),
    ],
    ids=["step-lost", "step-added", "twice", "long"],
)
def test_a_list_of_words_stays_one_to_choose_from(
    colleague: Browser, name: str, changed: dict[str, str]
) -> None:
    before = colleague.get("/words").text

    response = colleague.post(f"/words/{name}", form_on="/words", **changed)

    assert response.status_code == 409
    assert "没有保存" in response.text
    after = colleague.get("/words").text
    assert re.findall(r'name="label-[^>]+', before) == re.findall(r'name="label-[^>]+', after)
