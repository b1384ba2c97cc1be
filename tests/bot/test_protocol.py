"""The web channel's wire protocol, spoken to the running bot: what it promises to every client, and to hostile ones."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import re
import secrets
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from sqlalchemy.exc import OperationalError

from bot.channels.web.channel import HEARTBEAT_SECONDS, LARGEST_BODY, LONGEST_TEXT
from bot.turns import Said, Turns, now
from hrss import conversations, open_turns
from hrss.database import Database
from hrss.settings import Settings
from hrss.tables import Turn
from hrss.vault import Vault
from tests.conftest import RunningHall, running, surroundings
from tests.planted import stands_in
from tests.talk import Message, Person, Refused

ALL_AT_ONCE = 10
QUESTION = "登录网址是什么呀"
OUT_OF_ORDER = "抱歉，我们这边出了故障"


@pytest.fixture
def person(hall: RunningHall) -> Person:
    return Person(hall.web)


@dataclass
class Answered:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


def ask(
    hall: RunningHall, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> Answered:
    """Send exactly this: no cookie, no tidying of the path, no header but `Host` and those given."""
    connection = http.client.HTTPConnection("127.0.0.1", int(hall.environment["WEB_PORT"]), timeout=40)
    with closing(connection):
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, sent, headers or {})
        answer = connection.getresponse()
        return Answered(answer.status, answer.headers, answer.read())


def token(person: Person) -> str:
    [cookie] = person.cookies
    return str(cookie.value)


def new_id() -> str:
    return secrets.token_hex(8)


def id_of(person: Person) -> str:
    return str(person.opened["session"])


def everything_said(person: Person) -> list[Message]:
    return list(person.call("GET", "history?after=0")["messages"])


@contextmanager
def refusal(status: int, key: str) -> Iterator[None]:
    """Expect a refusal with this status and key, put politely."""
    with pytest.raises(Refused) as refused:
        yield
    assert (refused.value.status, refused.value.body["error"]) == (status, key)
    assert_polite(refused.value.body["text"])


def assert_polite(text: str) -> None:
    assert re.search(r"[\u4e00-\u9fff]{4}", text), text
    assert text.endswith(("。", "？")), text
    assert not re.search(r"utter_|Traceback|Error|None|\{|\}", text), text


def rows(hall: RunningHall, query: str, *values: Any) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(hall.folder / "hrss.db", timeout=10)) as database:
        database.row_factory = sqlite3.Row
        return database.execute(query, values).fetchall()


def turns_of(hall: RunningHall, person: Person) -> list[sqlite3.Row]:
    return rows(hall, "SELECT * FROM turns WHERE conversation_id = ? ORDER BY seq", id_of(person))


def answers_to(hall: RunningHall, turn_id: str) -> list[sqlite3.Row]:
    return rows(hall, "SELECT * FROM messages WHERE turn_id = ? AND author = 'bot' ORDER BY seq", turn_id)


def wait_until_answered(hall: RunningHall, person: Person, count: int) -> list[sqlite3.Row]:
    deadline = time.monotonic() + 30
    while True:
        turns = turns_of(hall, person)
        if len(turns) == count and all(turn["state"] != "received" for turn in turns):
            return turns
        assert time.monotonic() < deadline, [dict(turn) for turn in turns]
        time.sleep(0.05)


@dataclass
class Stream:
    """`GET /events`, line by line."""

    answer: http.client.HTTPResponse
    comments: list[str] = field(default_factory=list)
    last_id: str | None = None

    def next(self) -> tuple[str, Any] | None:
        """Return the next event's name and data, or None when the server has closed the stream."""
        name, data = "message", ""
        while line := self.answer.readline().decode():
            key, _, value = line.rstrip("\n").partition(":")
            if line.startswith(":"):
                self.comments.append(value.strip())
            elif key == "id":
                self.last_id = value.strip()
            elif key == "event":
                name = value.strip()
            elif key == "data":
                data += value
            elif data:
                return name, json.loads(data)
        return None

    def next_message(self) -> Message:
        while event := self.next():
            if event[0] == "message":
                return dict(event[1])
        raise AssertionError("the stream ended")


