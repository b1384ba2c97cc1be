"""The rules of WeChat's side, each by its letter, against the really running bot over HTTP."""

from __future__ import annotations

import base64
import re
import secrets
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from bot.channels.wechat.envelope import signature
from tests.between import Between
from tests.conftest import RunningHall
from tests.wechat.api import FakeApi
from tests.wechat.side import Account, Citizen, in_parallel
from tests.wechat.watching import (
    ANSWER,
    QUESTION,
    New,
    Paused,
    rows,
    turns,
    unlike_any,
    user_events,
    wait_for,
)

APOLOGY = "抱歉，我们这边出了故障"


# V: who may call


def test_v1_the_address_is_verified_by_its_echo(account: Account) -> None:
    told = {"timestamp": "1714036504", "nonce": "1514711492", "echostr": "4375120948345356249"}
    signed = signature(account.token, told["timestamp"], told["nonce"])
    answered = account.call("GET", urlencode({**told, "signature": signed}))

    assert (answered.status, answered.body) == (200, b"4375120948345356249")
    assert answered.content_type.startswith("text/plain")


@pytest.mark.parametrize("changed", ["signature", "timestamp", "nonce", "echostr"])
@pytest.mark.parametrize("how", ["missing", "empty", "twice", "other"])
def test_v2_what_is_not_wholly_signed_hears_nothing(account: Account, changed: str, how: str) -> None:
    told = {"timestamp": "1714036504", "nonce": "1514711492", "echostr": "43751209"}
    told["signature"] = signature(account.token, told["timestamp"], told["nonce"])
    pairs = [(name, value) for name, value in told.items() if name != changed]
    pairs += {
        "missing": [],
        "empty": [(changed, "")],
        "twice": [(changed, told[changed])] * 2,
        "other": [(changed, told[changed][:-1] + "x")],
    }[how]
    if (changed, how) == ("echostr", "other"):
        pytest.skip("the echo is not signed in WeChat's protocol")
    answered = account.call("GET", urlencode(pairs))

    assert (answered.status, answered.body) == (403, b"")


def forgeries(account: Account, citizen: Citizen, text: str) -> dict[str, tuple[str, bytes]]:
    """Calls that are not WeChat's, by what is wrong with each."""
    xml = citizen.xml("text", Content=text, MsgId="7")
    query, body = account.sealed(xml)
    told = dict(parse_qsl(query))
    encrypted = re.search(rb"<Encrypt><!\[CDATA\[(.+?)\]\]>", body).group(1).decode()  # type: ignore[union-attr]

    def signed(content: str, **more: str) -> tuple[str, bytes]:
        parts = {**told, **more}
        mine = signature(account.token, parts["timestamp"], parts["nonce"], content)
        return urlencode(
            {**parts, "msg_signature": mine}
        ), f"<xml><Encrypt>{content}</Encrypt></xml>".encode()

    other = Account(account.callback, account.token, account.aes_key, "wxsomeoneelse00000")
    cut = base64.b64encode(base64.b64decode(encrypted)[:-16]).decode()
    raw = base64.b64encode(secrets.token_bytes(64)).decode()
    without = {name: value for name, value in told.items() if name != "msg_signature"}
    plainly = dict(without)
    plainly["signature"] = signature(account.token, told["timestamp"], told["nonce"])
    return {
        "no query": ("", body),
        "plain body, plain signature": (urlencode(plainly), xml.encode()),
        "sealed body, plain signature": (urlencode(plainly), body),
        "no body": (query, b""),
        "another message under this signature": (query, account.sealed(xml)[1]),
        "another appid": other.sealed(xml),
        "cut short": signed(cut),
        "noise": signed(raw),
        "no base64": signed("!!!!"),
        "too old": account.sealed(xml, at=int(time.time()) - 310),
        "from the future": account.sealed(xml, at=int(time.time()) + 310),
        "a doctype": (query, b'<!DOCTYPE xml [<!ENTITY a "b">]>' + body),
        "no digits as time": signed(encrypted, timestamp="now"),
    }


