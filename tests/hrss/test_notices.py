"""Notices: what the other side hears at once, who hears it, and who no more."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from hrss import (
    appeals,
    bindings,
    case_review,
    conversations,
    grant_codes,
    grants,
    identity,
    notices,
    proofs,
    sms_codes,
    wechat_accounts,
    wechat_deliveries,
)
from hrss.authority import Business
from hrss.case_states import CaseKind, CaseState
from hrss.database import Database
from hrss.hall import Hall
from hrss.proofs import How
from hrss.recovery import Recovered
from hrss.subjects import Subject, SubjectKind
from hrss.wechat_accounts import Trigger
from tests.hrss.people import CHEN, CHENS_CODE, CHENS_PHONE, Talk, photo

BING = "demo_91440600MA000004XY"  # 何伟 is its operator
BING_NAME = "佛山示例丙制造有限公司"
HE, ZHOU = "demo_hewei", "demo_zhoujie"
ZHOUS = {"name": "周杰", "certificate": "440103198706150004"}


def signed_in(talk: Talk, kind: SubjectKind, subject_id: str, how: How = How.TOKEN) -> Talk:
    talk.ask(proofs.give, how=how, subject=Subject(kind, subject_id))
    return talk


@pytest.fixture
def org(new_talk: Callable[[], Talk]) -> Talk:
    return signed_in(new_talk(), SubjectKind.ORGANIZATION, BING)


@pytest.fixture
def person(new_talk: Callable[[], Talk]) -> Callable[..., Talk]:
    return lambda person_id, how=How.TOKEN: signed_in(new_talk(), SubjectKind.PERSON, person_id, how)


def heard(talk: Talk) -> list[tuple[str, str, dict[str, str]]]:
    """Take all that waits: in which conversation, of what, and the facts."""
    with talk.database.transaction() as session:
        return [
            (news.conversation_id, news.what, dict(news.facts))
            for news in notices.take(session, now=talk.now)
        ]


def test_both_sides_hear_of_each_other_where_they_are(org: Talk, person: Callable[..., Talk]) -> None:
    zhou, another = person(ZHOU), person(HE)
    org(bindings.request, **ZHOUS)
    assert heard(org) == [(zhou.id, "binding.requested", {"organization": BING_NAME})]
    zhou(bindings.accept, account_id=BING)
    assert heard(org) == [(org.id, "binding.accepted", {"person": "周*"})]
    org(grants.give, person_id=ZHOU, business=Business.PREMIUM_REFUND)
    org(grants.withdraw, person_id=ZHOU, business=Business.PREMIUM_REFUND)
    granted = {"organization": BING_NAME, "business": "稳岗返还"}
    assert heard(org) == [(zhou.id, "grant.given", granted), (zhou.id, "grant.withdrawn", granted)]
    org(bindings.release, person_id=ZHOU)
    assert heard(org) == [(zhou.id, "binding.released", {"organization": BING_NAME})]
    org(bindings.request, **ZHOUS)
    zhou(bindings.refuse, account_id=BING)
    org(bindings.request, **ZHOUS)
    org(bindings.release, person_id=ZHOU)
    assert [what for _, what, _ in heard(org)] == [
        "binding.requested",
        "binding.refused",
        "binding.requested",
        "binding.withdrawn",
    ]
    assert another.id not in {conversation_id for conversation_id, _, _ in heard(org)}


@pytest.mark.parametrize("how", [How.UNIONPAY, How.SECURITY_QUESTIONS])
def test_who_may_not_see_their_bindings_hears_nothing_of_them(
    org: Talk, person: Callable[..., Talk], how: How
) -> None:
    person(ZHOU, how)
    org(bindings.request, **ZHOUS)

    assert heard(org) == []


def test_a_proof_that_has_ended_hears_nothing_and_telling_keeps_none_alive(
    org: Talk, person: Callable[..., Talk]
) -> None:
    zhou = person(ZHOU)
    org.later(minutes=14)
    org(bindings.request, **ZHOUS)
    assert [conversation_id for conversation_id, _, _ in heard(org)] == [zhou.id]

    org.later(minutes=2)  # a quarter of an hour since Zhou said anything, and one notice between
    org(bindings.release, person_id=ZHOU)

    assert heard(org) == []


def test_what_was_posted_is_not_said_after_the_conversation_ended_or_another_signed_in(
    org: Talk, person: Callable[..., Talk]
) -> None:
    ended, another_now, late = person(ZHOU), person(ZHOU), person(ZHOU)
    org(bindings.request, **ZHOUS)
    with org.database.transaction() as session:
        conversations.end(session, ended.id, org.now)
    another_now.later(seconds=1)
    signed_in(another_now, SubjectKind.PERSON, HE)
    org.later(seconds=2)
    assert [conversation_id for conversation_id, _, _ in heard(org)] == [late.id]

    org(bindings.release, person_id=ZHOU)
    org.now += notices.LATE + timedelta(seconds=1)
    assert heard(org) == []


def test_a_page_of_another_province_hears_nothing(
    org: Talk, person: Callable[..., Talk], database: Database
) -> None:
    zhou = person(ZHOU)
    with database.transaction() as session:
        session.execute(
            conversations.Conversation.__table__.update()
            .where(conversations.Conversation.id == zhou.id)
            .values(province="hn")
        )
    org(bindings.request, **ZHOUS)

    assert heard(org) == []


def test_each_is_taken_once_however_many_look(org: Talk, person: Callable[..., Talk]) -> None:
    zhou = person(ZHOU)
    org(bindings.request, **ZHOUS)

    with ThreadPoolExecutor(4) as pool:
        taken = [each for found in pool.map(lambda _: heard(org), range(4)) for each in found]

    assert taken == [(zhou.id, "binding.requested", {"organization": BING_NAME})]


def test_a_case_is_told_of_in_its_conversation_and_to_its_person(
    person: Callable[..., Talk], new_talk: Callable[[], Talk]
) -> None:
    he, at_home, stranger = person(HE), person(HE), new_talk()
    [receipt] = he(grant_codes.apply, account_ids=(BING,), shown=[photo(he)]).receipts
    he.decide(case_review.return_, receipt.number, reason="看不清")
    about = {"number": receipt.number, "kind": CaseKind.GRANT_CODE.label}
    told = heard(he)
    assert {conversation_id for conversation_id, _, _ in told} == {he.id, at_home.id}
    assert {(what, str(facts)) for _, what, facts in told} == {
        ("case.returned", str({**about, "state": CaseState.RETURNED.label}))
    }
    assert stranger.id not in {conversation_id for conversation_id, _, _ in told}


def test_a_stranger_whose_appeal_was_decided_hears_number_and_state(talk: Talk) -> None:
    receipt = talk(appeals.by_person, what=Recovered.ACCOUNT, phone=CHENS_PHONE, shown=[photo(talk)], **CHEN)
    talk.decide(case_review.reject, receipt.number, reason="照片不清楚")

    [(conversation_id, what, facts)] = heard(talk)
    assert (conversation_id, what) == (talk.id, "case.rejected")
    assert set(facts) == {"number", "kind", "state"}


def test_a_bound_wechat_account_hears_of_it_long_after_its_code(
    org: Talk, database: Database, hall: Hall
) -> None:
    def arrive(key: str) -> wechat_accounts.Arrival:
        with database.transaction() as session:
            return wechat_accounts.arrive(
                session,
                hall,
                app="wxapp",
                open_id="oZhou",
                key=key,
                trigger=Trigger.MESSAGE,
                province="gd",
                idle=timedelta(minutes=120),
                now=org.now,
            )

    chen = Talk(database, hall, arrive("1").conversation_id, org.now)
    chen(identity.send_person_code, **CHEN, phone=CHENS_PHONE)
    assert chen(sms_codes.check, code=CHENS_CODE).right
    chen(wechat_accounts.bind)
    org.later(minutes=14)
    org.ask(proofs.current)
    org.later(minutes=10)
    org(bindings.request, name="陈静", certificate=CHEN["certificate"])
    [(conversation_id, what, _)] = heard(org)
    assert (conversation_id, what) == (chen.id, "binding.requested")

    with database.transaction() as session:
        said = [{"kind": "system", "text": "有单位申请绑定您"}]
        conversations.say(session, chen.id, author="bot", messages=said, now=org.now)
        taken = wechat_deliveries.from_outside(session, app="wxapp", now=org.now)
    with database.transaction() as session:
        [due] = [wechat_deliveries.next_due(session, hall, *each, now=org.now) for each in taken]
    assert due is not None and due.part == {"text": "有单位申请绑定您"}

    chen.now = org.now
    chen(wechat_accounts.release)
    org(bindings.release, person_id="demo_chenjing")
    chen.later(minutes=16)
    org.now = chen.now
    assert heard(org) == []


def test_what_comes_in_between_leaves_the_question_and_its_options_standing(talk: Talk) -> None:
    with talk.database.transaction() as session:
        received = conversations.receive(
            session, talk.id, client_msg_id="12345678", text="怎么绑定？", option=None, now=talk.now
        )
        asked = {
            "kind": "form_hint",
            "text": "请发银行卡号",
            "asks": ["bank_card"],
            "field": "card",
            "options": [{"label": "取消", "payload": "/cancel"}],
        }
        conversations.answer(
            session, received.turn_id, messages=[asked], reading=None, now=talk.now, total_ms=1
        )
        news = [{"kind": "system", "text": "刚刚，有单位申请绑定您"}]
        conversations.say(session, talk.id, author="bot", messages=news, now=talk.now)

    with talk.database.reading() as session:
        assert [kind.value for kind in conversations.asked_for(session, talk.id, "87654321")] == ["bank_card"]
        assert conversations.asked_last(session, talk.id)["field"] == "card"
        assert [option["label"] for option in conversations.offered(session, talk.id)] == ["取消"]
        assert conversations.stirring(session, talk.now - timedelta(minutes=1)) == [(talk.id, 3)]
