"""What is told of transcripts, and what a store makes of it, without RabbitMQ between them (tests/faults has it)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from hrss import conversations, health
from hrss.database import Database
from hrss.feed import store, told
from hrss.feed.line import ToldLine, Unreadable
from hrss.tables import Conversation
from hrss.vault import Vault

PHONE = "13912345678"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/transcripts.db")
    store.prepare(database)
    yield database
    database.close()


def say(database: Database, conversation: Conversation, *texts: str, now: datetime) -> None:
    with database.transaction() as session:
        for text in texts:
            conversations.say(session, conversation.id, author="bot", messages=[{"text": text}], now=now)


def waiting(database: Database) -> list[ToldLine]:
    with database.reading() as session:
        return told.waiting(session, 500)


def tell(database: Database, kept: Database, lines: list[ToldLine], now: datetime) -> int:
    """As relay and consumer do: write, then move on."""
    with kept.transaction() as session:
        taken = store.take(session, lines, now=now)
    with database.transaction() as session:
        assert not told.move(session, {line.conversation: (line.edition, line.seq) for line in lines})
    return taken


def texts(kept: Database, conversation: Conversation) -> list[str]:
    theirs = select(store.LINES.c.text).where(store.LINES.c.conversation == conversation.id)
    with kept.reading() as session:
        return list(session.scalars(theirs.order_by(store.LINES.c.seq)))


def compared(database: Database, kept: Database) -> store.Comparison:
    with database.reading() as records, kept.reading() as lines:
        return store.compare(records, lines)


def test_what_is_said_waits_in_order_until_it_is_told_and_is_told_once(
    database: Database,
    kept: Database,
    another_conversation: Callable[..., Conversation],
    now: datetime,
) -> None:
    first, second = another_conversation(), another_conversation()
    say(database, first, "一", "二", now=now)
    say(database, second, "三", now=now + timedelta(seconds=1))

    lines = waiting(database)
    assert {line.conversation: line.seq for line in lines} == {first.id: 2, second.id: 1}
    assert [line.text for line in lines if line.conversation == first.id] == ["一", "二"]
    with database.reading() as session:
        assert (told.behind(session), told.waits_since(session)) == (3, now)
    assert tell(database, kept, lines, now) == 3

    assert waiting(database) == []
    say(database, first, "四", now=now)
    assert [line.seq for line in waiting(database)] == [3]
    assert tell(database, kept, [*lines, *waiting(database)], now) == 1, "what was told before is known"
    assert texts(kept, first) == ["一", "二", "四"]
    assert compared(database, kept) == store.Comparison(told=4, waiting=0, missing=0, differing=0, stray=0)


def test_a_line_has_what_a_person_saw_and_tokens_for_what_is_personal(
    database: Database, conversation: Conversation, vault: Vault, now: datetime
) -> None:
    with database.transaction() as session:
        masked = vault.tokenise(session, conversation.id, f"我的手机是{PHONE}")
        turn = conversations.receive(
            session, conversation.id, client_msg_id="m-1", text=masked.text, option=None, now=now
        )
        answer = {
            "text": "请选择",
            "entry": {"id": "gd.login.address"},
            "options": [{"label": "登录", "payload": "/x"}],
        }
        conversations.answer(session, turn.turn_id, messages=[answer], reading=None, now=now, total_ms=1.0)

    asked, answered = waiting(database)

    assert (asked.author, asked.text, asked.turn) == ("user", "我的手机是〔手机#1〕", turn.turn_id)
    assert (answered.entry, answered.options, answered.turn) == ("gd.login.address", ("登录",), turn.turn_id)
    assert (asked.routing_key, answered.id) == ("web.gd.user", f"{conversation.id}/2.0")
    assert PHONE not in asked.encode().decode() and "/x" not in answered.encode().decode()
    assert [ToldLine.decode(line.encode()) for line in (asked, answered)] == [asked, answered]


def test_words_that_are_taken_away_are_taken_away_from_who_was_told(
    database: Database, kept: Database, conversation: Conversation, now: datetime
) -> None:
    with database.transaction() as session:
        conversations.receive(
            session, conversation.id, client_msg_id="m-1", text="我在某某厂上班", option=None, now=now
        )
    say(database, conversation, "好的", now=now)
    before = waiting(database)
    tell(database, kept, before, now)
    with database.transaction() as session:
        conversations.erase(session, conversation.id)
    anew = waiting(database)

    assert tell(database, kept, anew, now) == 2
    assert texts(kept, conversation) == [conversations.ERASED, "好的"]
    assert tell(database, kept, before, now) == 0, "a relay that was late does not bring the words back"
    assert tell(database, kept, [*anew, *before, *anew], now) == 0
    assert texts(kept, conversation) == [conversations.ERASED, "好的"]
    assert compared(database, kept).agrees


def test_who_has_read_before_an_erasure_does_not_say_that_all_is_told(
    database: Database, conversation: Conversation, now: datetime
) -> None:
    say(database, conversation, "一", now=now)
    [line] = waiting(database)
    with database.transaction() as session:
        conversations.erase(session, conversation.id)
    with database.transaction() as session:
        told.move(session, {conversation.id: (line.edition, line.seq)})

    assert [(line.seq, line.edition) for line in waiting(database)] == [(1, 1)]


def test_a_conversation_in_which_someone_speaks_just_now_holds_up_no_relay(
    database: Database, another_conversation: Callable[..., Conversation], now: datetime
) -> None:
    if database.engine.dialect.name == "sqlite":
        pytest.skip("on SQLite one writes at a time, and none for long")
    busy, calm = another_conversation(), another_conversation()
    say(database, busy, "一", now=now)
    say(database, calm, "二", now=now)
    speaks, done = threading.Event(), threading.Event()

    def speak() -> None:
        with database.transaction() as session:
            conversations.say(session, busy.id, author="bot", messages=[{"text": "三"}], now=now)
            speaks.set()
            done.wait(30)

    speaking = threading.Thread(target=speak)
    speaking.start()
    speaks.wait(30)
    with database.transaction() as session:
        assert told.move(session, {busy.id: (0, 1), calm.id: (0, 1)}) == {busy.id}
    done.set()
    speaking.join(30)

    assert [line.text for line in waiting(database)] == ["一", "三"]


def test_everything_can_be_told_again_and_what_was_lost_is_found(
    database: Database, kept: Database, another_conversation: Callable[..., Conversation], now: datetime
) -> None:
    old, new = another_conversation(), another_conversation()
    say(database, old, "一", now=now)
    say(database, new, "二", "三", now=now + timedelta(days=2))
    tell(database, kept, waiting(database), now)
    with kept.transaction() as session:
        session.execute(store.LINES.delete().where(store.LINES.c.text == "三"))
        session.execute(store.LINES.update().where(store.LINES.c.text == "二").values(text="贰"))
        stray = ToldLine.decode(json.dumps({**json.loads(_line(new, now)), "seq": 9}).encode())
        store.take(session, [stray], now=now)
    assert compared(database, kept) == store.Comparison(told=3, waiting=0, missing=1, differing=1, stray=1)

    with database.transaction() as session:
        assert told.again(session, since=now + timedelta(days=1)) == 1
    assert [line.text for line in waiting(database)] == ["二", "三"]
    assert tell(database, kept, waiting(database), now) == 2
    assert compared(database, kept) == store.Comparison(told=3, waiting=0, missing=0, differing=0, stray=1)


def _line(conversation: Conversation, now: datetime) -> bytes:
    return ToldLine(
        conversation.id, 1, 0, "web", None, now, "bot", "text", "好", (), None, None
    ).encode()  # as it goes over the wire


@pytest.mark.parametrize(
    "changed",
    [{"seq": "1"}, {"seq": True}, {"at": "gestern"}, {"at": "2026-11-02T09:30:00"}, {"text": None}]
    + [{"options": 5}, {"conversation": 7}],
)
def test_what_is_no_line_is_refused(
    conversation: Conversation, now: datetime, changed: dict[str, object]
) -> None:
    told_wrongly = json.dumps({**json.loads(_line(conversation, now)), **changed}).encode()

    with pytest.raises(Unreadable):
        ToldLine.decode(told_wrongly)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"null", b"{}", b'{"at": 1}'])
def test_what_is_no_json_of_ours_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        ToldLine.decode(body)


def test_a_later_version_may_tell_more(conversation: Conversation, now: datetime) -> None:
    line = _line(conversation, now)

    assert ToldLine.decode(json.dumps({**json.loads(line), "mood": "good"}).encode()) == ToldLine.decode(line)


def test_transcripts_that_wait_are_a_trouble_only_where_somebody_is_told(
    database: Database, conversation: Conversation, now: datetime
) -> None:
    say(database, conversation, "一", now=now)
    later = now + timedelta(minutes=3)
    with database.transaction() as session:
        for process in (health.DISPATCHER, health.RELAY):
            health.beat(session, process, later, behind=1)

    with database.reading() as session:
        assert health.read(session, now=later).troubles() == []
        fed = health.read(session, now=later, fed=True)
    assert fed.troubles() == ["transcripts_late", "transcript_consumer_silent"]
    assert (fed.behind, fed.oldest_untold) == ({"relay": 1}, 180.0)