def test_v3_v4_v6_no_forgery_begins_a_turn_or_learns_anything(
    running: RunningHall, account: Account, citizen: Citizen
) -> None:
    text = unlike_any()
    for wrong, (query, body) in forgeries(account, citizen, text).items():
        answered = account.call("POST", query, body)
        assert (answered.status, answered.body) == (403, b""), wrong
    assert turns(running, text) == []


def test_v5_a_huge_body_is_refused(account: Account, citizen: Citizen) -> None:
    query, body = account.sealed(citizen.xml("text", Content="长" * 40_000, MsgId="8"))

    assert account.call("POST", query, body).status == 413


def test_v7_in_compatible_mode_only_what_is_sealed_counts(
    running: RunningHall, account: Account, citizen: Citizen
) -> None:
    sealed, forged = unlike_any(), unlike_any()
    query, body = account.sealed(citizen.xml("text", Content=sealed, MsgId="9"))
    outside = f"<Content>{forged}</Content><FromUserName>oSomeoneElse</FromUserName><MsgType>text</MsgType>"
    answered = account.call("POST", query, body.replace(b"</xml>", outside.encode() + b"</xml>"))

    assert answered.status == 200
    assert len(turns(running, sealed)) == 1
    assert turns(running, forged) == []


def test_v8_the_log_holds_no_secret_and_no_person(
    running: RunningHall, account: Account, api: FakeApi, citizen: Citizen
) -> None:
    text = unlike_any()
    citizen.ask(text)
    citizen.send("image", PicUrl=f"http://mmbiz.qpic.cn/{text[-11:]}", MediaId="m1")
    log = running.log("bot") + running.log("actions")

    for secret in (
        account.token,
        account.aes_key,
        api.secret,
        api._token or "-none-",
        citizen.open_id,
        text,
        text[-11:],
        "qpic.cn",
    ):
        assert secret not in log, secret
    for file in ("hrss.db", "tracker.db"):
        stored = b"".join(path.read_bytes() for path in running.folder.glob(f"{file}*"))
        assert citizen.open_id.encode() not in stored
        assert b"qpic.cn" not in stored


def test_d5_conversations_are_known_by_hashes_that_no_web_session_can_have(
    running: RunningHall, citizen: Citizen
) -> None:
    text = unlike_any()
    citizen.ask(text)
    [(_, _, conversation)] = turns(running, text)

    assert re.fullmatch(r"wx:[0-9a-f]{40}", conversation)


# R: what a reply is (its form is checked with every reply, in tests/wechat/side.py)


def test_r1_r5_a_question_is_answered_in_the_reply(account: Account, citizen: Citizen) -> None:
    assert ANSWER in citizen.ask(QUESTION)
    assert account.answers[-1].content_type.startswith("application/xml")


def test_r2_what_people_type_comes_back_unharmed(citizen: Citizen) -> None:
    for text in ("]]>", "<xml>&amp;", "😀👩‍👩‍👧‍👦", "𠮷", "第一行\n第二行", "a" * 600, "　"):
        assert citizen.say(text)


def test_r3_the_same_answer_is_sealed_anew_for_each_delivery(account: Account, citizen: Citizen) -> None:
    xml = citizen.xml("text", Content=QUESTION, MsgId=str(secrets.randbits(53)))
    first, second = account.deliver(xml), account.deliver(xml)
    if b"success" in (first.body, second.body):
        pytest.skip("this machine is too busy to answer in the reply")

    assert first.body != second.body
    assert account.opened(first.body)["Content"] == account.opened(second.body)["Content"]


def test_r4_a4_an_answer_is_two_messages_at_most_and_none_is_longer_than_wechat_shows(
    api: FakeApi, citizen: Citizen
) -> None:
    asked = ("菜单", "单位怎么注册账号", "取消", "单位账号密码忘了", "取消", "😀" * 300)
    for text in asked:
        citizen.ask(text)
    bodies = [call["text"]["content"] for call in api.sent_to(citizen.open_id) if "text" in call]

    assert len(citizen.screen) + len(bodies) <= 2 * len(asked)
    assert all(len(shown) <= 600 and len(shown.encode()) <= 2048 for shown in [*citizen.screen, *bodies])


