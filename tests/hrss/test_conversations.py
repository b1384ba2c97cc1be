from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from hrss import conversations
from hrss.database import Database
from hrss.errors import MessageIdReused, NothingToRate, OptionExpired, SessionEnded, SessionUnknown
from hrss.tables import Consent, Conversation, Feedback, Turn
from hrss.vault import Vault

IDLE = timedelta(minutes=30)


def receive(
    database: Database, conversation_id: str, client_msg_id: str, now: datetime, text: str = "怎么绑定？"
) -> conversations.Received:
    with database.transaction() as session:
        return conversations.receive(
            session, conversation_id, client_msg_id=client_msg_id, text=text, option=None, now=now
        )


def answer(database: Database, turn_id: str, now: datetime, *texts: str) -> list[int]:
    with database.transaction() as session:
        messages = [{"kind": "text", "text": text} for text in texts]
        said = conversations.answer(session, turn_id, messages=messages, reading=None, now=now, total_ms=12)
    return [line.seq for line in said]


def transcript(database: Database, conversation_id: str) -> list[tuple[int, str, str]]:
    with database.reading() as session:
        return [
            (message.seq, message.author, message.text)
            for message in conversations.after(session, conversation_id, 0)
        ]


def test_a_token_opens_its_conversation_until_it_has_been_idle_too_long(
    database: Database, now: datetime, another_conversation: Callable[..., Conversation]
) -> None:
    mine = another_conversation("mine")
    another_conversation("another")

    with database.reading() as session:
        assert mine.id == conversations.by_token(session, "mine", now + timedelta(minutes=29)).id
        with pytest.raises(SessionUnknown):
            conversations.by_token(session, "nobody's", now)
        with pytest.raises(SessionEnded):
            conversations.by_token(session, "mine", now + timedelta(minutes=30))


def test_touching_a_conversation_pushes_its_end_and_never_pulls_it(
    database: Database, now: datetime, another_conversation: Callable[..., Conversation]
) -> None:
    mine = another_conversation("mine")

    with database.transaction() as session:
        conversations.touch(session, mine.id, now=now + timedelta(minutes=20), idle=IDLE)
        conversations.touch(session, mine.id, now=now, idle=IDLE)

    with database.reading() as session:
        assert mine.id == conversations.by_token(session, "mine", now + timedelta(minutes=49)).id


def test_an_ended_conversation_takes_no_message_and_keeps_no_value(
    database: Database, vault: Vault, now: datetime, another_conversation: Callable[..., Conversation]
) -> None:
    mine = another_conversation("mine")
    with database.transaction() as session:
        vault.tokenise(session, mine.id, "13800138000")

    with database.transaction() as session:
        conversations.end(session, mine.id, now)
        conversations.end(session, mine.id, now + IDLE)

    with pytest.raises(SessionEnded), database.reading() as session:
        conversations.by_token(session, "mine", now)
    with pytest.raises(SessionEnded):
        receive(database, mine.id, "m1", now)
    with database.transaction() as session:
        assert vault.forget(session, mine.id) == 0
        assert now == session.get(Conversation, mine.id).ended_at


def test_messages_are_numbered_in_the_order_they_were_said(
    database: Database, conversation: Conversation, now: datetime
) -> None:
    with database.transaction() as session:
        conversations.say(session, conversation.id, author="bot", messages=[{"text": "您好"}], now=now)
    received = receive(database, conversation.id, "m1", now)
    seqs = answer(database, received.turn_id, now, "先登录。", "再点绑定。")
    with database.transaction() as session:
        conversations.say(session, conversation.id, author="staff", messages=[{"text": "我来帮您"}], now=now)

    assert received.seq == 2
    assert seqs == [3, 4]
    assert transcript(database, conversation.id) == [
        (1, "bot", "您好"),
        (2, "user", "怎么绑定？"),
        (3, "bot", "先登录。"),
        (4, "bot", "再点绑定。"),
        (5, "staff", "我来帮您"),
    ]


def test_a_repeated_message_is_the_first_one_even_when_the_conversation_has_ended(
    database: Database, conversation: Conversation, now: datetime
) -> None:
    first = receive(database, conversation.id, "m1", now)
    with database.transaction() as session:
        conversations.end(session, conversation.id, now)

    again = receive(database, conversation.id, "m1", now)

    assert (first.turn_id, first.seq, True) == (again.turn_id, again.seq, again.repeated)
    assert not first.repeated
    assert len(transcript(database, conversation.id)) == 1


