"""The web channel under requests made from its own description: as it allows them, bent, and in any order."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.conftest import RunningHall
from tests.described import ANY_TEXT, Operation, bent, fitting, operations
from tests.fuzz.conftest import tried
from tests.talk import Person, Refused

OPERATIONS = {operation.id: operation for operation in operations()}
BINARY = st.binary(max_size=300)
HEADER = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=60)


class Talk:
    """One conversation and what is sent in it, over a connection of its own, tidied by no client library."""

    def __init__(self, hall: RunningHall) -> None:
        self.hall = hall
        self.token = ""
        self.open()

    def open(self) -> None:
        status, body = self.send("POST", "/session", b"{}", {"X-HRSS-Embed": "1"})
        assert status == 200, body
        self.token = body["token"]

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(
            "127.0.0.1", int(self.hall.environment["WEB_PORT"]), timeout=60
        )
        own = {"Origin": self.hall.origin, "Authorization": f"Bearer {self.token}"}
        with closing(connection):
            connection.request(method, f"/webhooks/web{path}", body, {**own, **(headers or {})})
            answer = connection.getresponse()
            assert re.fullmatch(r"[A-Za-z0-9-]{8,64}", answer.headers["X-Request-ID"])
            if answer.headers["Content-Type"] != "application/json":
                return answer.status, None  # a page, or a stream that would not end
            return answer.status, json.loads(answer.read())


@pytest.fixture(scope="module")
def talk(hall: RunningHall) -> Iterator[Talk]:
    """Fails in the end when anything that was sent left a fault in the log."""
    before = len(hall.log("bot"))
    yield Talk(hall)
    logged = hall.log("bot")[before:]
    assert "web.failed" not in logged
    assert "Traceback" not in logged


def check(talk: Talk, operation: Operation, status: int, answer: Any) -> None:
    assert status < 500, answer
    assert operation.complaints(status, answer) == []
    if operation.id == "end_session" and status == 204:
        talk.open()


@pytest.mark.parametrize("name", [name for name, each in OPERATIONS.items() if each.body])
def test_any_body_gets_an_answer_that_the_description_knows(talk: Talk, name: str) -> None:
    operation = OPERATIONS[name]
    assert operation.body is not None

    @tried(25)
    @given(body=bent(operation.body))
    def try_out(body: bytes) -> None:
        status, answer = talk.send(operation.method, operation.path, body, {"X-HRSS-Embed": "1"})
        check(talk, operation, status, answer)

    try_out()


@pytest.mark.parametrize("name", [name for name, each in OPERATIONS.items() if each.method == "GET"])
def test_any_query_and_header_gets_an_answer_that_the_description_knows(talk: Talk, name: str) -> None:
    operation = OPERATIONS[name]
    known = {"query": {}, "header": {}}
    for parameter in operation.parameters:
        value = fitting(parameter["schema"]) | ANY_TEXT
        known[parameter["in"]][parameter["name"]] = value.filter(
            # else it would wait for what nobody says
            lambda text, wait=parameter["name"] == "wait": not wait or not text.isdecimal() or int(text) == 0
        )
    headers = {header: each.filter(_travels) for header, each in known["header"].items()}

    @tried(15)
    @given(
        query=st.fixed_dictionaries({}, optional=known["query"]),
        headers=st.fixed_dictionaries({}, optional={**headers, "Accept": HEADER, "X-Whatever": HEADER}),
    )
    def try_out(query: dict[str, str], headers: dict[str, str]) -> None:
        encoded = urlencode({each: value.encode("utf-8", "replace") for each, value in query.items()})
        sent = {each: value.encode("latin-1") for each, value in headers.items()}
        status, answer = talk.send(operation.method, f"{operation.path}?{encoded}", headers=sent)
        check(talk, operation, status, answer)

    try_out()


def _travels(text: str) -> bool:
    """Whether a header can hold it: an HTTP client refuses the rest."""
    return bool(re.fullmatch(r"[!-~\x80-\xff]*", text))


@tried(25)
@given(data=st.data())
def test_any_key_opens_nothing(talk: Talk, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from([OPERATIONS[name] for name in ("history", "send_message", "rate")]))
    key = data.draw(HEADER)
    body = b'{"client_msg_id": "12345678", "text": "hi", "seq": 1, "helpful": true}'
    sent = {"Authorization": f"Bearer {key}".encode("latin-1"), "Cookie": f"hrss_session={quote(key)}"}

    status, answer = talk.send(operation.method, operation.path, body, sent)

    assert status == 401
    assert operation.complaints(status, answer) == []


@tried(25)
@given(path=st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=40), raw=BINARY)
def test_any_path_and_upload_is_answered_calmly(talk: Talk, path: str, raw: bytes) -> None:
    status, _ = talk.send("GET", "/" + quote(path))
    assert status in (200, 401, 404)

    status, answer = talk.send("POST", "/uploads", raw, {"Content-Type": "multipart/form-data; boundary=x"})
    check(talk, OPERATIONS["upload"], status, answer)


class Conversations(RuleBasedStateMachine):
    """Two people do what clients do, in any order; what each sees is what this model says they should."""

    hall: RunningHall
    sent = Bundle("sent")

    @initialize()
    def open(self) -> None:
        self.people = [Person(self.hall.web), Person(self.hall.web)]
        self.said: list[list[tuple[str, str]]] = [[], []]

    @rule(
        target=sent,
        who=st.integers(0, 1),
        text=st.sampled_from(("谢谢", "你好", "菜单", "<b>1</b>", "/restart")),
    )
    def say(self, who: int, text: str) -> tuple[int, str, str, int]:
        number = f"message-{who}-{len(self.said[who])}"
        seq = self.people[who].call("POST", "messages", {"client_msg_id": number, "text": text})["seq"]
        self.said[who].append((number, text))
        return who, number, text, seq

    @rule(message=sent)
    def send_again(self, message: tuple[int, str, str, int]) -> None:
        who, number, text, seq = message
        again = self.people[who].call("POST", "messages", {"client_msg_id": number, "text": text})
        assert again["seq"] == seq

    @rule(message=sent)
    def use_an_id_again(self, message: tuple[int, str, str, int]) -> None:
        who, number, text, _ = message
        self.refused(who, {"client_msg_id": number, "text": f"{text}!"}, "message_id_reused")

    @rule(who=st.integers(0, 1))
    def press_a_button_of_the_other(self, who: int) -> None:
        offered = [option for message in self.history(1 - who) for option in message.get("options", ())]
        chosen = {"client_msg_id": f"button-{who}-{len(self.said[who])}", "option_id": offered[0]["id"]}
        self.refused(who, chosen, "option_expired")

    @rule(who=st.integers(0, 1), helpful=st.booleans())
    def rate(self, who: int, helpful: bool) -> None:
        first = self.history(who)[0]["seq"]
        assert self.people[who].call("POST", "feedback", {"seq": first, "helpful": helpful})["seq"] == first

    @invariant()
    def everyone_sees_their_own_without_gaps(self) -> None:
        for who, said in enumerate(self.said):
            shown = self.history(who)
            assert [message["seq"] for message in shown] == list(range(1, len(shown) + 1))
            own = [(each["client_msg_id"], each["text"]) for each in shown if each["from"] == "user"]
            assert own == said

    def teardown(self) -> None:
        for who, said in enumerate(getattr(self, "said", ())):
            turns = len(said)
            while turns and sum(each["from"] == "bot" for each in self.history(who)) < turns + 1:
                assert self.people[who].wait(), "a message stays without an answer"

    def refused(self, who: int, body: dict[str, str], key: str) -> None:
        with pytest.raises(Refused) as refused:
            self.people[who].call("POST", "messages", body)
        assert refused.value.body["error"] == key

    def history(self, who: int) -> list[dict[str, Any]]:
        return list(self.people[who].call("GET", "history?after=0")["messages"])


def test_conversations_stay_whole_and_apart_whatever_clients_do(hall: RunningHall, talk: Talk) -> None:
    class OfThisHall(Conversations):
        pass

    OfThisHall.hall = hall
    run_state_machine_as_test(OfThisHall, settings=tried(4))