def test_r6_while_the_action_server_is_away_people_hear_an_apology(
    running: RunningHall, citizen: Citizen
) -> None:
    running.stop("actions", signal.SIGKILL)
    try:
        # it is asked again for some seconds first, so the apology may come as a message of its own
        assert APOLOGY in (citizen.say("查进度") or citizen.pushed(seconds=30)[0])
    finally:
        running.start("actions")
        running.wait()
    assert "受理编号" in citizen.ask("查进度")


# T, O: within five seconds, once


@pytest.mark.timeout(900)
def test_t1_two_hundred_turns_forty_at_a_time_are_each_answered_once(
    running: RunningHall, account: Account, api: FakeApi, follower: New
) -> None:
    """How long they take, `python -m benchmarks.wechat` measures: nobody may have to be told twice, or hear nothing."""
    before = len(account.answers)
    people = [follower() for _ in range(40)]
    asked = unlike_any("怎么注册个人账号")
    replied: list[str] = []

    def five(person: Citizen) -> Callable[[], None]:
        def run() -> None:
            told = (person.say(f"{asked} {number}", attempts=20) for number in range(5))
            replied.extend(filter(None, told))

        return run

    in_parallel([five(person) for person in people])
    assert {answer.status for answer in account.answers[before:]} <= {200, None}

    def closed() -> bool:
        states = rows(running, "SELECT state FROM turns WHERE text LIKE ?", f"{asked}%")
        return len(states) == 200 and all(state != "received" for (state,) in states)

    def heard() -> int:
        return len(replied) + sum(len(api.sent_to(person.open_id)) for person in people)

    wait_for(closed, 300)
    wait_for(lambda: heard() >= 200, 60)
    assert heard() == 200


def test_t4_turns_under_way_do_not_hold_up_the_server(account: Account, follower: New) -> None:
    """What asks for no turn is answered at once while ten turns are computed: nothing of them runs in the server's loop."""
    told = {"timestamp": "1714036504", "nonce": "1514711492", "echostr": "4375120948345356249"}
    query = urlencode({**told, "signature": signature(account.token, told["timestamp"], told["nonce"])})
    asking = [
        threading.Thread(target=follower().say, args=(unlike_any("怎么注册个人账号"),)) for _ in range(10)
    ]
    for thread in asking:
        thread.start()
    meanwhile = []
    while any(thread.is_alive() for thread in asking):
        meanwhile.append(account.call("GET", query).status)
    for thread in asking:
        thread.join()

    assert len(meanwhile) > 2 and set(meanwhile) == {200}


def test_t2_o3_a_slow_turn_hears_success_and_is_sent_once(
    running: RunningHall, api: FakeApi, citizen: Citizen
) -> None:
    message_id = secrets.randbits(53)
    with Paused(running):
        assert citizen.say("查进度", message_id=message_id) is None
    [sent] = citizen.pushed()
    assert "受理编号" in sent
    # a late delivery of the same changes nothing
    assert citizen.say("查进度", message_id=message_id) is None
    time.sleep(2)

    assert len(api.sent_to(citizen.open_id)) == 1
    typing = [call.body for call in api.of("/cgi-bin/message/custom/typing")]
    assert {"touser": citizen.open_id, "command": "Typing"} in typing


def test_t3_o4_an_answer_nobody_waits_for_is_sent_once_after_a_while(
    running: RunningHall, api: FakeApi, citizen: Citizen
) -> None:
    text = unlike_any()
    with Paused(running):
        pass
    assert citizen.say(text, attempts=1, patience=(0.01,)) is None
    [sent] = citizen.pushed(seconds=25)
    time.sleep(1)

    assert ANSWER in sent
    assert len(api.sent_to(citizen.open_id)) == 1
    [(_, state, conversation)] = turns(running, text)
    assert state == "answered"
    assert user_events(running, conversation) == 1