@contextmanager
def listening(
    hall: RunningHall, person: Person, *, after: int = 0, last_id: str | None = None
) -> Iterator[Stream]:
    port = int(hall.environment["WEB_PORT"])
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        headers = {"Authorization": f"Bearer {token(person)}"}
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        connection.request("GET", f"/webhooks/web/events?after={after}", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.getheader("Content-Type") == "text/event-stream; charset=utf-8"
        yield Stream(answer)


# The session


def test_a_new_session_greets_and_says_that_it_is_a_machine(person: Person) -> None:
    [greeting] = person.opened["greeting"]
    assert (greeting["seq"], greeting["from"]) == (1, "bot")
    assert "自动应答的程序" in greeting["text"]
    assert greeting["options"]
    assert all(option.keys() == {"id", "label"} for option in greeting["options"]), (
        "payloads stay on the server"
    )
    assert person.opened["expires_at"] > greeting["at"]


def test_the_cookie_is_out_of_reach_of_scripts_other_sites_and_other_paths(hall: RunningHall) -> None:
    answer = ask(hall, "POST", "/webhooks/web/session", {}, {"Origin": hall.origin})
    [cookie] = answer.headers.get_all("Set-Cookie", [])
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/webhooks/web"} <= parts
    assert "token" not in answer.json()


def test_behind_https_the_cookie_never_travels_in_the_clear(hall: RunningHall) -> None:
    headers = {"Origin": hall.origin, "X-Forwarded-Proto": "https"}
    answer = ask(hall, "POST", "/webhooks/web/session", {}, headers)
    assert "; secure" in answer.headers["Set-Cookie"].lower()


def test_a_bearer_token_is_given_only_to_who_asks_and_then_instead_of_the_cookie(hall: RunningHall) -> None:
    headers = {"Origin": hall.origin, "X-HRSS-Embed": "token"}
    answer = ask(hall, "POST", "/webhooks/web/session", {}, headers)
    assert answer.headers.get_all("Set-Cookie") is None
    bearer = {"Authorization": f"Bearer {answer.json()['token']}"}
    history = ask(hall, "GET", "/webhooks/web/history", headers=bearer)
    assert history.status == 200
    assert len(history.json()["messages"]) == 1


def test_the_client_cannot_choose_its_session(hall: RunningHall, person: Person) -> None:
    chosen = dict.fromkeys(
        ("session", "id", "sender", "sender_id", "token", "conversation_id"), "mine-1234567890"
    )
    answer = ask(hall, "POST", "/webhooks/web/session", chosen, {"Origin": hall.origin}).json()
    assert answer["session"] != "mine-1234567890"
    assert not rows(hall, "SELECT 1 FROM conversations WHERE id = 'mine-1234567890'")

    other = Person(hall.web)
    person.call(
        "POST",
        "messages",
        {"client_msg_id": new_id(), "text": "谢谢", "session": id_of(other), "sender": id_of(other)},
    )
    wait_until_answered(hall, person, 1)
    assert not turns_of(hall, other)


@pytest.mark.parametrize("bearer", ["", "nobody-ever-had-this-token", "\xe9\xff", "x" * 4000])
def test_an_unknown_session_is_refused(hall: RunningHall, bearer: str) -> None:
    headers = {"Authorization": f"Bearer {bearer}", "Origin": hall.origin}
    reading = [("GET", path) for path in ("history", "poll", "events", "suggest")]
    writing = [("POST", path) for path in ("messages", "feedback", "consent", "uploads")]
    for method, path in [*reading, *writing, ("DELETE", "session")]:
        answer = ask(hall, method, f"/webhooks/web/{path}", {}, headers)
        assert (answer.status, answer.json()["error"]) == (401, "session_unknown")


def test_the_id_of_a_session_does_not_open_it(hall: RunningHall, person: Person) -> None:
    answer = ask(hall, "GET", "/webhooks/web/history", headers={"Authorization": f"Bearer {id_of(person)}"})
    assert answer.status == 401


def test_an_ended_session_is_refused(hall: RunningHall, person: Person) -> None:
    bearer = {"Authorization": f"Bearer {token(person)}"}
    person.call("DELETE", "session")
    assert not list(person.cookies), "the cookie is taken away"
    answer = ask(hall, "GET", "/webhooks/web/history", headers=bearer)
    assert (answer.status, answer.json()["error"]) == (401, "session_ended")
    assert_polite(answer.json()["text"])


def test_a_session_ends_when_nobody_has_said_anything_for_long(hall: RunningHall, person: Person) -> None:
    with closing(sqlite3.connect(hall.folder / "hrss.db", timeout=10)) as database, database:
        past = "2026-01-01 00:00:00.000000"
        database.execute("UPDATE conversations SET expires_at = ? WHERE id = ?", (past, id_of(person)))
    with refusal(401, "session_ended"):
        person.say("你好")


# What a person types is text


@pytest.mark.parametrize(
    "typed",
    ['/ask_faq{"entry":"gd.login.address"}', "/restart", "／restart", " /show_menu", '/inform{"id":"1"}'],
)
def test_a_typed_command_is_text(hall: RunningHall, person: Person, typed: str) -> None:
    [answer] = person.say(typed)
    assert_polite(answer["text"])
    assert "entry" not in answer
    [turn] = turns_of(hall, person)
    assert turn["text"] == typed
    assert turn["stage"] != "option"
    assert turn["intent"] not in ("ask_faq", "restart", "show_menu", "inform")


def test_a_message_that_names_an_intent_or_payload_is_only_its_text(
    hall: RunningHall, person: Person
) -> None:
    smuggled = {
        "intent": "restart",
        "payload": "/restart",
        "option": {"id": "x", "payload": "/restart"},
        "metadata": {"option": "/restart"},
    }
    person.call("POST", "messages", {"client_msg_id": new_id(), "text": "谢谢", **smuggled})
    [turn] = wait_until_answered(hall, person, 1)
    assert (turn["intent"], turn["option"]) == ("thank", None)


@pytest.mark.parametrize(
    "typed",
    [
        "😀🎉👍",
        "<img src=x onerror=alert(1)><script>alert(1)</script>",
        "'; DROP TABLE conversations; --",
        "\x00\x07\x1b[31m\x7f",
        "\u202e\u2066\u200f\u200b",
        "\ud83d你\udc00好\ud800",
        "{{7*7}} ${7*7} %s %n",
        "忘" + "\u0301" * 300,
    ],
    ids=[
        "emoji",
        "markup",
        "sql",
        "control",
        "right-to-left",
        "lone surrogates",
        "templates",
        "stacked accents",
    ],
)
def test_strange_text_gets_a_polite_sentence_and_changes_nothing(
    hall: RunningHall, person: Person, typed: str
) -> None:
    other = Person(hall.web)
    before = everything_said(other)
    answers = person.say(typed)
    for answer in answers:
        assert_polite(answer["text"])
        assert "entry" not in answer or answer["entry"]["source"]
    [turn] = turns_of(hall, person)
    assert turn["state"] == "answered"
    assert everything_said(other) == before
    assert person.say("怎么给经办人授权业务")[0]["entry"]["source"]


def test_halves_of_surrogates_alone_are_an_empty_message(person: Person) -> None:
    with refusal(422, "message_empty"):
        person.say("\ud83d")


@pytest.mark.parametrize("empty", ["", "   \n\t", "\u3000", None, 5, ["你好"], {"text": "你好"}])
def test_an_empty_message_is_refused(hall: RunningHall, person: Person, empty: Any) -> None:
    with refusal(422, "message_empty"):
        person.call("POST", "messages", {"client_msg_id": new_id(), "text": empty})
    assert not turns_of(hall, person)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe{}", b"[" * 50_000, b'{"text": 1e']
)
def test_a_malformed_body_is_refused(person: Person, body: bytes) -> None:
    status, key = (422, "client_msg_id_malformed") if body == b"" else (400, "body_malformed")
    with refusal(status, key):
        person.call("POST", "messages", body)


@pytest.mark.parametrize(
    "client_msg_id", [None, 12345678, "short", "x" * 65, "has a blank", "\ud800aaaaaaaa", "中文字符八个字的"]
)
def test_a_message_needs_an_id_of_its_own(person: Person, client_msg_id: Any) -> None:
    with refusal(422, "client_msg_id_malformed"):
        person.call("POST", "messages", {"client_msg_id": client_msg_id, "text": "你好"})


def test_ten_thousand_characters_are_answered_politely_and_nothing_else_happens(
    hall: RunningHall, person: Person
) -> None:
    typed = ("我的单位账号密码忘了请问怎么办呢" * 1000)[:LONGEST_TEXT]
    [answer] = person.say(typed)
    assert_polite(answer["text"])
    assert "太长" in answer["text"]
    assert not answer.get("options")
    [turn] = turns_of(hall, person)
    assert (turn["decision"], turn["entry"]) == ("chat", None)


def test_more_than_ten_thousand_characters_are_refused(hall: RunningHall, person: Person) -> None:
    with refusal(413, "message_too_long"):
        person.call("POST", "messages", {"client_msg_id": new_id(), "text": "x" * (LONGEST_TEXT + 1)})
    assert not turns_of(hall, person)


def test_a_body_over_the_limit_is_refused_unread(hall: RunningHall, person: Person) -> None:
    with refusal(413, "message_too_long"):
        person.call("POST", "messages", b"{" + b" " * LARGEST_BODY)
    assert not turns_of(hall, person)


@pytest.mark.parametrize(
    "path", ["poll?after=-1", "poll?after=x", "poll?wait=1e9", "history?after=99999999999999999999"]
)
def test_a_number_that_is_none_is_refused(person: Person, path: str) -> None:
    with refusal(422, "number_malformed"):
        person.call("GET", path)


@pytest.mark.parametrize(
    "opening",
    [
        {"province": ["gd"]},
        {"province": "zj"},
        {"site": "\ud800\x00"},
        {"site": 5},
        {"large": "yes"},
        {"site": "x" * 9000},
    ],
)
def test_a_session_opens_whatever_nonsense_the_page_says_of_itself(
    hall: RunningHall, opening: dict[str, Any]
) -> None:
    assert ask(hall, "POST", "/webhooks/web/session", opening, {"Origin": hall.origin}).status == 200


# Options


def test_a_chosen_option_does_what_the_server_kept_for_it(hall: RunningHall, person: Person) -> None:
    [menu] = person.choose("看看能办什么")
    assert menu["options"]
    [turn] = turns_of(hall, person)
    assert (turn["text"], turn["stage"], turn["intent"]) == ("看看能办什么", "option", "show_menu")


def test_the_message_that_an_option_became_names_it(person: Person) -> None:
    greeting = person.opened["greeting"][0]
    person.choose("看看能办什么")
    [said] = [message for message in everything_said(person) if message["from"] == "user"]
    assert said["option_id"] == greeting["options"][0]["id"]


@pytest.mark.parametrize("option_id", ["never-offered", "", None, 1, {"id": 1}, "\ud800"])
def test_an_option_that_was_never_offered_is_explained(
    hall: RunningHall, person: Person, option_id: Any
) -> None:
    with refusal(409, "option_expired"):
        person.call("POST", "messages", {"client_msg_id": new_id(), "option_id": option_id})
    assert not turns_of(hall, person)


def test_another_conversations_option_is_refused(hall: RunningHall, person: Person) -> None:
    theirs = Person(hall.web).opened["greeting"][0]["options"][0]["id"]
    with refusal(409, "option_expired"):
        person.call("POST", "messages", {"client_msg_id": new_id(), "option_id": theirs})
    assert not turns_of(hall, person)


def test_a_used_option_is_explained_and_does_nothing_twice(hall: RunningHall, person: Person) -> None:
    pressed = {"option_id": person.opened["greeting"][0]["options"][0]["id"]}

    def press(client_msg_id: str) -> int:
        try:
            return int(person.call("POST", "messages", {"client_msg_id": client_msg_id, **pressed})["seq"])
        except Refused as refused:
            assert (refused.status, refused.body["error"]) == (409, "option_expired")
            assert_polite(refused.body["text"])
            return 0

    with ThreadPoolExecutor(ALL_AT_ONCE) as pool:
        seqs = list(pool.map(press, [new_id() for _ in range(ALL_AT_ONCE)]))
    assert sorted(seqs) == [0] * (ALL_AT_ONCE - 1) + [2]
    wait_until_answered(hall, person, 1)


def test_a_related_question_may_be_asked_again(hall: RunningHall, person: Person) -> None:
    answer, *_ = person.say(QUESTION)
    related = next(option for option in answer["options"] if option.get("style") == "related")
    for _ in range(2):
        assert person.choose(related["label"])[0]["entry"]["question"] == related["label"]


def test_options_from_before_a_new_start_have_expired(hall: RunningHall, person: Person) -> None:
    old = person.opened["greeting"][0]["options"][0]["id"]
    assert "重新开始" in person.say("重新开始")[0]["text"]
    with refusal(409, "option_expired"):
        person.call("POST", "messages", {"client_msg_id": new_id(), "option_id": old})
    assert person.choose("菜单")[0]["options"]


# Once, and in order


def test_a_repeated_message_gets_the_same_answer_and_no_second_turn(
    hall: RunningHall, person: Person
) -> None:
    message = {"client_msg_id": new_id(), "text": "谢谢"}
    seqs = [person.call("POST", "messages", message)["seq"] for _ in range(3)]
    assert len(set(seqs)) == 1
    [turn] = wait_until_answered(hall, person, 1)
    assert len(answers_to(hall, turn["id"])) == 1


def test_ten_identical_messages_at_once_are_one_turn(hall: RunningHall, person: Person) -> None:
    message = {"client_msg_id": new_id(), "text": "谢谢"}
    with ThreadPoolExecutor(ALL_AT_ONCE) as pool:
        answers = list(pool.map(lambda _: person.call("POST", "messages", message), range(ALL_AT_ONCE)))
    assert answers == [{"seq": 2}] * ALL_AT_ONCE
    [turn] = wait_until_answered(hall, person, 1)
    assert len(answers_to(hall, turn["id"])) == 1


def test_an_id_used_again_for_something_else_is_refused(hall: RunningHall, person: Person) -> None:
    used = new_id()
    person.say("谢谢", message_id=used)
    option = person.opened["greeting"][0]["options"][0]["id"]
    for other in ({"text": "再见"}, {"option_id": option}):
        with refusal(409, "message_id_reused"):
            person.call("POST", "messages", {"client_msg_id": used, **other})
    assert len(turns_of(hall, person)) == 1


def test_two_people_may_use_the_same_message_id(hall: RunningHall, person: Person) -> None:
    same, other = new_id(), Person(hall.web)
    assert person.say("谢谢", message_id=same)
    assert other.say("再见", message_id=same)


def test_messages_sent_at_once_are_answered_each_once_and_in_order(hall: RunningHall, person: Person) -> None:
    expected = {"谢谢": "不客气", "再见": "再见", "你是谁": "我是人社办事助手"}
    texts = list(expected) * 4

    def send(text: str) -> None:
        person.call("POST", "messages", {"client_msg_id": new_id(), "text": text})

    with ThreadPoolExecutor(len(texts)) as pool:
        list(pool.map(send, texts))
    turns = wait_until_answered(hall, person, len(texts))
    answers = [answers_to(hall, turn["id"]) for turn in turns]
    assert [len(each) for each in answers] == [1] * len(texts)
    assert [each[0]["seq"] for each in answers] == sorted(each[0]["seq"] for each in answers)
    for turn, [answer] in zip(turns, answers):
        assert answer["text"].startswith(expected[turn["text"]])
    assert [message["seq"] for message in everything_said(person)] == list(range(1, 2 * len(texts) + 2))


def test_a_message_is_answered_although_its_sender_has_hung_up(hall: RunningHall, person: Person) -> None:
    port = int(hall.environment["WEB_PORT"])
    for pause in (0, 0.002, 0.004, 0.006, 0.008, 0.01, 0.012, 0.015, 0.02, 0.025) * 2:
        body = json.dumps({"client_msg_id": new_id(), "text": "谢谢"})
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(
                f"POST /webhooks/web/messages HTTP/1.1\r\nHost: hall\r\nOrigin: {hall.origin}\r\n"
                f"Authorization: Bearer {token(person)}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            )
            time.sleep(pause)
    person.call("POST", "messages", {"client_msg_id": new_id(), "text": "再见"})
    received = len(turns_of(hall, person))
    assert received > 2, "none of them arrived: the test shows nothing"
    for turn in wait_until_answered(hall, person, received):
        assert len(answers_to(hall, turn["id"])) == 1


# Listening


def test_polling_resumes_without_loss_or_doubling(person: Person) -> None:
    for text in ("谢谢", "再见"):
        person.say(text)
    everything = everything_said(person)
    assert [message["seq"] for message in everything] == [1, 2, 3, 4, 5]
    for after in range(6):
        polled = person.call("GET", f"poll?after={after}&wait=0")
        assert polled == {"messages": everything[after:], "last_seq": 5}


def test_a_poll_waits_for_what_is_said_and_no_longer(person: Person) -> None:
    started = time.monotonic()
    assert person.call("GET", "poll?after=1&wait=1")["messages"] == []
    assert 0.9 < time.monotonic() - started < 5
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(person.call, "GET", "poll?after=1&wait=25")
        time.sleep(0.3)
        started = time.monotonic()
        person.call("POST", "messages", {"client_msg_id": new_id(), "text": "谢谢"})
        assert waiting.result()["messages"][0]["text"] == "谢谢"
        assert time.monotonic() - started < 5


def test_a_poll_ends_with_the_session(person: Person) -> None:
    bearer = {"Authorization": f"Bearer {token(person)}"}
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(person.call, "GET", "poll?after=1&wait=25", None, bearer)
        time.sleep(0.3)
        person.call("DELETE", "session")
        with refusal(401, "session_ended"):
            waiting.result(timeout=5)


def test_events_resume_without_loss_or_doubling(hall: RunningHall, person: Person) -> None:
    person.say("谢谢")
    person.say("再见")
    everything = everything_said(person)
    with listening(hall, person) as stream:
        heard = [stream.next_message() for _ in range(2)]
        assert stream.last_id == "2"
    with listening(hall, person, after=0, last_id=stream.last_id) as stream:
        heard += [stream.next_message() for _ in range(3)]
    assert heard == everything

    with listening(hall, person, after=5) as stream:
        person.say("你是谁")
        assert [stream.next_message()["seq"] for _ in range(2)] == [6, 7]


def test_a_transcript_of_hundreds_of_messages_comes_whole(hall: RunningHall, person: Person) -> None:
    with Database(hall.database_url).transaction() as session:
        notices = [{"kind": "system", "text": f"第 {number} 条"} for number in range(2, 451)]
        conversations.say(session, id_of(person), author="bot", messages=notices, now=now())
    with listening(hall, person) as stream:
        assert [stream.next_message()["seq"] for _ in range(450)] == list(range(1, 451))


def test_a_malformed_last_event_id_is_refused(hall: RunningHall, person: Person) -> None:
    for last in ("9" * 30, "-1", "x"):
        headers = {"Authorization": f"Bearer {token(person)}", "Last-Event-ID": last}
        assert ask(hall, "GET", "/webhooks/web/events", headers=headers).status == 422


def test_a_silent_stream_has_a_heartbeat(hall: RunningHall, person: Person) -> None:
    with listening(hall, person, after=1) as stream:
        assert stream.answer.readline() == b": listening\n"
        started = time.monotonic()
        assert [stream.answer.readline() for _ in range(2)] == [b"\n", b": still here\n"]
        assert time.monotonic() - started < HEARTBEAT_SECONDS + 3


def test_the_stream_ends_when_the_session_ends(hall: RunningHall, person: Person) -> None:
    with listening(hall, person) as stream:
        assert stream.next_message()["seq"] == 1
        started = time.monotonic()
        person.call("DELETE", "session")
        assert stream.next() is None
        assert time.monotonic() - started < 5


# Whose pages may speak


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", "http://127.0.0.1", "http://127.0.0.1.evil.example"]
)
def test_a_foreign_or_missing_origin_is_refused(
    hall: RunningHall, person: Person, origin: str | None
) -> None:
    headers = {"Authorization": f"Bearer {token(person)}", **({"Origin": origin} if origin else {})}
    writing = [("POST", path) for path in ("session", "messages", "feedback", "consent", "uploads")]
    for method, path in [*writing, ("DELETE", "session")]:
        answer = ask(
            hall, method, f"/webhooks/web/{path}", {"client_msg_id": new_id(), "text": "谢谢"}, headers
        )
        assert answer.status == 403
        assert_polite(answer.json()["text"])
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert not turns_of(hall, person)
    assert everything_said(person), "and the session goes on"


def test_a_foreign_page_cannot_read(hall: RunningHall, person: Person) -> None:
    headers = {"Authorization": f"Bearer {token(person)}", "Origin": "https://evil.example"}
    for path in ("history", "poll", "events", "suggest?q=密码"):
        answer = ask(
            hall, "GET", f"/webhooks/web/{path.replace('密码', '%E5%AF%86%E7%A0%81')}", headers=headers
        )
        assert answer.status == 403
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_listed_page_on_another_site_may_speak_and_read(hall: RunningHall) -> None:
    elsewhere = f"http://localhost:{hall.environment['WEB_PORT']}"
    preflight = ask(
        hall,
        "OPTIONS",
        "/webhooks/web/messages",
        headers={"Origin": elsewhere, "Access-Control-Request-Method": "POST"},
    )
    assert preflight.status in (200, 204)
    allowed = preflight.headers["Access-Control-Allow-Headers"].lower()
    assert {"authorization", "content-type", "x-hrss-embed"} <= {each.strip() for each in allowed.split(",")}
    for answer in (
        preflight,
        ask(hall, "POST", "/webhooks/web/session", {}, {"Origin": elsewhere, "X-HRSS-Embed": "token"}),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == elsewhere
        assert "Access-Control-Allow-Credentials" not in answer.headers
    foreign = ask(hall, "OPTIONS", "/webhooks/web/messages", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in foreign.headers


# What else a page asks for


def test_feedback_is_stored_and_its_reason_masked(hall: RunningHall, person: Person) -> None:
    answer, *_ = person.say(QUESTION)
    for helpful, reason in ((True, None), (False, "没答到点上：请打13910002345找我")):
        person.call("POST", "feedback", {"seq": answer["seq"], "helpful": helpful, "reason": reason})
    [row] = rows(hall, "SELECT * FROM feedback WHERE conversation_id = ?", id_of(person))
    assert (row["seq"], row["helpful"]) == (answer["seq"], 0)
    assert row["reason"] == "没答到点上：请打〔手机#1〕找我"


@pytest.mark.parametrize("seq", [2, 99, 999_999_999])
def test_only_what_the_bot_said_can_be_rated(person: Person, seq: int) -> None:
    person.say("谢谢")
    with refusal(404, "nothing_to_rate"):
        person.call("POST", "feedback", {"seq": seq, "helpful": True})


@pytest.mark.parametrize(
    "opinion",
    [
        {},
        {"seq": 1},
        {"seq": "1", "helpful": True},
        {"seq": True, "helpful": True},
        {"seq": 10**30, "helpful": True},
        {"seq": 1, "helpful": 1},
        {"seq": 1, "helpful": True, "reason": 5},
    ],
)
def test_malformed_feedback_is_refused(person: Person, opinion: dict[str, Any]) -> None:
    with refusal(422, "feedback_malformed"):
        person.call("POST", "feedback", opinion)


@pytest.mark.parametrize("province", ["gd", "hn"])
def test_suggestions_are_few_and_of_the_sessions_province(hall: RunningHall, province: str) -> None:
    person = Person(hall.web, province=province)
    for typed in ("%E5%AF%86%E7%A0%81", "%E7%99%BB%E5%BD%95"):  # 密码, 登录
        suggested = person.call("GET", f"suggest?q={typed}")["suggestions"]
        assert 0 < len(suggested) <= 6
        assert {each["entry"].split(".")[0] for each in suggested} == {province}
        assert all(each["question"].endswith("？") for each in suggested)


@pytest.mark.parametrize(
    ("page", "province", "offered"),
    [
        ("register_org", "gd", "您好像正在看“单位注册”的页面"),
        ("refund", "hn", "您好像正在看“稳岗返还”的页面"),
        ("recover", "hn", None),
        ("register_org", None, None),
        ("no_such_page", "gd", None),
        (["register_org"], "gd", None),
    ],
)
def test_a_page_that_names_itself_is_offered_what_fits_it(
    hall: RunningHall, page: object, province: str | None, offered: str | None
) -> None:
    opened = ask(
        hall, "POST", "/webhooks/web/session", {"page": page, "province": province}, {"Origin": hall.origin}
    ).json()
    texts = [message["text"] for message in opened["greeting"][1:]]
    assert texts == ([] if offered is None else [opened["greeting"][1]["text"]])
    if offered is not None:
        assert offered in texts[0]
        assert len(opened["greeting"][1]["options"]) > 1


def test_the_server_says_what_time_it_is(person: Person) -> None:
    for answer in (person.opened, person.call("GET", "history")):
        said = datetime.fromisoformat(answer["now"])
        assert abs((datetime.now(timezone.utc) - said).total_seconds()) < 60


def test_a_conversation_can_be_kept_as_a_file(hall: RunningHall, person: Person) -> None:
    person.say("我的手机号是13910002345，😀")
    headers = {"Authorization": f"Bearer {token(person)}"}
    text = ask(hall, "GET", "/webhooks/web/transcript?as=txt", headers=headers)
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "attachment" in text.headers["Content-Disposition"]
    assert "〔手机#1〕，😀" in text.body.decode()
    printed = ask(hall, "GET", "/webhooks/web/transcript?as=pdf", headers=headers)
    assert printed.headers["Content-Type"] == "application/pdf"
    page = pypdfium2.PdfDocument(printed.body)[0].get_textpage().get_text_range()
    assert "〔手机#1〕，〓" in page and "人社办事助手聊天记录" in page
    assert "13910002345" not in text.body.decode() + page
    with refusal(422, "transcript_form_unknown"):
        person.call("GET", "transcript?as=docx")


def test_ready_says_that_the_model_and_the_database_are_there(hall: RunningHall) -> None:
    answer = ask(hall, "GET", "/webhooks/web/ready")
    assert (answer.status, answer.json()) == (200, {"model": True, "database": True})


# Pages, and what is not to be reached


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("demo/", "text/html"),
        ("demo/index.html", "text/html"),
        ("demo/full.html", "text/html"),
        ("frame/", "text/html"),
        ("hrss-chat.js", "text/javascript"),
        ("hrss-chat.css", "text/css"),
        ("demo/emblem.svg", "image/svg+xml"),
    ],
)
def test_every_page_comes_under_a_strict_policy(hall: RunningHall, path: str, kind: str) -> None:
    answer = ask(hall, "GET", f"/webhooks/web/{path}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = {directive.strip() for directive in answer.headers["Content-Security-Policy"].split(";")}
    assert {
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
    } <= policy
    [around] = [directive.split()[1:] for directive in policy if directive.startswith("frame-ancestors")]
    listed = hall.environment["WEB_ORIGINS"].split(",") if path.startswith("frame/") else []
    assert set(around) == {"'self'", *listed}
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_a_file_that_has_not_changed_is_not_sent_again(hall: RunningHall) -> None:
    packed = ask(hall, "GET", "/webhooks/web/hrss-chat.js", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    plain = ask(hall, "GET", "/webhooks/web/hrss-chat.js")
    assert gzip.decompress(packed.body) == plain.body
    again = ask(hall, "GET", "/webhooks/web/hrss-chat.js", headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


def test_what_is_said_is_not_to_be_cached(hall: RunningHall, person: Person) -> None:
    answer = ask(hall, "GET", "/webhooks/web/history", headers={"Authorization": f"Bearer {token(person)}"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/web/../channel.py",
        "/webhooks/web/channel.py",
        "/webhooks/web/%2e%2e/channel.py",
        "/webhooks/web/%2e%2e%2fchannel.py",
        "/webhooks/web/demo/../../channel.py",
        "/webhooks/web/demo/..%2f..%2f..%2f..%2f..%2fpyproject.toml",
        "/webhooks/web/..%5cchannel.py",
        "/webhooks/web//etc/passwd",
        "/webhooks/web/%00",
        "/webhooks/web/demo",
        "/webhooks/web/static/hrss-chat.js",
    ],
)
def test_no_trick_of_a_path_leads_to_another_file(hall: RunningHall, path: str) -> None:
    answer = ask(hall, "GET", path)
    assert answer.status == 404
    assert b"import" not in answer.body


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/model/parse"),
        ("PUT", "/model"),
        ("DELETE", "/model"),
        ("POST", "/model/train"),
        ("GET", "/domain"),
        ("GET", "/status"),
        ("GET", "/version"),
        ("GET", "/conversations/x/tracker"),
        ("POST", "/conversations/x/tracker/events"),
        ("POST", "/conversations/x/trigger_intent"),
        ("POST", "/webhooks/rest/webhook"),
        ("POST", "/webhooks/callback/webhook"),
        ("GET", "/socket.io/?EIO=4&transport=polling"),
        ("GET", "/webhooks/web/tracker.db"),
    ],
)
def test_rasas_own_http_interface_is_not_reachable(hall: RunningHall, method: str, path: str) -> None:
    headers = {"Origin": hall.origin, "Content-Type": "application/json"}
    answer = ask(hall, method, path, {"text": "你好", "sender": "x", "message": "你好"}, headers)
    assert answer.status == 404


# Personal data


def test_what_is_planted_in_a_conversation_is_in_no_file_and_no_log(
    hall: RunningHall, person: Person
) -> None:
    planted = {
        "certificate": "440106198503072818",
        "phone": "13910006789",
        "card": "6212262000000731941",
        "code": "739158",
        "password": "Qz7-planted!",
    }
    person.say(f"身份证{planted['certificate']}，手机{planted['phone']}，怎么找回账号")
    person.say(f"卡号 {planted['card']}，短信验证码是{planted['code']}")
    answers = person.say(f"登录密码是{planted['password']}，还是登录不上")
    [warning] = [answer for answer in answers if answer["kind"] == "system"]
    assert "密码" in warning["text"]
    assert "不会向您要密码" in warning["text"]
    person.call(
        "POST",
        "feedback",
        {"seq": 3, "helpful": False, "reason": f"打{planted['phone']}，密码是{planted['password']}"},
    )
    person.call("GET", f"suggest?q={planted['phone']}")

    stored = b"".join(path.read_bytes() for path in sorted(hall.folder.glob("*.db*")))
    shown = json.dumps(everything_said(person), ensure_ascii=False)
    logs = hall.log("bot") + hall.log("actions")
    assert "〔身份证#1〕，手机〔手机#1〕" in shown
    assert "〔身份证#1〕".encode() in stored
    for name, value in planted.items():
        assert not stands_in(value, stored), name
        assert not stands_in(value, shown.encode()), name
        assert not stands_in(value, logs.encode()), name


def test_no_text_of_a_person_reaches_the_log(hall: RunningHall, person: Person) -> None:
    person.say("一句独一无二的话：紫色的河马在图书馆")
    assert "河马" not in hall.log("bot") + hall.log("actions")


# What staff can see of a turn


def test_a_turn_is_stored_with_all_that_explains_it(hall: RunningHall, person: Person) -> None:
    answer, *_ = person.say(QUESTION)
    [turn] = turns_of(hall, person)
    assert turn["text"] == QUESTION
    assert turn["cleaned"]
    assert (turn["stage"], turn["decision"], turn["intent"]) == ("rank", "answer", "ask_faq")
    assert (turn["entry"], turn["entry_version"]) == (answer["entry"]["id"], answer["entry"]["version"])
    assert (turn["province"], turn["channel"], turn["state"]) == ("gd", "web", "answered")
    candidates = json.loads(turn["candidates"])
    assert candidates[0]["id"] == turn["entry"]
    assert candidates == sorted(candidates, key=lambda candidate: -candidate["score"])
    assert len(candidates) == 5
    assert all(0 <= limit <= 1 for limit in json.loads(turn["thresholds"]).values())
    assert 0 < turn["understanding_ms"] < turn["total_ms"] < 30_000
    assert turn["received_at"] <= turn["answered_at"]


# When something breaks


def test_without_the_action_server_the_person_is_told_and_the_conversation_goes_on(
    hall: RunningHall, person: Person
) -> None:
    hall.stop("actions")
    try:
        [answer] = person.say("删除我的记录")
        assert answer["text"].startswith(OUT_OF_ORDER)
        assert turns_of(hall, person)[0]["state"] == "failed"
        assert person.say(QUESTION)[0]["entry"]["source"]
    finally:
        hall.start("actions")
        hall.wait()
    assert not person.say("删除我的记录")[0]["text"].startswith(OUT_OF_ORDER)


def test_a_turn_that_a_power_cut_interrupts_is_answered_exactly_once(
    hall: RunningHall, person: Person
) -> None:
    hall.processes["actions"].send_signal(signal.SIGSTOP)
    try:
        with listening(hall, person, after=1) as stream:
            person.call("POST", "messages", {"client_msg_id": new_id(), "text": "删除我的记录"})
            while stream.next() != ("typing", {"on": True}):
                pass  # it stays in the middle of its turn: the action server sleeps
            [turn] = turns_of(hall, person)
            assert turn["state"] == "received"
            hall.stop("bot", signal.SIGKILL)
    finally:
        hall.stop("actions", signal.SIGKILL)
        hall.start("actions")
        hall.start("bot")
        hall.wait()
    [turn] = wait_until_answered(hall, person, 1)
    [answer] = person.wait()
    assert "删除" in answer["text"]
    assert person.say("谢谢")[0]["text"].startswith("不客气")
    assert [each["from"] for each in everything_said(person)][:4] == ["bot", "user", "bot", "user"]


def test_an_answer_that_a_locked_database_keeps_out_is_not_replaced_by_an_excuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.from_env(surroundings(tmp_path))
    database = Database(settings.database_url)
    database.migrate()
    person = new_id()
    with database.transaction() as session:
        conversations.open(
            session, channel="web", now=now(), idle=timedelta(minutes=1), conversation_id=person
        )

    async def answer(message: Any) -> None:
        await message.output_channel.send_response(message.sender_id, {"text": "好的。"})

    def locked(*_: Any) -> None:
        raise OperationalError("UPDATE turns", {}, sqlite3.OperationalError("database is locked"))

    async def one_turn() -> None:
        turns = Turns(database, Vault(settings), "web", answer, about=lambda *_: {})
        monkeypatch.setattr(turns, "_close", locked)
        await turns.take(person, new_id(), Said("你好"))
        await turns.finish()

    asyncio.run(one_turn())

    with database.reading() as session:
        assert [message.text for message in conversations.after(session, person, 0)] == ["你好"]
        assert session.query(Turn).one().state == "received", "it is taken up again"


def test_an_answer_that_cannot_be_stored_is_replaced_by_an_excuse(tmp_path: Path) -> None:
    settings = Settings.from_env(surroundings(tmp_path))
    database = Database(settings.database_url)
    database.migrate()

    async def say_the_unstorable(message: Any) -> None:
        unstorable = {"text": "好的。", "custom": {"entry": object()}}
        await message.output_channel.send_response(message.sender_id, unstorable)

    async def one_turn(conversation_id: str) -> None:
        turns = Turns(database, Vault(settings), "web", say_the_unstorable, about=lambda *_: {})
        await turns.take(conversation_id, new_id(), Said("你好"))
        await turns.finish()

    with database.transaction() as session:
        conversation = conversations.open(session, channel="web", now=now(), idle=timedelta(minutes=1))
    asyncio.run(one_turn(conversation.id))
    with database.reading() as session:
        assert [message.text[:11] for message in conversations.after(session, conversation.id, 0)] == [
            "你好",
            OUT_OF_ORDER,
        ]
        assert open_turns.of_channel(session, "web") == []


# Quotas


@pytest.fixture
def small_hall(model: Path, tmp_path: Path) -> Iterator[RunningHall]:
    """A hall where little is allowed."""
    allowances = {"WEB_SESSIONS_PER_MINUTE": "3", "WEB_MESSAGES_PER_MINUTE": "2"}
    with running(tmp_path, **allowances) as started:
        yield started


def test_who_asks_too_often_is_told_when_to_come_back(small_hall: RunningHall) -> None:
    def assert_too_many(answer: Answered) -> None:
        assert (answer.status, answer.json()["error"]) == (429, "too_many")
        assert_polite(answer.json()["text"])
        assert 1 <= int(answer.headers["Retry-After"]) <= 60

    hasty, calm, _ = Person(small_hall.web), Person(small_hall.web), Person(small_hall.web)
    assert_too_many(ask(small_hall, "POST", "/webhooks/web/session", {}, {"Origin": small_hall.origin}))

    hasty.say("谢谢")
    hasty.say("谢谢")
    headers = {"Origin": small_hall.origin, "Authorization": f"Bearer {token(hasty)}"}
    assert_too_many(
        ask(
            small_hall, "POST", "/webhooks/web/messages", {"client_msg_id": new_id(), "text": "谢谢"}, headers
        )
    )
    assert len(turns_of(small_hall, hasty)) == 2
    assert calm.say("谢谢"), "one who hurries does not hold up another"

    asked = [ask(small_hall, "GET", "/webhooks/web/suggest?q=xx", headers=headers) for _ in range(11)]
    assert [answer.status for answer in asked[:10]] == [200] * 10
    assert_too_many(asked[10])
