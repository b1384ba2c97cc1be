"""WeChat accounts and deliveries: whose talk it is, one answer one way, what WeChat allows, binding."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hrss import (
    authority,
    conversations,
    identity,
    proofs,
    retention,
    sms_codes,
    wechat_accounts,
    wechat_deliveries,
)
from hrss.authority import Act
from hrss.database import Database
from hrss.errors import NotOnWechat, ProofNeeded, WechatNotBound
from hrss.hall import Hall
from hrss.proofs import How
from hrss.subjects import SubjectKind
from hrss.tables import Conversation, WechatAccount, WechatDelivery
from hrss.wechat_accounts import Arrival, Trigger
from hrss.wechat_deliveries import Way
from tests.hrss.people import CHEN, CHENS_CODE, CHENS_PHONE, HE, HES_CODE, HES_PHONE, Talk

APP, OPEN_ID = "wx0123456789abcdef", "oNobodyInParticular"
Part = dict[str, Any]


class Weixin:
    """Someone's WeChat, as the channel hears it."""

    def __init__(self, database: Database, hall: Hall, now: datetime, open_id: str = OPEN_ID) -> None:
        self.database, self.hall, self.now, self.open_id = database, hall, now, open_id
        self._sent = 0

    def send(
        self, key: str | None = None, *, trigger: Trigger = Trigger.MESSAGE, anew: bool = False
    ) -> Arrival:
        self._sent += 1
        with self.database.transaction() as session:
            return wechat_accounts.arrive(
                session,
                self.hall,
                app=APP,
                open_id=self.open_id,
                key=key or f"wx-{self._sent}",
                trigger=trigger,
                province="gd",
                idle=timedelta(hours=2),
                now=self.now,
                anew=anew,
            )

    def answered(self, arrival: Arrival, *texts: str) -> None:
        def compose(owed: Sequence[Part]) -> list[Part]:
            return [*owed, *({"text": text} for text in texts)]

        with self.database.transaction() as session:
            wechat_deliveries.answer(session, arrival.account_id, arrival.key, compose)

    def claim(self, arrival: Arrival, way: Way) -> Way:
        with self.database.transaction() as session:
            return wechat_deliveries.claim(session, arrival.account_id, arrival.key, way)

    def due(self, arrival: Arrival) -> str | None:
        with self.database.transaction() as session:
            due = wechat_deliveries.next_due(
                session, self.hall, arrival.account_id, arrival.key, now=self.now
            )
            return due.part["text"] if due else None

    def owes(self) -> bool:
        with self.database.reading() as session:
            return wechat_deliveries.owes(session, wechat_accounts.account_id(self.hall, APP, self.open_id))

    def talk(self, arrival: Arrival) -> Talk:
        return Talk(self.database, self.hall, arrival.conversation_id, self.now)


@pytest.fixture
def weixin(database: Database, hall: Hall, now: datetime) -> Weixin:
    return Weixin(database, hall, now)


def proven(talk: Talk, person: dict[str, Any], phone: str, code: str) -> None:
    talk(identity.send_person_code, **person, phone=phone)
    assert talk(sms_codes.check, code=code).right


def test_the_open_id_is_kept_sealed_and_the_rest_are_hashes(weixin: Weixin) -> None:
    arrival = weixin.send()
    with weixin.database.reading() as session:
        account = session.get(WechatAccount, arrival.account_id)
        assert wechat_accounts.open_id_of(weixin.hall, account) == OPEN_ID
        assert OPEN_ID.encode() not in account.sealed

    assert OPEN_ID not in arrival.account_id + arrival.conversation_id
    assert arrival.conversation_id.startswith("wx:")


def test_a_message_arrives_once_and_stays_in_its_conversation(weixin: Weixin) -> None:
    first = weixin.send("wx-1")
    weixin.send(anew=True)
    again = weixin.send("wx-1")

    assert (first.repeated, again.repeated) == (False, True)
    assert again.conversation_id == first.conversation_id


def test_a_talk_goes_on_until_it_is_idle_ended_or_begun_anew(weixin: Weixin) -> None:
    first = weixin.send()
    weixin.now += timedelta(minutes=119)
    assert weixin.send().conversation_id == first.conversation_id
    weixin.now += timedelta(hours=2)
    second = weixin.send()
    assert second.conversation_id != first.conversation_id
    third = weixin.send(trigger=Trigger.EVENT, anew=True)
    assert third.conversation_id != second.conversation_id
    with weixin.database.transaction() as session:
        conversations.end(session, third.conversation_id, weixin.now)
    assert weixin.send().conversation_id != third.conversation_id
    with weixin.database.reading() as session:
        ended = session.get(Conversation, second.conversation_id)
        assert ended.ended_at is not None