@pytest.mark.parametrize("attempts", [3, 4])
def test_t3_o1_a_line_that_drops_and_redeliveries_make_one_turn_and_one_answer(
    running: RunningHall, citizen: Citizen, attempts: int
) -> None:
    text = unlike_any()
    cut = (0.02,) * (attempts - 1)
    answered = citizen.ask(text, attempts=attempts, patience=cut)
    time.sleep(1)

    assert ANSWER in answered
    [(_, _, conversation)] = turns(running, text)
    assert user_events(running, conversation) == 1
    assert len(citizen.screen) == 1


def test_o1_o3_the_same_message_at_once_and_again_gets_the_same_reply(
    running: RunningHall, citizen: Citizen
) -> None:
    text, message_id = unlike_any(), secrets.randbits(60)
    heard: list[str | None] = []
    in_parallel([lambda: heard.append(citizen.say(text, message_id=message_id)) for _ in range(3)])
    heard.append(citizen.say(text, message_id=message_id))

    replies = list(filter(None, heard)) or citizen.pushed()
    assert len(set(replies)) == 1 and ANSWER in replies[0]
    [(_, _, conversation)] = turns(running, text)
    assert user_events(running, conversation) == 1


def test_o3_a_redelivered_number_means_what_it_meant(running: RunningHall, citizen: Citizen) -> None:
    citizen.event("subscribe")
    message_id = secrets.randbits(60)
    first = citizen.ask("1", message_id=message_id)

    assert citizen.say("1", message_id=message_id) in (first, None)
    assert "登录" in first


def test_o2_an_event_twice_is_one_event(running: RunningHall, account: Account, citizen: Citizen) -> None:
    xml = citizen.xml("event", Event="subscribe", EventKey="")
    first, second = account.deliver(xml), account.deliver(xml)

    assert account.opened(first.body)["Content"] == account.opened(second.body)["Content"]


def test_o6_messages_of_one_person_are_answered_in_their_order(
    running: RunningHall, account: Account, citizen: Citizen
) -> None:
    texts = [unlike_any() for _ in range(4)]
    for text in texts[:-1]:
        threading.Thread(target=citizen.say, args=(text,)).start()
        wait_for(lambda: turns(running, text))  # noqa: B023
    citizen.say(texts[-1])
    [(_, _, conversation)] = turns(running, texts[0])
    wait_for(lambda: all(turns(running, text)[0][1] == "answered" for text in texts))
    asked = rows(
        running, "SELECT text FROM turns WHERE conversation_id = ? ORDER BY answered_at", conversation
    )

    assert [text for (text,) in asked] == texts


def killed_while_answering(
    running: RunningHall, citizen: Citizen, text: str, strike: Callable[[Callable[[], None]], None]
) -> list[str]:
    """The bot dies by `strike` on this message and starts again; what is seen of it, WeChat having redelivered."""
    gone, message_id, before = threading.Event(), secrets.randbits(60), len(citizen.screen)

    def kill() -> None:
        running.stop("bot", signal.SIGKILL)
        gone.set()

    strike(kill)
    assert citizen.say(text, message_id=message_id, attempts=1, patience=(30,)) is None
    assert gone.wait(5)
    running.start("bot")
    running.wait()
    if citizen.say(text, message_id=message_id) is None:  # the resumed turn was faster: it was sent
        citizen.pushed(seconds=30)
    time.sleep(8)  # longer than the grace
    citizen.say(text, message_id=message_id)  # a late one, which changes nothing
    assert citizen.account.api is not None
    assert len(citizen.account.api.sent_to(citizen.open_id)) == citizen._pushed
    return sorted(set(citizen.screen[before:]))


def state_of(running: RunningHall, conversation: str, text: str) -> list[tuple[Any, ...]]:
    query = "SELECT state FROM turns WHERE conversation_id = ? AND text = ?"
    return rows(running, query, conversation, text)


def test_a_bot_killed_before_anything_was_done_leaves_one_turn_and_one_answer(
    running: RunningHall, citizen: Citizen
) -> None:
    before = unlike_any()
    citizen.ask(before)
    [(_, _, conversation)] = turns(running, before)
    paused = Paused(running)

    def strike(kill: Callable[[], None]) -> None:
        def when_it_answers() -> None:
            wait_for(lambda: state_of(running, conversation, "查进度"))
            kill()
            paused.__exit__()

        paused.__enter__()
        threading.Thread(target=when_it_answers).start()

    [seen] = killed_while_answering(running, citizen, "查进度", strike)

    assert "受理编号" in seen
    assert state_of(running, conversation, "查进度") == [("answered",)]
    assert user_events(running, conversation) == 2


