"""What the business refuses, heard in conversation: each its own clear answer, and a way on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hrss import sms_codes
from hrss.errors import SystemAway
from hrss.trust import RealNameLevel, TrustLevel
from tests.actions.conftest import Chat
from tests.hrss.people import CHENS_CODE, CHENS_PHONE, CONTACTS_CODE, NOBODYS_PHONE

CHEN = f"陈静 441900199511020007 {CHENS_PHONE}"
STRANGER = f"冯敏 440106199309110002 {NOBODYS_PHONE}"


def by_phone(chat: Chat, who: str) -> list[str]:
    return chat.start("recover_account", f"用手机找回，{who}", subject="person") and chat.choose("phone")


def test_a_mistyped_number_is_explained_and_only_it_is_asked_for_again(chat: Chat) -> None:
    chat.start("recover_account", subject="person")
    chat.choose("phone")

    said = chat.say("陈静 441900199511020008")

    assert said == ["utter_refused_resident_id_wrong_check_digit", "utter_ask_certificate"]
    assert chat.say("441900199511020007") == ["utter_ask_phone"]


def test_r9_a_wrong_code_says_how_many_tries_are_left(chat: Chat) -> None:
    by_phone(chat, CHEN)

    assert chat.say("111111") == ["utter_refused_sms_code_wrong", "utter_ask_sms_code"]
    assert chat.facts("utter_refused_sms_code_wrong") == {"tries_left": 4}


def test_r9_an_expired_code_says_so_and_a_new_one_works(chat: Chat) -> None:
    by_phone(chat, CHEN)
    chat.talk.later(minutes=5)

    assert chat.say(CHENS_CODE) == ["utter_refused_sms_code_expired", "utter_ask_sms_code"]
    assert chat.say("重新发一个吧") == ["utter_ask_sms_code"]
    assert chat.say(CHENS_CODE) == ["utter_recover_account_shown"]


def test_r9_a_code_is_not_sent_twice_in_a_minute(chat: Chat) -> None:
    by_phone(chat, CHEN)

    said = chat.say("重新发一个吧")

    assert said[0] == "utter_refused_sms_code_too_soon"
    assert said[-1] == "utter_ask_route"


def test_r9_a_locked_phone_says_until_when_and_opens_another_way(chat: Chat) -> None:
    by_phone(chat, CHEN)
    for _ in range(5):
        chat.talk(sms_codes.check, code="000000")

    said = chat.say(CHENS_CODE)

    assert said[0] == "utter_refused_sms_code_locked"
    assert chat.facts("utter_refused_sms_code_locked") == {"minutes": 30}
    chat.talk.later(minutes=2)
    assert chat.say("重新发一个吧")[0] == "utter_refused_sms_code_locked"
    assert chat.said[-1] == "utter_ask_route"


def test_r10_a_strangers_data_are_answered_like_a_persons_own_and_no_code_is_right(
    new_chat: Callable[[], Chat],
) -> None:
    known, stranger = new_chat(), new_chat()

    assert by_phone(known, CHEN) == by_phone(stranger, STRANGER) == ["utter_ask_sms_code"]
    assert stranger.talk.received_by(NOBODYS_PHONE) == []
    assert known.say("111111") == stranger.say("111111")
    assert stranger.say(CHENS_CODE)[0] == "utter_refused_sms_code_wrong"


def test_r10_an_organization_nobody_has_registered_is_answered_like_any_other(
    new_chat: Callable[[], Chat],
) -> None:
    known, unknown = new_chat(), new_chat()
    contact = "常用联系人王芳 13800138000"
    for chat, organization in (
        (known, "91440101MA00000156 广州示例甲贸易有限公司"),
        (unknown, "91440101MA0000066E 广州示例壬贸易有限公司"),
    ):
        chat.start("recover_password", organization, subject="org", org_real_name="yes")
        chat.talk.later(minutes=1 if chat is unknown else 0)  # one phone gets one code a minute
        chat.say(contact)

    assert known.said == unknown.said == ["utter_ask_sms_code"]
    assert unknown.say(CONTACTS_CODE)[0] == "utter_refused_sms_code_wrong"
    assert known.say(CONTACTS_CODE) == ["utter_recover_password_sent_org"]


def test_u7_whether_an_organization_is_registered_is_told(chat: Chat) -> None:
    chat.start("check_registration")
    chat.choose("organization")

    assert chat.say("91440101MA0000066E") == ["utter_check_registration_organization_free"]


class Away:
    """A system that cannot be reached."""

    def real_name_level(self, certificate: str) -> RealNameLevel:
        raise SystemAway(system="省统一身份认证")

    def trust_level(self, uscc: str) -> TrustLevel:
        raise SystemAway(system="省统一身份认证")


def test_a_system_that_is_away_is_named_and_the_same_words_work_later(chat: Chat) -> None:
    there = chat.talk.hall
    chat.start("check_real_name_level", "91440101MA00000156 广州示例甲贸易有限公司", subject="org")
    chat.choose("org_login")
    chat.say("王芳 13800138000")
    chat.hall = replace(there, systems=replace(there.systems, provincial_identity=Away()))

    assert chat.say(CONTACTS_CODE) == ["utter_refused_system_away"]
    assert chat.facts("utter_refused_system_away") == {"system": "省统一身份认证"}
    chat.hall = there
    assert chat.say(CONTACTS_CODE) == ["utter_check_real_name_level_org_enough"]


def test_three_wrong_codes_in_a_row_open_another_way_and_keep_what_was_given(chat: Chat) -> None:
    by_phone(chat, CHEN)
    for _ in range(3):
        said = chat.say("111111")

    assert said == ["utter_refused_sms_code_wrong", "utter_recover_another_way", "utter_ask_route"]
    assert chat.choose("id_photo") == ["utter_ask_consent"]
