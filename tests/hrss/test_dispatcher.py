"""The outbox: written with what it tells of, sent at most once."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hrss import dispatcher, sms
from hrss.hall import Hall
from hrss.sms import SmsState, blanks_of, templates, worded
from hrss.systems.protocols import SmsNotTaken
from hrss.tables import OutboxSms
from tests.hrss.people import Talk

PHONE = "13800138000"


@dataclass
class Gateway:
    """Takes every message, or does with it what `raising` says."""

    raising: list[Exception] = field(default_factory=list)
    taken: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def send(self, sms_id: str, phone: str, template: str, blanks: Mapping[str, str]) -> str:
        if self.raising:
            raise self.raising.pop(0)
        self.taken.append((phone, blanks))
        return f"receipt {sms_id}"


def queue(talk: Talk, **given: Any) -> None:
    with talk.database.transaction() as session:
        message = {"phone": PHONE, "template": "login", "blanks": {"login": "chen"}, "now": talk.now, **given}
        sms.queue(session, talk.hall, **message)


def dispatch(talk: Talk, gateway: Gateway) -> dict[SmsState, int]:
    return dict(dispatcher.dispatch(talk.database, with_gateway(talk, gateway), now=talk.now))


def with_gateway(talk: Talk, gateway: Gateway) -> Hall:
    return replace(talk.hall, systems=replace(talk.hall.systems, sms=gateway))


def outbox(talk: Talk) -> list[OutboxSms]:
    with talk.database.reading() as session:
        return list(session.scalars(select(OutboxSms).order_by(OutboxSms.queued_at)))


def test_a_message_is_sent_once_and_then_forgotten(talk: Talk) -> None:
    gateway = Gateway()
    queue(talk)

    assert dispatch(talk, gateway) == {SmsState.SENT: 1}
    assert dispatch(talk, gateway) == {}

    [row] = outbox(talk)
    assert gateway.taken == [(PHONE, {"login": "chen"})]
    assert ("sent", None, f"receipt {row.id}") == (row.state, row.sealed, row.receipt)


def test_a_transaction_that_fails_sends_nothing(talk: Talk) -> None:
    with pytest.raises(RuntimeError), talk.database.transaction() as session:
        sms.queue(session, talk.hall, phone=PHONE, template="login", blanks={"login": "chen"}, now=talk.now)
        raise RuntimeError

    assert dispatch(talk, Gateway()) == {}


def test_several_processes_send_each_message_once(talk: Talk) -> None:
    gateway = Gateway()
    for _ in range(12):
        queue(talk)
    hall = with_gateway(talk, gateway)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: dispatcher.dispatch(talk.database, hall, now=talk.now), range(4)))

    assert len(gateway.taken) == 12


def test_what_the_gateway_surely_did_not_take_is_sent_again_three_times_in_all(talk: Talk) -> None:
    gateway = Gateway([SmsNotTaken("LimitExceeded", again=True)] * 3)
    queue(talk)

    rounds = [dispatch(talk, gateway) for _ in range(4)]

    assert rounds == [{SmsState.QUEUED: 1}, {SmsState.QUEUED: 1}, {SmsState.FAILED: 1}, {}]
    assert outbox(talk)[0].error == "LimitExceeded"
    assert gateway.taken == []


def test_what_the_gateway_will_never_take_has_failed(talk: Talk) -> None:
    queue(talk)

    assert dispatch(talk, Gateway([SmsNotTaken("InvalidNumber", again=False)])) == {SmsState.FAILED: 1}
    assert outbox(talk)[0].sealed is None


def test_what_may_have_been_taken_is_never_sent_again(talk: Talk) -> None:
    gateway = Gateway([TimeoutError()])
    queue(talk)

    assert dispatch(talk, gateway) == {SmsState.UNKNOWN: 1}
    assert dispatch(talk, gateway) == {}
    assert gateway.taken == []


def test_what_a_dead_process_had_in_hand_is_never_sent_again(talk: Talk) -> None:
    class Killed(BaseException):
        pass

    queue(talk)
    with pytest.raises(Killed):
        dispatch(talk, Gateway([Killed()]))  # type: ignore[list-item]

    assert dispatch(talk, Gateway()) == {}
    talk.later(minutes=5)
    assert dispatch(talk, Gateway()) == {SmsState.UNKNOWN: 1}


def test_a_message_behind_one_that_fails_is_sent(talk: Talk) -> None:
    gateway = Gateway([SmsNotTaken("LimitExceeded", again=True)])
    queue(talk)
    queue(talk, now=talk.now + timedelta(seconds=1))

    assert dispatch(talk, gateway) == {SmsState.QUEUED: 1, SmsState.SENT: 1}


def test_a_message_with_a_blank_left_open_is_not_even_queued(talk: Talk) -> None:
    with pytest.raises(KeyError):
        queue(talk, blanks={})


def test_a_phone_and_what_it_is_told_are_sealed_while_they_wait(talk: Talk) -> None:
    queue(talk)

    [row] = outbox(talk)
    assert PHONE.encode() not in row.sealed
    assert b"chen" not in row.sealed


@pytest.mark.parametrize("template", templates())
def test_a_message_to_a_phone_has_no_address_and_ends_its_sentence(template: str) -> None:
    message = worded(template, dict.fromkeys(blanks_of(template), "x"))

    assert message.endswith("。")
    assert "http" not in message and "www" not in message