def test_a_bot_killed_after_a_case_was_filed_says_its_number_and_files_no_other(
    running: RunningHall, between: Between, citizen: Citizen
) -> None:
    words = unlike_any("请帮我看看养老认证")
    citizen.ask("找人工")
    cases = rows(running, "SELECT count(*) FROM cases")[0][0]

    def strike(kill: Callable[[], None]) -> None:
        between.on_answer = kill  # the case is written, and its number lost on the way

    [seen] = killed_while_answering(running, citizen, words, strike)

    [number] = set(re.findall(r"GD[0-9A-Z]{7}", seen))
    assert rows(running, "SELECT count(*) FROM cases") == [(cases + 1,)]
    assert rows(running, "SELECT 1 FROM cases WHERE number = ?", number) == [(1,)]
    [(_, state, conversation)] = turns(running, words)
    assert state == "answered"
    assert number in citizen.ask("查进度")
    assert user_events(running, conversation) == 3


def test_a_bot_killed_after_rasa_had_answered_says_the_same(
    running: RunningHall, api: FakeApi, citizen: Citizen
) -> None:
    """What a kill in the few milliseconds between Rasa's store and ours leaves: the one has the answer, the other not."""
    words = unlike_any("社保卡的问题")
    citizen.ask("找人工")
    said, events = citizen.say(words) or "", rows(running, "SELECT count(*) FROM events", file="tracker.db")
    [(turn, _, conversation)] = turns(running, words)
    reading = "SELECT intent, stage, decision FROM turns WHERE id = ?"
    read = rows(running, reading, turn)
    running.stop("bot", signal.SIGKILL)
    with closing(sqlite3.connect(running.folder / "hrss.db", timeout=10)) as database, database:
        database.execute("DELETE FROM messages WHERE turn_id = ? AND author = 'bot'", (turn,))
        unread = "state = 'received', answered_at = NULL, intent = NULL, stage = NULL, decision = NULL"
        database.execute(f"UPDATE turns SET {unread} WHERE id = ?", (turn,))
        unsent = "parts = NULL, way = NULL, given = 0, settled = 0"
        of_this_turn = "conversation_id = ? AND key = (SELECT client_msg_id FROM turns WHERE id = ?)"
        database.execute(f"UPDATE wechat_deliveries SET {unsent} WHERE {of_this_turn}", (conversation, turn))
    running.start("bot")
    running.wait()

    assert citizen.pushed(seconds=30) == [said]
    assert re.search(r"GD[0-9A-Z]{7}", said)
    assert state_of(running, conversation, words) == [("answered",)]
    assert rows(running, reading, turn) == read
    assert rows(running, "SELECT count(*) FROM events", file="tracker.db") == events


# A: the API


def test_a1_a_token_is_fetched_once_and_replaced_once_when_it_is_refused(
    running: RunningHall, api: FakeApi, follower: New
) -> None:
    people = [follower() for _ in range(3)]
    api.invalidate_token()
    fetched = len(api.of("/cgi-bin/stable_token"))
    with Paused(running):
        in_parallel([lambda person=person: person.say("查进度") for person in people])
    for person in people:
        assert "受理编号" in person.pushed()[0]

    calls = api.of("/cgi-bin/stable_token")[fetched:]
    assert 1 <= len(calls) <= 2
    assert all(call.body["grant_type"] == "client_credential" for call in calls)


def test_a2_a8_a_token_that_stays_bad_is_asked_for_twice_and_the_typing_state_does_not_matter(
    running: RunningHall, api: FakeApi, citizen: Citizen
) -> None:
    send, typing = "/cgi-bin/message/custom/send", "/cgi-bin/message/custom/typing"
    api.refuses_always.update({send: 40001, typing: 45081})
    sent, fetched = len(api.of(send)), len(api.of("/cgi-bin/stable_token"))
    try:
        with Paused(running):
            assert citizen.say("查进度") is None
        wait_for(lambda: len(api.of(send)) == sent + 2)
        time.sleep(1)
    finally:
        del api.refuses_always[send], api.refuses_always[typing]

    assert len(api.of(send)) == sent + 2
    assert (
        1 <= len(api.of("/cgi-bin/stable_token")) - fetched <= 2
    )  # asked for, and forced when it is the same
    assert "受理编号" in citizen.ask("谢谢")


