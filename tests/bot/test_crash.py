"""A process killed between what it wrote and what it said: once is once, and the next message tells the truth."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.between import Between
from tests.conftest import RunningHall, demo_of, surroundings
from tests.hrss.people import card, file_of
from tests.talk import Person


@pytest.fixture(scope="module")
def frail(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningHall, Between]]:
    """A hall of its own, whose action server is reached through `Between`."""
    folder = tmp_path_factory.mktemp("frail")
    hall, between = RunningHall(folder, surroundings(folder)), Between()
    between.stand_in(hall.environment)
    for process in ("bot", "actions"):
        hall.start(process)
    try:
        hall.wait()
        demo_of(hall)
        yield hall, between
    finally:
        hall.kill_what_runs()
        between.close()


def count(hall: RunningHall, query: str) -> int:
    with closing(sqlite3.connect(hall.folder / "hrss.db", timeout=10)) as database:
        return int(database.execute(query).fetchone()[0])


def rows(hall: RunningHall, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(hall.folder / "hrss.db", timeout=10)) as database:
        return database.execute(query).fetchall()


def last(person: Person) -> str:
    return str(person.seen[-1]["text"])


def test_what_was_written_before_a_kill_is_done_once_and_told(frail: tuple[RunningHall, Between]) -> None:
    hall, between = frail

    def kill_the_action_server() -> None:
        hall.stop("actions", signal.SIGKILL)
        hall.start("actions")
        hall.wait_for("actions")

    # a code was sent and the action server killed: the same turn is asked again, and sends no second one
    person = Person(hall.web)
    person.say("个人密码忘了，想用手机号重设")
    person.say("陈静 441900199511020007")
    between.on_answer = kill_the_action_server
    person.say("13800138002")
    assert "138****8002" in last(person)
    assert count(hall, "SELECT count(*) FROM sms_outbox WHERE template = 'code'") == 1

    # the bot itself is killed when the password is reset and nothing was said: resumed, it tells so
    gone = threading.Event()

    def kill_the_bot() -> None:
        hall.stop("bot", signal.SIGKILL)
        gone.set()

    between.on_answer = kill_the_bot
    person.call("POST", "messages", {"client_msg_id": "the-code-of-chen", "text": "730264"})
    assert gone.wait(30)
    hall.start("bot")
    hall.wait()
    person.seen = person.call("GET", "history?after=0")["messages"]
    while person.seen[-1]["from"] == "user":
        person.wait()
    assert "一次性密码" in last(person)
    assert count(hall, "SELECT count(*) FROM sms_outbox WHERE template = 'password'") == 1

    # a case was submitted and the action server killed; then the same words twice, and two at once
    appeal = Person(hall.web)
    appeal.say("单位的登录账号找不到了，帮我上传证件照申诉一下")
    appeal.say("佛山示例丙制造有限公司 91440600MA000004XY")
    appeal.say("何伟，445202198307040004")
    appeal.say("13800138004")
    appeal.choose("同意并上传")
    appeal.upload(file_of(card(), "JPEG"))
    before = count(hall, "SELECT count(*) FROM cases")
    between.on_answer = kill_the_action_server
    message = {"client_msg_id": "submitted-twice-at-once", "text": "对的，交吧"}
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: json.dumps(appeal.call("POST", "messages", message)), range(4)))
    assert len(set(taken)) == 1
    while "受理编号" not in last(appeal):
        assert appeal.wait()
    appeal.say("对的，交吧")
    assert count(hall, "SELECT count(*) FROM cases") == before + 1
    [number] = set(re.findall(r"GD[0-9A-Z]{7}", str(appeal.seen)))
    appeal.say("查进度")
    assert number in last(appeal)


# What is settled together: the task, the confirmation, its slip, the reading that was used for it.
SUBMISSIONS = """
SELECT t.state, c.decision, s.number IS NOT NULL, r.used_at IS NOT NULL
FROM refund_tasks t JOIN regulation_readings r ON r.id = t.reading_id
LEFT JOIN refund_confirmations c ON c.task_number = t.number
LEFT JOIN confirmation_slips s ON s.confirmation_id = c.id
ORDER BY t.saved_at
"""


@pytest.mark.timeout(600)
def test_a_refund_is_submitted_whole_or_not_at_all_wherever_the_action_server_is_killed(
    frail: tuple[RunningHall, Between],
) -> None:
    """Before it hears of it, while it writes, and when all is written and nothing said: one submission each."""
    hall, between = frail
    left: list[tuple[object, ...]] = []

    def kill() -> None:
        hall.stop("actions", signal.SIGKILL)
        left.append(rows(hall, SUBMISSIONS)[-1])
        hall.start("actions")
        hall.wait_for("actions")

    def kill_after(seconds: float) -> threading.Timer:
        timer = threading.Timer(seconds, kill)
        timer.start()
        return timer

    token = hall.identity_token("niuhong91", province="hn")
    person = Person(hall.web, province="hn", identity_token=token)
    person.say("河南稳岗返还怎么确认")
    for nth, seconds in enumerate((0.0, 0.02, 0.1, None)):
        decision = ("accept", "waive")[nth % 2]
        label = {"accept": "确认享受", "waive": "放弃享受"}[decision]
        if nth:
            person.say(f"那改成{label[2:]}" if decision == "accept" else "改主意了，我们要放弃享受")
        if "进入确认" in person.labels():
            person.choose("进入确认")
        for _ in range(
            3
        ):  # on a slow machine an excuse may have come instead of the text, which is shown only now
            time.sleep(12)  # F3
            person.say(f"勾上了，{label}，保存")
            if "已经保存" in last(person):
                break
        assert "已经保存" in last(person), [each["text"] for each in person.seen[-8:]]
        timers: list[threading.Timer] = []
        if seconds is None:
            between.on_answer = kill
        elif seconds == 0:
            between.on_question = kill
        else:
            between.on_question = lambda: timers.append(kill_after(seconds))  # noqa: B023  # used in this round
        words = "提交待办" if decision == "accept" else "是的放弃，提交待办"
        person.say(words)
        for timer in timers:
            timer.join()
        for _ in range(3):  # on a slow machine the server comes back after the excuse; asked again, it tells
            if f"现在的结果是“{label}”" in str(person.seen[-3:]):
                break
            person.say(words)
        assert f"现在的结果是“{label}”" in str(person.seen[-3:]), [each["text"] for each in person.seen[-4:]]

        assert left[-1] in (("open", None, 0, 0), ("submitted", decision, 1, 1))
        submitted = rows(hall, SUBMISSIONS)
        assert [row for row in submitted if row[0] == "submitted"][-1] == ("submitted", decision, 1, 1)
        assert len([row for row in submitted if row[1]]) == nth + 1
    assert left[0][0] == "open" and left[-1][0] == "submitted"
