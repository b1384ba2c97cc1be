"""A drill on the console: killed again and again while staff answer cases."""

from __future__ import annotations

import http.client
import http.cookiejar
import random
import re
import signal
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from hrss import conversations, staff, staff_messages
from hrss.database import Database
from hrss.hall import Hall
from hrss.settings import Settings
from hrss.staff import Role
from hrss.tables import AuditEntry, Case, Message
from tests.conftest import RunningHall, surroundings
from tests.faults.talking import eventually

PASSWORD = "a-long-enough-passphrase"
CASES, KILLS = 16, 2
GONE = (urllib.error.URLError, OSError, http.client.HTTPException)


class Colleague:
    """A member of staff at a browser who tries again when the page does not come, and looks before acting twice."""

    def __init__(self, origin: str, username: str) -> None:
        self._origin = origin
        opener = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._open = urllib.request.build_opener(opener).open
        token = self._token(self.page("/sign-in"))
        self._post("/sign-in", csrf_token=token, username=username, password=PASSWORD)

    def answer(self, number: str) -> None:
        """Take a case and reply to it, until its page says that nothing is left to do."""

        def is_answered() -> bool:
            page = self.page(f"/cases/{number}")
            if "现在不用审核" in page:
                return True
            token = self._token(page)
            try:
                if 'value="reply"' in page:
                    words = {"decision": "reply", "reason": f"答复 {number}"}
                    self._post(f"/cases/{number}/decision", csrf_token=token, **words)
                else:
                    self._post(f"/cases/{number}/take", csrf_token=token)
            except GONE:
                pass  # whether it was done, the page will say
            return False

        eventually(is_answered)

    def page(self, path: str) -> str:
        found: list[str] = []

        def came() -> bool:
            try:
                with self._open(self._origin + path, timeout=30) as answer:
                    found.append(answer.read().decode())
            except GONE:
                return False
            return True

        eventually(came)
        return found[0]

    def _post(self, path: str, **fields: str) -> None:
        data = urllib.parse.urlencode(fields).encode()
        with self._open(self._origin + path, data, timeout=30) as answer:
            answer.read()

    def _token(self, page: str) -> str:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert found, "the page has no form"
        return found.group(1)


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[RunningHall]:
    running = RunningHall(tmp_path, surroundings(tmp_path))
    Database(running.database_url).migrate()
    running.start("console")
    try:
        running.wait_for("console")
        yield running
    finally:
        running.kill_what_runs()


def left_words(database: Database, hall: Hall, count: int) -> list[str]:
    """Words left for staff in so many conversations; the numbers of their cases."""
    now, numbers = datetime.now(timezone.utc), []
    for each in range(count):
        with database.transaction() as session:
            talk = conversations.open(session, channel="web", province="gd", now=now, idle=timedelta(hours=1))
            left = staff_messages.leave(
                session, hall, talk.id, province="gd", words=f"问题 {each}", key="left", now=now
            )
            numbers.append(left.number)
    return numbers


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_console_killed_while_staff_answer_does_each_case_once_or_not_yet(hall: RunningHall) -> None:
    settings = Settings.from_env(hall.environment)
    database = Database(settings.database_url)
    numbers = left_words(database, Hall.open(settings, database), CASES)
    people = ("officer_one", "officer_two")
    with database.transaction() as session:
        for username in people:
            staff.add(session, username, username, Role.CASE_OFFICER, PASSWORD, datetime.now(timezone.utc))
    colleagues = [Colleague(hall.console, username) for username in people]
    done: list[str] = []

    def work(who: int) -> None:
        for number in numbers[who :: len(colleagues)]:
            colleagues[who].answer(number)
            done.append(number)

    working = [threading.Thread(target=work, args=(who,)) for who in range(len(colleagues))]
    for thread in working:
        thread.start()
    moments = random.Random(7)
    for kill in range(1, KILLS + 1):
        eventually(lambda kill=kill: len(done) >= kill * CASES // (KILLS + 2))
        threading.Event().wait(moments.random() / 10)  # in the middle of whatever it does
        hall.stop("console", signal.SIGKILL)
        hall.start("console")
        hall.wait_for("console")
    for thread in working:
        thread.join(120)

    assert sorted(done) == sorted(numbers)
    with database.reading() as session:
        for number in numbers:
            case = session.query(Case).filter_by(number=number).one()
            said = (
                session.query(Message).filter_by(conversation_id=case.conversation_id, author="staff").all()
            )
            trail = session.query(AuditEntry).filter_by(conversation_id=case.conversation_id).all()
            assert case.state == "approved"
            assert [message.text for message in said] == [f"答复 {number}"], "said once, and not half done"
            assert [entry.did for entry in trail].count("case.approved") == 1
    database.close()