def test_an_id_cannot_be_used_for_other_words_or_another_option(
    database: Database, conversation: Conversation, now: datetime
) -> None:
    receive(database, conversation.id, "m1", now, "怎么绑定？")

    with pytest.raises(MessageIdReused):
        receive(database, conversation.id, "m1", now, "怎么解绑？")
    with pytest.raises(MessageIdReused), database.transaction() as session:
        conversations.receive(
            session,
            conversation.id,
            client_msg_id="m1",
            text="怎么绑定？",
            option={"id": "1-1", "label": "怎么绑定？", "payload": "/bind"},
            now=now,
        )


def test_two_conversations_may_use_the_same_message_id(
    database: Database,
    conversation: Conversation,
    now: datetime,
    another_conversation: Callable[..., Conversation],
) -> None:
    other = another_conversation()

    assert (
        receive(database, conversation.id, "m1", now).turn_id
        != receive(database, other.id, "m1", now).turn_id
    )


def test_twenty_messages_at_once_are_numbered_without_gaps_and_each_is_taken_once(
    database: Database, conversation: Conversation, now: datetime
) -> None:
    ids = [f"m{n // 2}" for n in range(40)]  # every message comes twice

    with ThreadPoolExecutor(20) as threads:
        received = list(threads.map(lambda id: receive(database, conversation.id, id, now), ids))

    assert set(range(1, 21)) == {each.seq for each in received}
    assert sum(not each.repeated for each in received) == 20
    for n in range(20):
        assert received[2 * n].turn_id == received[2 * n + 1].turn_id
    assert list(range(1, 21)) == [seq for seq, _, _ in transcript(database, conversation.id)]


def test_a_turn_answered_by_several_at_once_is_answered_by_one(
    database: Database, conversation: Conversation, now: datetime
) -> None:
    turn_id = receive(database, conversation.id, "m1", now).turn_id

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: answer(database, turn_id, now, f"答{n}", "完"), range(8)))

    assert answers == [[2, 3]] * 8
    assert len(transcript(database, conversation.id)) == 3


def test_an_answer_leaves_with_its_turn_how_the_message_was_understood(
    database: Database, conversation: Conversation, now: datetime
) -> None:
    turn_id = receive(database, conversation.id, "m1", now).turn_id
    reading = {
        "cleaned": "怎么绑定",
        "stage": "rank",
        "decision": "answer",
        "intent": "ask_faq",
        "entry": "gd.bind",
        "entry_version": 3,
        "candidates": [{"id": "gd.bind", "score": 0.93}],
        "thresholds": {"answer": 0.8},
        "understanding_ms": 7,
    }

    with database.transaction() as session:
        later = now + timedelta(seconds=1)
        conversations.answer(
            session, turn_id, messages=[{"text": "…"}], reading=reading, now=later, total_ms=40
        )

    with database.reading() as session:
        turn = session.get(Turn, turn_id)
        assert reading == {name: getattr(turn, name) for name in reading}
        assert ("answered", later, 40, "gd", "web") == (
            turn.state,
            turn.answered_at,
            turn.total_ms,
            turn.province,
            turn.channel,
        )


def test_an_option_keeps_its_payload_on_the_server_and_gets_an_id(
    database: Database, conversation: Conversation, now: datetime
) -> None:
    offered = {
        "kind": "options",
        "text": "您要办哪一项？",
        "options": [{"label": "绑定", "payload": {"intent": "bind"}}, {"id": "own", "label": "解绑"}],
    }
    with database.transaction() as session:
        conversations.say(session, conversation.id, author="bot", messages=[offered], now=now)

    with database.reading() as session:
        [message] = conversations.after(session, conversation.id, 0)
        given = [option["id"] for option in message.body["options"]]
        assert {"id": given[0], "label": "绑定", "payload": {"intent": "bind"}} == conversations.option(
            session, conversation.id, given[0]
        )
        assert given[1] == "own"
        assert conversations.option(session, conversation.id, "own") == {"id": "own", "label": "解绑"}
    assert "id" not in offered["options"][0]  # the caller's message is left as it was


def test_options_expire_with_a_reset_and_belong_to_one_conversation(
    database: Database,
    conversation: Conversation,
    now: datetime,
    another_conversation: Callable[..., Conversation],
) -> None:
    other = another_conversation()
    offer = [{"kind": "options", "text": "？", "options": [{"id": "o1", "label": "是", "payload": "yes"}]}]
    with database.transaction() as session:
        conversations.say(session, conversation.id, author="bot", messages=offer, now=now)

    with database.transaction() as session:
        with pytest.raises(OptionExpired):
            conversations.option(session, other.id, "o1")
        with pytest.raises(OptionExpired):
            conversations.option(session, conversation.id, "never offered")
        conversations.reset(session, conversation.id)
        with pytest.raises(OptionExpired):
            conversations.option(session, conversation.id, "o1")
        conversations.say(session, conversation.id, author="bot", messages=offer, now=now)
        assert conversations.option(session, conversation.id, "o1")["payload"] == "yes"