def test_two_deliveries_at_once_make_one_account_and_one_delivery(weixin: Weixin) -> None:
    with ThreadPoolExecutor(8) as pool:
        arrivals = list(pool.map(lambda _: weixin.send("wx-same"), range(8)))

    assert len({(each.account_id, each.conversation_id) for each in arrivals}) == 1
    assert sum(not each.repeated for each in arrivals) == 1


def test_one_way_is_claimed_however_many_try(weixin: Weixin) -> None:
    arrival = weixin.send()
    weixin.answered(arrival, "答案")
    tries = [Way.PASSIVE, Way.PUSH] * 8
    with ThreadPoolExecutor(8) as pool:
        claimed = set(pool.map(lambda way: weixin.claim(arrival, way), tries))

    assert len(claimed) == 1
    sent = [weixin.due(arrival), weixin.due(arrival)]
    assert sent == ([None, None] if claimed == {Way.PASSIVE} else ["答案", None])


def test_each_message_goes_out_once_however_many_send(weixin: Weixin) -> None:
    arrival = weixin.send()
    weixin.answered(arrival, "一", "二")
    weixin.claim(arrival, Way.PUSH)
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: weixin.due(arrival), range(8)))

    assert sorted(filter(None, sent)) == ["一", "二"]


def test_a_reply_that_was_not_taken_goes_another_way(weixin: Weixin) -> None:
    arrival = weixin.send()
    weixin.answered(arrival, "答案")
    assert weixin.claim(arrival, Way.PASSIVE) is Way.PASSIVE
    with weixin.database.transaction() as session:
        wechat_deliveries.give_up_claim(session, arrival.account_id, arrival.key)

    assert weixin.claim(arrival, Way.PUSH) is Way.PUSH
    assert weixin.due(arrival) == "答案"


def test_a4_five_messages_for_a_message_then_they_wait(weixin: Weixin) -> None:
    arrivals = [weixin.send(f"wx-{n}") for n in range(6)]
    for number, arrival in enumerate(arrivals):
        weixin.answered(arrival, str(number))
        weixin.claim(arrival, Way.PUSH)

    assert [weixin.due(arrival) for arrival in arrivals] == ["0", "1", "2", "3", "4", None]
    assert weixin.owes()
    following = weixin.send()
    weixin.answered(following, "下一个")
    assert not weixin.owes()
    with weixin.database.reading() as session:
        parts = wechat_deliveries.parts(session, following.account_id, following.key)
    assert parts == [{"text": "5"}, {"text": "下一个"}]


@pytest.mark.parametrize(("seconds", "sent"), [(59, ["一"]), (61, [None])])
def test_a4_three_messages_for_a_minute_after_a_tap(
    weixin: Weixin, seconds: int, sent: list[str | None]
) -> None:
    taps = [weixin.send(f"we-{n}", trigger=Trigger.EVENT) for n in range(1)]
    weixin.answered(taps[0], "一")
    weixin.claim(taps[0], Way.PUSH)
    weixin.now += timedelta(seconds=seconds)

    assert [weixin.due(tap) for tap in taps] == sent


def test_a4_a_tap_allows_three_and_no_more(weixin: Weixin) -> None:
    tap = weixin.send(trigger=Trigger.EVENT)
    others = [weixin.send(f"wx-{n}", trigger=Trigger.EVENT) for n in "abc"]
    for each in (tap, *others):
        weixin.answered(each, each.key)
        weixin.claim(each, Way.PUSH)

    assert [weixin.due(each) is not None for each in (tap, *others)] == [True, True, True, False]


def test_more_than_two_messages_wait_until_they_are_asked_for(weixin: Weixin) -> None:
    arrival = weixin.send()
    weixin.answered(arrival, "一", "二", "三")
    weixin.claim(arrival, Way.PASSIVE)

    assert [weixin.due(arrival), weixin.due(arrival)] == ["二", None]
    assert weixin.owes()


def test_a3_what_was_refused_waits_and_uses_up_the_allowance(weixin: Weixin) -> None:
    arrival, other = weixin.send(), weixin.send()
    for each in (arrival, other):
        weixin.answered(each, "答案")
        weixin.claim(each, Way.PUSH)
    assert weixin.due(arrival) == "答案"
    with weixin.database.transaction() as session:
        wechat_deliveries.put_back(session, arrival.account_id, arrival.key, used_up=True)

    assert weixin.due(other) is None
    assert weixin.owes()


def test_an_unfinished_answer_is_found_by_the_next_process(weixin: Weixin) -> None:
    open_one, done, waiting = (weixin.send() for _ in range(3))
    weixin.answered(done, "答案")
    weixin.claim(done, Way.PASSIVE)
    weixin.answered(waiting, "答案")
    weixin.claim(waiting, Way.PUSH)
    with weixin.database.reading() as session:
        left = wechat_deliveries.unfinished(session, app=APP, before=weixin.now + timedelta(seconds=1))
        foreign = wechat_deliveries.unfinished(session, app="ww", before=weixin.now + timedelta(seconds=1))

    assert {each.key for each in left} == {open_one.key, waiting.key}
    assert foreign == []


