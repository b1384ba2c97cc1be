"""People who talk on while something breaks, and what must hold for all they said."""

from __future__ import annotations

import http.client
import threading
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from hrss.database import Database
from hrss.sealing import Sealer
from hrss.settings import Settings
from hrss.tables import Case, Message, Turn
from tests.talk import Person, Refused

SAID = {
    "广东省人社厅网上服务平台的登录网址是什么？": "gd.login.address",
    "记得原密码，怎样修改密码？": "gd.password.change",
    "怎样解除经办人员个人账号的绑定？": "gd.unbind.handler",
}
PATIENCE_SECONDS = 120
TO_STAFF = "人工客服"
REGISTERED = "已经登记"  # the words that were left
LEAVERS = 4  # every so many-th, where some leave words for staff


def words_of(who: int) -> str:
    return f"我想请你们看一下{who + 1}号柜台的事"


class Crowd:
    """Each sends one message after another, as the widget does: until it is acknowledged, under the same id."""

    def __init__(
        self, people: list[Person], messages: int, *, pause: float = 0.0, as_in_life: bool = False
    ) -> None:
        """`as_in_life`: they wait for their answers, and some first leave words for staff, which the action server writes."""
        self.people = people
        self.planned = [
            [
                (f"message-{who}-{number}", list(SAID)[(who + number) % len(SAID)])
                for number in range(messages)
            ]
            for who in range(len(people))
        ]
        self.left: dict[str, str] = {}  # words for staff, by conversation
        if as_in_life:
            for who in range(0, len(people), LEAVERS):
                self.planned[who][:2] = [
                    (f"message-{who}-to-staff", TO_STAFF),
                    (f"message-{who}-words", words_of(who)),
                ]
                self.left[people[who].opened["session"]] = words_of(who)
        self.taken: list[list[str]] = [[] for _ in people]
        self.refused: set[tuple[int, str]] = set()
        self.waited: list[float] = []  # seconds from a message to its answer
        self._pause, self._waits = pause, as_in_life
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
                began = time.monotonic()
                try:
                    sent = self.people[who].call(
                        "POST", "messages", {"client_msg_id": message_id, "text": text}
                    )
                except Refused as refused:
                    self.refused.add((refused.status, refused.body.get("error", "")))
                    time.sleep(0.3)
                except (urllib.error.URLError, OSError, ValueError):  # the last: a page of nginx's, not ours
                    time.sleep(0.3)
                else:
                    self.taken[who].append(message_id)
                    if self._waits and self._hears(self.people[who], sent["seq"]):
                        self.waited.append(time.monotonic() - began)
                    break
            time.sleep(self._pause)

    def _hears(self, person: Person, after: int) -> bool:
        """Wait for the answer to a message, wherever it is given."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._stop.is_set() and time.monotonic() < deadline:
            try:
                said = person.call("GET", f"poll?after={after}&wait=20")["messages"]
            except (Refused, urllib.error.URLError, OSError, ValueError):
                time.sleep(0.3)
            else:
                if said:
                    return True
        return False

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
            assert self.count == self.whole, ("they could say everything in the end", self.refused)
        finally:
            self._stop.set()

    def wait_until(self, count: int) -> None:
        eventually(lambda: self.count >= count)

    def check(self, database: Database) -> None:
        """Everything that was said stands there once, in order, and each has its own answer once, in the same order."""
        eventually(lambda: not self.open(database))
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
                wanted = [SAID[text]] if text in SAID else []
                assert (turn.state, shown) == ("answered", wanted), [message.text for message in mine]

    def open(self, database: Database) -> bool:
        with database.reading() as session:
            return bool(session.query(Turn).filter_by(state="received").count())


class Listener:
    """Hears what is said in a conversation as the widget does: by Server-Sent Events, from where it was cut off."""

    def __init__(self, person: Person) -> None:
        self.conversation = person.opened["session"]
        self.heard: list[int] = []
        self.cut_off = -1  # how often it had to listen anew
        self._web = urlsplit(person.web)
        self._headers = {
            "Cookie": "; ".join(f"{each.name}={each.value}" for each in person.cookies),
            "Origin": person.origin,
        }
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while not self._stop.is_set():
            after = self.heard[-1] if self.heard else 0
            connection = http.client.HTTPConnection(self._web.netloc, timeout=40)
            try:
                connection.request("GET", f"{self._web.path}/events?after={after}", headers=self._headers)
                answer = connection.getresponse()
                self.cut_off += answer.status == 200
                while answer.status == 200 and (line := answer.readline()) and not self._stop.is_set():
                    if line.startswith(b"id:"):
                        self.heard.append(int(line[3:]))
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            self._stop.wait(0.3)

    def check(self, database: Database) -> None:
        """It has heard everything once, in order."""
        with database.reading() as session:
            theirs = session.query(Message.seq).filter_by(conversation_id=self.conversation)
            said = [row.seq for row in theirs.order_by(Message.seq)]
        eventually(lambda: len(self.heard) >= len(said))
        self._stop.set()
        assert self.heard == said


def words_left(database: Database, settings: Settings) -> list[str]:
    """What people have left for staff."""
    sealer = Sealer(settings)
    with database.reading() as session:
        cases = session.query(Case).filter_by(kind="staff_message").all()
        return [words for case in cases for words in sealer.unseal_document(case)["words"]]


def eventually(holds: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)
