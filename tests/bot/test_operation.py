"""What those who run the bot have in hand: the switch, the request id, the figures, and who lives."""

from __future__ import annotations

import json
import secrets
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone

from hrss import bulletins, closures
from hrss.bulletins import Wanted
from hrss.closures import Closable
from hrss.database import Database
from tests.conftest import ROOT, RunningHall
from tests.talk import Person

BOSS = "demo_administrator"


@contextmanager
def closed(hall: RunningHall, kind: Closable, name: str, reason: str) -> Iterator[None]:
    database, now = Database(hall.database_url), datetime.now(timezone.utc)
    with database.transaction() as session:
        closures.close(session, kind, name, reason=reason, staff=BOSS, now=now)
    try:
        yield
    finally:
        with database.transaction() as session:
            closures.reopen(session, kind, name, staff=BOSS, now=now)
        database.close()


def test_a_closed_flow_says_why_loses_nothing_and_leaves_the_rest_open(demo: RunningHall) -> None:
    person = Person(demo.web)
    person.say("想找回我个人的登录账号，走手机验证")
    with closed(demo, Closable.FLOW, "recover_account", "短信通道故障，正在抢修"):
        [refused] = person.say("陈静，441900199511020007")
        assert "短信通道故障，正在抢修" in refused["text"]
        *_, refused = Person(demo.web).say("想找回我个人的登录账号，走手机验证")
        assert "暂停办理" in refused["text"]
        assert person.say("登录网址是什么呀")[0]["entry"]["source"]

    [asked] = person.say("陈静，441900199511020007")
    assert "手机号" in asked["text"], "it goes on where it was"


def test_a_closed_channel_says_so_at_the_start_and_to_every_message(demo: RunningHall) -> None:
    person = Person(demo.web)
    with closed(demo, Closable.CHANNEL, "web", "系统升级到今晚八点。"):
        assert "系统升级到今晚八点。" in Person(demo.web).seen[0]["text"]
        [answer] = person.say("删除我的记录")
        assert "系统升级到今晚八点" in answer["text"]
    assert "删除" in person.say("删除我的记录")[0]["text"]


def test_one_request_is_found_by_its_id_from_the_channel_to_the_database(demo: RunningHall) -> None:
    person, request_id = Person(demo.web), secrets.token_hex(16)
    body = {"client_msg_id": secrets.token_hex(8), "text": "删除我的记录"}
    person.call("POST", "messages", body, {"X-Request-ID": request_id})
    person.wait()

    with closing(sqlite3.connect(demo.folder / "hrss.db", timeout=10)) as database:
        query = "SELECT id FROM turns WHERE request_id = ?"
        [(turn,)] = database.execute(query, (request_id,)).fetchall()
    for process, event in (("bot", "request"), ("actions", "action.done")):
        lines = [line for line in demo.log(process).splitlines() if request_id in line]
        events = {line["event"]: line for line in map(json.loads, lines)}
        assert events[event]["request"] == request_id
    assert events["action.done"]["turn"] == turn


def test_figures_count_what_was_answered_and_show_what_is_closed(demo: RunningHall) -> None:
    def figure(name: str) -> float:
        with urllib.request.urlopen(f"{demo.origin}/metrics", timeout=20) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    answered = 'hrss_turns_total{channel="web",outcome="answered"}'
    before = figure(answered)
    Person(demo.web).say("谢谢")
    assert figure(answered) == before + 1
    assert figure("hrss_turns_running") == 0
    with closed(demo, Closable.FLOW, "talk_to_staff", "今天放假"):
        assert figure('hrss_closed{name="flow talk_to_staff"}') == 1
    assert figure("hrss_closed") == 0


def hrss(hall: RunningHall, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hrss", *arguments]
    return subprocess.run(command, cwd=ROOT, env=hall.environment, capture_output=True, text=True)


def test_an_emergency_notice_is_heard_at_once_by_who_looks_on_and_by_everyone_who_comes(
    demo: RunningHall,
) -> None:
    """Written and approved by command; heard once, again before the answer it names, and no more once it is taken down."""
    looking, another = Person(demo.web), Person(demo.web, province="hn")
    until = f"{datetime.now(timezone.utc) + timedelta(hours=1):%Y-%m-%dT%H:%M}+00:00"
    text = "登录页面正在抢修，请稍后再试。"
    written = hrss(
        *(
            demo,
            "bulletin",
            "write",
            text,
            "--until",
            until,
            "--province",
            "gd",
            "--about",
            "gd.login.address",
        ),
        *("--by", "demo_trainer"),
    )
    number = written.stdout.split()[0]
    assert hrss(demo, "bulletin", "approve", number, "--by", "demo_trainer").returncode == 1, "their own"
    assert "standing" in hrss(demo, "bulletin", "approve", number, "--by", BOSS).stdout

    try:
        [told] = looking.wait()
        assert (told["kind"], text in told["text"]) == ("bulletin", True), "without having said anything"
        first, *_ = Person(demo.web).seen
        assert first["text"] == told["text"]
        assert [each["kind"] for each in looking.say("谢谢")] == ["text"], "heard once"
        before, answer = looking.say("登录网址是什么呀")
        assert (before["text"], answer["entry"]["id"]) == (told["text"], "gd.login.address")
        assert another.say("谢谢")[0]["kind"] == "text", "not about their province"
    finally:
        ended = hrss(demo, "bulletin", "end", number, "--by", BOSS)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert looking.say("登录网址是什么呀")[0]["kind"] != "bulletin"
    assert Person(demo.web).seen[0]["kind"] != "bulletin"


def test_a_notice_in_the_middle_of_a_flow_changes_nothing_of_it(demo: RunningHall) -> None:
    person = Person(demo.web)
    person.say("想找回我个人的登录账号，走手机验证")
    database, now = Database(demo.database_url), datetime.now(timezone.utc)
    with database.transaction() as session:
        wanted = Wanted("今晚十点起系统维护。", now, now + timedelta(hours=1))
        number = bulletins.write(session, wanted, staff="demo_trainer", now=now).id
        bulletins.approve(session, number, staff=BOSS, now=now)
    try:
        assert person.wait()[0]["kind"] == "bulletin"
        [asked] = person.say("陈静，441900199511020007")
        assert "手机号" in asked["text"]
    finally:
        with database.transaction() as session:
            bulletins.end(session, number, staff=BOSS, now=now)
        database.close()


def test_the_commands_close_open_and_tell(demo: RunningHall) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return hrss(demo, *arguments)

    done = run("close", "flow", "case_progress", "--reason", "维护", "--by", BOSS)
    assert (done.returncode, done.stdout) == (0, f"closed  flow case_progress  by {BOSS}: 维护\n")
    told = json.loads(run("health").stdout)
    assert told["closed"] == {"flow case_progress": 1}
    assert run("reopen", "flow", "case_progress", "--by", "demo_reviewer").returncode == 1
    assert run("reopen", "flow", "case_progress", "--by", BOSS).stdout == ""