def test_who_unsubscribes_gets_nothing_more_and_is_forgotten_in_time(weixin: Weixin, now: datetime) -> None:
    arrival = weixin.send()
    weixin.answered(arrival, "答案")
    weixin.claim(arrival, Way.PUSH)
    with weixin.database.transaction() as session:
        wechat_accounts.leave(session, weixin.hall, app=APP, open_id=OPEN_ID, now=now)
    assert weixin.due(arrival) is None
    for days, stays in ((29, True), (30, False)):
        with weixin.database.transaction() as session:
            retention.sweep(session, now=now + timedelta(days=days))
            assert (session.get(WechatAccount, arrival.account_id) is not None) is stays
    with weixin.database.reading() as session:
        assert session.scalars(select(WechatDelivery)).all() == []


def test_an_account_proves_its_person_once_a_code_has_bound_it(weixin: Weixin) -> None:
    talk = weixin.talk(weixin.send())
    with pytest.raises(ProofNeeded):
        talk(wechat_accounts.bind)
    proven(talk, CHEN, CHENS_PHONE, CHENS_CODE)
    assert talk(wechat_accounts.bind, key="b") == talk(wechat_accounts.bind, key="b")

    later = weixin.send(anew=True)
    with weixin.database.transaction() as session:
        [proof] = proofs.current(session, later.conversation_id, now=weixin.now)
        assert (proof.how, proof.subject.id) == (How.WECHAT, "demo_chenjing")
        authority.require(
            session, later.conversation_id, Act.SEE_CASE, kind=SubjectKind.PERSON, now=weixin.now
        )


@pytest.mark.parametrize(
    "act", [Act.RESET_PASSWORD, Act.REQUEST_CANCELLATION, Act.BIND_WECHAT, Act.RAISE_LEVEL]
)
def test_a_bound_account_may_look_but_not_change(act: Act) -> None:
    assert not authority.allows(How.WECHAT, SubjectKind.PERSON, act)
    assert authority.allows(How.SMS_CODE, SubjectKind.PERSON, act)


def test_a_released_account_proves_nobody_from_that_moment(weixin: Weixin) -> None:
    talk = weixin.talk(weixin.send())
    proven(talk, CHEN, CHENS_PHONE, CHENS_CODE)
    talk(wechat_accounts.bind)
    talk = weixin.talk(weixin.send(anew=True))
    talk(wechat_accounts.release)

    assert talk.ask(proofs.current) == ()
    with pytest.raises(WechatNotBound):
        talk(wechat_accounts.release)
    assert weixin.talk(weixin.send(anew=True)).ask(proofs.current) == ()


def test_a_person_has_one_account_at_a_time_and_an_account_one_person(
    weixin: Weixin, database: Database, hall: Hall, now: datetime
) -> None:
    old, new = weixin, Weixin(database, hall, now, "oAnotherPhone")
    for which in (old, new):
        talk = which.talk(which.send())
        proven(talk, CHEN, CHENS_PHONE, CHENS_CODE)
        bound = talk(wechat_accounts.bind)
        which.now = new.now = which.now + timedelta(minutes=2)  # R9: one code a minute
    assert bound.replaced == 1
    assert old.talk(old.send(anew=True)).ask(proofs.current) == ()

    talk = new.talk(new.send())
    talk(identity.send_person_code, **HE, phone=HES_PHONE, key="hers")
    assert talk(sms_codes.check, code=HES_CODE, key="hers").right
    talk(wechat_accounts.bind, key="hers")
    with database.reading() as session:
        people = list(session.scalars(select(WechatAccount.person_id)))
    assert sorted(map(str, people)) == ["None", "demo_hemei"]


def test_only_a_talk_in_wechat_can_be_bound(talk: Talk) -> None:
    proven(talk, CHEN, CHENS_PHONE, CHENS_CODE)

    with pytest.raises(NotOnWechat):
        talk(wechat_accounts.bind)


def test_what_staff_write_is_passed_on_once_however_many_look(weixin: Weixin) -> None:
    arrival = weixin.send()
    with weixin.database.transaction() as session:
        said = [{"text": "您好，我是工作人员"}, {"text": "请稍等"}]
        conversations.say(session, arrival.conversation_id, author="staff", messages=said, now=weixin.now)

    def look(_: int) -> list[tuple[str, str]]:
        with weixin.database.transaction() as session:
            return wechat_deliveries.from_outside(session, app=APP, now=weixin.now)

    with ThreadPoolExecutor(4) as pool:
        taken = [each for found in pool.map(look, range(4)) for each in found]
    assert len(taken) == 2
    with weixin.database.transaction() as session:
        due = [
            wechat_deliveries.next_due(session, weixin.hall, *each, now=weixin.now)
            for each in sorted(taken, key=lambda pair: pair[1])
        ]

    assert [each.part["text"] for each in due if each] == ["您好，我是工作人员", "请稍等"]
