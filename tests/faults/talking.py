"""People who talk on while something breaks, and what must hold for all they said."""

from __future__ import annotations

import threading
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hrss.database import Database
from hrss.tables import Message, Turn
from tests.talk import Person, Refused

SAID = {
    "广东省人社厅网上服务平台的登录网址是什么？": "gd.login.address",
    "记得原密码，怎样修改密码？": "gd.password.change",
    "怎样解除经办人员个人账号的绑定？": "gd.unbind.handler",
}
PATIENCE_SECONDS = 120


class Crowd:
    """Each sends one message after another, as the widget does: until it is acknowledged, under the same id."""

    def __init__(self, people: list[Person], messages: int, *, pause: float = 0.0) -> None:
        self.people = people
        self.planned = [
            [
                (f"message-{who}-{number}", list(SAID)[(who + number) % len(SAID)])
                for number in range(messages)
            ]
            for who in range(len(people))
        ]
        self.taken: list[list[str]] = [[] for _ in people]
        self.refused: set[tuple[int, str]] = set()
        self._pause = pause
        self.doors: list[str] = []  # where the bots are; with several, every message goes to the next one
        self._round = 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(who,)) for who in range(len(people))]

    def _send(self, who: int) -> None:
        for message_id, text in self.planned[who]:
            while not self._stop.is_set():
                if self.doors:
                    self._round += 1
                    self.people[who].web = self.doors[self._round % len(self.doors)]
                try:
                    self.people[who].call("POST", "messages", {"client_msg_id": message_id, "text": text})
                except Refused as refused:
                    self.refused.add((refused.status, refused.body.get("error", "")))
                    time.sleep(0.3)
                except (urllib.error.URLError, OSError, ValueError):  # the last: a page of nginx's, not ours
                    time.sleep(0.3)
                else:
                    self.taken[who].append(message_id)
                    break
            time.sleep(self._pause)

    @property
    def count(self) -> int:
        return sum(map(len, self.taken))

    @property
    def whole(self) -> int:
        return sum(map(len, self.planned))

    @contextmanager
    def talking(self) -> Iterator[None]:
        """They begin; when the block is left, they have said everything."""
        for thread in self._threads:
            thread.start()
        try:
            yield
            for thread in self._threads:
                thread.join(PATIENCE_SECONDS)
            assert self.count == self.whole, "they could say everything in the end"
        finally:
            self._stop.set()

    def wait_until(self, count: int) -> None:
        eventually(lambda: self.count >= count)

    def check(self, database: Database) -> None:
        """Everything that was said stands there once, in order, and each has its own answer once, in the same order."""
        eventually(lambda: not self._open(database))
        for who, person in enumerate(self.people):
            talk = person.opened["session"]
            with database.reading() as session:
                turns = session.query(Turn).filter_by(conversation_id=talk).order_by(Turn.seq).all()
                said = session.query(Message).filter_by(conversation_id=talk).order_by(Message.seq).all()
            assert [turn.client_msg_id for turn in turns] == [each for each, _ in self.planned[who]]
            assert [message.seq for message in said] == list(range(1, len(said) + 1)), "no gap, nothing twice"
            answered = [message.turn_id for message in said if message.author == "bot" and message.turn_id]
            in_order = [turn.id for turn in turns]
            assert list(dict.fromkeys(answered)) == in_order, (
                "each has its answer, in the order of the questions"
            )
            for turn, (_, text) in zip(turns, self.planned[who]):
                mine = [message for message in said if message.turn_id == turn.id and message.author == "bot"]
                shown = [message.body["entry"]["id"] for message in mine if message.body.get("entry")]
                assert (turn.state, shown) == ("answered", [SAID[text]]), [message.text for message in mine]

    def _open(self, database: Database) -> bool:
        with database.reading() as session:
            return bool(session.query(Turn).filter_by(state="received").count())


def eventually(holds: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)