def test_what_a_user_says_is_never_an_option(
    database: Database, conversation: Conversation, now: datetime
) -> None:
    offered = {"id": "o1", "label": "是", "payload": "yes"}
    with database.transaction() as session:
        conversations.receive(
            session, conversation.id, client_msg_id="m1", text="是", option=offered, now=now
        )

    with pytest.raises(OptionExpired), database.reading() as session:
        conversations.option(session, conversation.id, "o1")


def test_the_last_word_about_an_answer_counts(
    database: Database, conversation: Conversation, now: datetime
) -> None:
    turn_id = receive(database, conversation.id, "m1", now).turn_id
    [seq] = answer(database, turn_id, now, "好")

    with database.transaction() as session:
        conversations.rate(session, conversation.id, seq, helpful=True, reason=None, now=now)
        conversations.rate(session, conversation.id, seq, helpful=False, reason="没看懂", now=now)

    with database.reading() as session:
        [feedback] = session.scalars(select(Feedback))
        assert (feedback.helpful, feedback.reason) == (False, "没看懂")


def test_only_what_the_bot_said_in_this_conversation_can_be_rated(
    database: Database,
    conversation: Conversation,
    now: datetime,
    another_conversation: Callable[..., Conversation],
) -> None:
    mine = receive(database, conversation.id, "m1", now)
    other = another_conversation()
    [seq] = answer(database, receive(database, other.id, "m1", now).turn_id, now, "好")

    for rated in (mine.seq, seq, 99):
        with pytest.raises(NothingToRate), database.transaction() as session:
            conversations.rate(session, conversation.id, rated, helpful=True, reason=None, now=now)


def test_consent_and_its_withdrawal_are_both_kept(
    database: Database, conversation: Conversation, now: datetime
) -> None:
    with database.transaction() as session:
        for granted in (True, False):
            conversations.record_consent(
                session, conversation.id, kind="photo", granted=granted, text_version="1", now=now
            )

    with database.reading() as session:
        assert list(session.scalars(select(Consent.granted).order_by(Consent.id))) == [True, False]


def test_characters_no_database_can_hold_do_not_stop_a_message(
    database: Database, conversation: Conversation, now: datetime
) -> None:
    first = receive(database, conversation.id, "m1", now, "绑\0定\ud83d？")

    assert transcript(database, conversation.id) == [(1, "user", "绑定？")]
    assert receive(database, conversation.id, "m1", now, "绑\0定\ud83d？").turn_id == first.turn_id


def test_the_transcript_comes_in_pages(database: Database, conversation: Conversation, now: datetime) -> None:
    with database.transaction() as session:
        messages = [{"text": str(n)} for n in range(5)]
        conversations.say(session, conversation.id, author="bot", messages=messages, now=now)

    with database.reading() as session:
        page = conversations.after(session, conversation.id, 2, limit=2)
    assert [message.seq for message in page] == [3, 4]


def test_nothing_is_written_to_a_conversation_that_does_not_exist(database: Database, now: datetime) -> None:
    with pytest.raises(SessionUnknown):
        receive(database, "no such conversation", "m1", now)

    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Turn)) == 0


def test_erasing_takes_what_the_person_said_and_leaves_what_the_bot_said(
    database: Database, vault: Vault, conversation: Conversation, now: datetime
) -> None:
    with database.transaction() as session:
        masked = vault.tokenise(session, conversation.id, "我叫示例，电话13800138000").text
    turn_id = receive(database, conversation.id, "m1", now, masked).turn_id
    [seq] = answer(database, turn_id, now, "好")
    with database.transaction() as session:
        conversations.rate(session, conversation.id, seq, helpful=False, reason="我叫示例", now=now)

    with database.transaction() as session:
        assert conversations.erase(session, conversation.id) == 1

    with database.reading() as session:
        turn, feedback = session.get(Turn, turn_id), session.get(Feedback, (conversation.id, seq))
        assert "示例" not in f"{turn.text} {turn.cleaned} {feedback.reason}"
    with database.transaction() as session:
        assert vault.forget(session, conversation.id) == 0
    [said, answered] = transcript(database, conversation.id)
    assert "示例" not in said[2]
    assert answered[2] == "好"