@pytest.mark.parametrize("code", [45015, 45047])
def test_a3_a4_what_may_not_be_sent_comes_with_the_next_reply(
    running: RunningHall, api: FakeApi, citizen: Citizen, code: int
) -> None:
    api.refuses_always["/cgi-bin/message/custom/send"] = code
    try:
        with Paused(running):
            assert citizen.say("查进度") is None
        sends = "/cgi-bin/message/custom/send"
        wait_for(lambda: [c for c in api.of(sends) if c.body["touser"] == citizen.open_id])
        time.sleep(1)
        assert len([c for c in api.of(sends) if c.body["touser"] == citizen.open_id]) == 1  # no retry
    finally:
        del api.refuses_always["/cgi-bin/message/custom/send"]
    shown = citizen.ask("谢谢")

    assert "受理编号" in shown and "不客气" in shown
    assert "受理编号" not in citizen.ask("取消")


def test_a5_what_is_sent_is_readable_json_and_its_menu_selects(
    running: RunningHall, api: FakeApi, citizen: Citizen
) -> None:
    citizen.ask(QUESTION)
    with Paused(running):
        assert citizen.say("单位账号密码忘了") is None
    [sent] = citizen.pushed()
    raw = [call for call in api.of("/cgi-bin/message/custom/send") if call.body["touser"] == citizen.open_id][
        -1
    ]

    assert b"\\u" not in raw.raw
    assert raw.body["msgtype"] == "msgmenu"
    assert "做过实名" in sent
    entry = next(each for each in raw.body["msgmenu"]["list"] if "没做过" in each["content"])
    assert "您想用哪种方式" in (citizen.choose(entry["id"], entry["content"]) or "")


def test_a6_an_api_that_hangs_delays_no_callback(running: RunningHall, api: FakeApi, follower: New) -> None:
    slow, other = follower(), follower()
    api.hang_seconds = 12
    try:
        with Paused(running):
            assert slow.say("查进度") is None
        assert ANSWER in (other.say(QUESTION) or "")  # as the reply: nothing can be sent now
    finally:
        api.hang_seconds = 0


def test_while_the_api_is_away_replies_go_on_and_what_could_not_be_sent_comes_with_the_next(
    running: RunningHall, api: FakeApi, citizen: Citizen
) -> None:
    api.away = True
    try:
        with Paused(running):
            assert citizen.say("查进度") is None
        [(conversation,)] = rows(
            running, "SELECT conversation_id FROM turns WHERE text = '查进度' ORDER BY rowid DESC LIMIT 1"
        )
        waiting = "SELECT 1 FROM wechat_deliveries WHERE conversation_id = ? AND kept"
        wait_for(lambda: rows(running, waiting, conversation), 60)
        wait_for(
            lambda: "受理编号" in (citizen.say("谢谢") or "")
        )  # whatever is late itself comes with the next, too
    finally:
        api.away = False
    assert api.sent_to(citizen.open_id) == []


def test_a_message_that_a_locked_database_kept_out_is_answered_once_it_is_free(
    running: RunningHall, citizen: Citizen
) -> None:
    text, known = unlike_any(), running.log("bot").count("wechat.taken_again")
    with closing(sqlite3.connect(running.folder / "hrss.db", isolation_level=None)) as locker:
        locker.execute("BEGIN IMMEDIATE")
        assert citizen.say(text, attempts=1) is None  # WeChat hears success, and does not bring it again
        wait_for(lambda: running.log("bot").count("wechat.taken_again") > known, 60)
        locker.execute("ROLLBACK")

    assert ANSWER in citizen.pushed(seconds=60)[0]
    assert [state for _, state, _ in turns(running, text)] == ["answered"]
