from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from hrss import books, conversations, transcript_list, transcripts
from hrss.conversations import Author
from hrss.database import Database
from hrss.tables import Conversation
from hrss.transcript_list import Filters, Found, Place
from hrss.transcripts import Candidate

IDLE = timedelta(minutes=30)
MINUTE = timedelta(minutes=1)

Talk = Callable[..., str]


@pytest.fixture
def talk(database: Database, now: datetime) -> Talk:
    """Holds a conversation of one turn, or of none when nothing is said."""

    def one(
        said: str | None = "怎么绑定经办人？",
        *,
        answer: str = "请这样办。",
        at: datetime = now,
        until: datetime | None = None,
        channel: str = "web",
        page: str | None = "gd",
        **reading: Any,
    ) -> str:
        with database.transaction() as session:
            conversation: Conversation = conversations.open(
                session, channel=channel, province=page, now=at, idle=IDLE
            )
            if said is not None:
                received = conversations.receive(
                    session, conversation.id, client_msg_id="1", text=said, option=None, now=at
                )
                conversations.answer(
                    session,
                    received.turn_id,
                    messages=[{"text": answer}],
                    reading=reading,
                    now=until or at,
                    total_ms=20,
                )
            return conversation.id

    return one


def listed(database: Database, **filters: Any) -> list[str]:
    with database.reading() as session:
        page = transcript_list.page(session, Filters(**filters), None, 100)
    return [each.id for each in page.conversations]


def test_the_newest_activity_comes_first_and_silent_visitors_not_at_all(
    database: Database, now: datetime, talk: Talk
) -> None:
    older = talk(at=now)
    newer = talk(at=now + MINUTE)
    talk(None, at=now + 2 * MINUTE)

    assert [newer, older] == listed(database)


def test_pages_follow_each_other_without_gaps_or_repeats_even_within_one_moment(
    database: Database, now: datetime, talk: Talk
) -> None:
    all_of_them = {talk(at=now + MINUTE * (number // 5)) for number in range(22)}

    seen: list[str] = []
    moments: list[datetime] = []
    before: Place | None = None
    with database.reading() as session:
        while True:
            page = transcript_list.page(session, Filters(), before, 4)
            seen += [each.id for each in page.conversations]
            moments += [each.last_at for each in page.conversations]
            before = page.older
            if before is None:
                break

    assert len(seen) == 22
    assert all_of_them == set(seen)
    assert sorted(moments, reverse=True) == moments


def test_a_full_last_page_promises_no_older_one(database: Database, now: datetime, talk: Talk) -> None:
    for number in range(4):
        talk(at=now + MINUTE * number)

    with database.reading() as session:
        assert transcript_list.page(session, Filters(), None, 4).older is None
        assert transcript_list.page(session, Filters(), None, 3).older is not None


def test_a_time_range_finds_what_went_on_in_it(database: Database, now: datetime, talk: Talk) -> None:
    talk(at=now - 9 * MINUTE, until=now - 5 * MINUTE)
    across = talk(at=now - 5 * MINUTE, until=now + MINUTE)
    within = talk(at=now + 2 * MINUTE)
    talk(at=now + 10 * MINUTE)

    assert [within, across] == listed(database, since=now, until=now + 10 * MINUTE)


def test_channel_and_decision_narrow_the_list(database: Database, talk: Talk) -> None:
    web = talk(decision="answer")
    wechat = talk(channel="wechat", decision="none")

    assert [web] == listed(database, channel="web")
    assert [wechat] == listed(database, decision="none")
    assert listed(database, channel="web", decision="none") == []


def test_a_province_is_that_of_the_page_or_of_what_was_asked(database: Database, talk: Talk) -> None:
    page_says = talk(page="gd")
    person_says = talk(page=None, province="gd")
    talk(page="hn")
    talk(page=None)

    assert {page_says, person_says} == set(listed(database, province="gd"))


def test_text_is_found_where_people_said_it_and_on_demand_in_answers_and_shown_among_its_neighbours(
    database: Database, talk: Talk
) -> None:
    asked = talk("我的手机〔手机#1〕换了，UKey 还能用吗？")
    answered = talk("怎么登录？", answer="请插入 ukey，再点登录。")
    talk("怎么登录？")

    with database.reading() as session:
        said = transcript_list.page(session, Filters(text="ukey"), None, 10)
        page = transcript_list.page(session, Filters(text="ukey", by_anyone=True), None, 10)

    assert [asked] == [each.id for each in said.conversations]
    found = {each.id: each.found for each in page.conversations}
    assert {
        asked: Found("我的手机〔手机#1〕换了，", "UKey", " 还能用吗？"),
        answered: Found("请插入 ", "ukey", "，再点登录。"),
    } == found


def test_what_was_found_in_a_long_answer_is_cut_out_of_it(database: Database, talk: Talk) -> None:
    talk(answer="前" * 50 + "公示" + "后" * 50)

    with database.reading() as session:
        [summary] = transcript_list.page(
            session, Filters(text="公示", by_anyone=True), None, 10
        ).conversations

    assert Found("…" + "前" * 30, "公示", "后" * 30 + "…") == summary.found


@pytest.mark.parametrize("words", ["证", "证书", "电子证书", "UKEY", "k", "ey？", "书 U"])
def test_words_of_any_length_are_found_in_any_case(database: Database, talk: Talk, words: str) -> None:
    with_them = talk("电子证书 UKey？")
    talk("电子营业执照")
    one_of_its_characters = talk("书证")

    found = {with_them, one_of_its_characters} if words == "证" else {with_them}
    assert found == set(listed(database, text=words))


@pytest.mark.parametrize("wildcard", ["%", "_", "\\", "/"])
def test_a_wildcard_is_searched_for_as_itself(database: Database, talk: Talk, wildcard: str) -> None:
    with_it = talk(f"单位缴费比例是 8{wildcard} 吗")
    talk("单位缴费比例是多少")

    assert [with_it] == listed(database, text=wildcard)


def test_a_line_of_the_list_sums_its_conversation_up(database: Database, now: datetime, talk: Talk) -> None:
    conversation_id = talk("第一句", decision="which")
    with database.transaction() as session:
        second = conversations.receive(
            session, conversation_id, client_msg_id="2", text="第二句", option=None, now=now
        )
        [line] = conversations.answer(
            session,
            second.turn_id,
            messages=[{"text": "答"}],
            reading=None,
            now=now,
            total_ms=None,
            failed=True,
        )
        conversations.rate(session, conversation_id, line.seq, helpful=False, reason="没说清", now=now)

    with database.reading() as session:
        summary = transcript_list.summary(session, conversation_id)

    assert summary is not None
    assert (summary.question, summary.turns) == ("第一句", 2)
    assert summary.decisions == {"which": 1}
    assert summary.states == {"answered": 1, "failed": 1}
    assert (summary.helpful, summary.unhelpful) == (0, 1)


def test_there_is_no_summary_of_what_never_was(database: Database) -> None:
    with database.reading() as session:
        assert transcript_list.summary(session, "nobody's") is None


@pytest.mark.parametrize(
    "stored",
    [
        [{"id": "gd.bind", "score": 0.93}, {"id": "gd.gone", "score": 0.04}],
        [["gd.bind", 0.93], ["gd.gone", 0.04]],
    ],
    ids=["documents", "pairs"],
)
def test_an_answer_is_explained_by_what_was_considered(
    database: Database, now: datetime, talk: Talk, stored: list[Any]
) -> None:
    with database.transaction() as session:
        books.publish(session, {"gd.bind": {"question": "怎么绑定经办人？"}}, note="", now=now)
    conversation_id = talk(
        cleaned="怎么绑定经办人",
        stage="rank",
        decision="answer",
        entry="gd.bind",
        entry_version=1,
        candidates=stored,
        thresholds={"sure": 0.62},
        understanding_ms=7,
    )

    with database.reading() as session:
        [exchange] = transcripts.turns(session, conversation_id)

    assert exchange.explanation is not None
    assert (exchange.explanation.stage, exchange.explanation.decision) == ("rank", "answer")
    assert (exchange.explanation.entry, exchange.explanation.entry_version) == ("gd.bind", 1)
    assert exchange.explanation.question == "怎么绑定经办人？"
    assert (
        Candidate("gd.bind", 0.93, "怎么绑定经办人？"),
        Candidate("gd.gone", 0.04, None),
    ) == exchange.explanation.candidates
    assert exchange.explanation.thresholds == {"sure": 0.62}
    assert (exchange.explanation.understanding_ms, exchange.explanation.total_ms) == (7, 20)


def test_the_transcript_keeps_the_order_of_the_screen_when_answers_come_late(
    database: Database, now: datetime, another_conversation: Callable[..., Conversation]
) -> None:
    conversation_id = another_conversation().id
    with database.transaction() as session:
        conversations.say(session, conversation_id, author=Author.BOT, messages=[{"text": "您好"}], now=now)
        turns = [
            conversations.receive(
                session, conversation_id, client_msg_id=text, text=text, option=None, now=now
            ).turn_id
            for text in ("甲问", "乙问")
        ]
        for turn, text, stage in zip(turns, ("甲答", "乙答"), ("exact", "rank")):
            conversations.answer(
                session,
                turn,
                messages=[{"text": text}],
                reading={"stage": stage},
                now=now,
                total_ms=None,
            )

    with database.reading() as session:
        exchanges = transcripts.turns(session, conversation_id)

    assert [[line.text for line in exchange.lines] for exchange in exchanges] == [
        ["您好"],
        ["甲问"],
        ["乙问", "甲答", "乙答"],
    ]
    assert [exchange.explanation and exchange.explanation.stage for exchange in exchanges] == [
        None,
        "exact",
        "rank",
    ]


def test_a_rating_stays_with_the_message_it_rates(database: Database, now: datetime, talk: Talk) -> None:
    conversation_id = talk()
    with database.transaction() as session:
        conversations.rate(session, conversation_id, 2, helpful=False, reason="步骤不全", now=now)

    with database.reading() as session:
        [exchange] = transcripts.turns(session, conversation_id)

    question, answer = exchange.lines
    assert question.rating is None
    assert answer.rating is not None
    assert (answer.rating.helpful, answer.rating.reason) == (False, "步骤不全")


def test_the_list_is_read_from_its_index(database: Database, now: datetime) -> None:
    if database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL scans a table this small whole")
    statements: list[str] = []
    with database.reading() as session:
        session.connection().connection.set_trace_callback(statements.append)
        transcript_list.page(session, Filters(), Place(now, "x"), 30)
        session.connection().connection.set_trace_callback(None)
        [listing] = [each for each in statements if "ORDER BY conversations.last_at" in each]
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {listing}").all()

    assert any("ix_conversations_last_at_id" in step[-1] for step in plan)
    assert not any("TEMP B-TREE" in step[-1] for step in plan)
