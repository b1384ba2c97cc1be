"""Who has signed in at the hall's page is asked for nothing that the login proves; idle, it proves nothing (design §4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hrss import authority, conversations, duplicates, proofs
from hrss.authority import Act
from hrss.proofs import How
from hrss.subjects import Subject, SubjectKind
from tests.actions.conftest import Chat
from tests.hrss.people import CHENS_PHONE, HES_CODE, HES_PHONE, LINS_CODE, ZHAOS_PHONE

PEOPLE = SubjectKind.PERSON


@pytest.fixture
def signed_in(new_chat: Callable[[], Chat]) -> Callable[..., Chat]:
    def sign_in(subject_id: str, kind: SubjectKind = PEOPLE) -> Chat:
        chat = new_chat()
        with chat.talk.database.transaction() as session:
            subject = Subject(kind, subject_id)
            proofs.give(session, chat.talk.id, how=How.TOKEN, subject=subject, now=chat.talk.now)
        return chat

    return sign_in


def test_a_person_signed_in_sees_their_login_at_once(signed_in: Callable[..., Chat]) -> None:
    chat = signed_in("demo_chenjing")

    assert chat.start("recover_account", subject="person") == ["utter_recover_account_shown"]
    assert "chenjing95" not in str(chat.heard)


def test_a_person_signed_in_only_confirms_that_the_password_is_reset(signed_in: Callable[..., Chat]) -> None:
    chat = signed_in("demo_chenjing")

    assert chat.start("recover_password", subject="person") == ["utter_confirm_own_password"]
    assert chat.facts("utter_confirm_own_password")["phone"] == "138****8002"
    assert chat.talk.received_by(CHENS_PHONE) == []
    assert chat.choose("yes") == ["utter_recover_password_sent_person"]
    assert len(chat.talk.received_by(CHENS_PHONE)) == 1


def test_p3_a_person_signed_in_says_only_what_the_level_is_for(signed_in: Callable[..., Chat]) -> None:
    chat = signed_in("demo_chenjing")

    assert chat.start("check_real_name_level", subject="person") == ["utter_ask_purpose"]
    assert chat.choose("register_org") == ["utter_check_real_name_level_person_enough"]


def test_p4_a_person_signed_in_says_only_which_account_is_to_go(signed_in: Callable[..., Chat]) -> None:
    chat = signed_in("demo_hemei")

    assert chat.start("cancel_duplicate_account") == ["utter_ask_cancel_duplicate_account_account"]
    assert chat.choices == ["1. hem**** 138****8008", "2. heme**** 138****8009"]
    assert chat.say("第二个") == ["utter_confirm_cancel_duplicate_account"]
    assert chat.choose("yes") == ["utter_case_submitted"]


def test_r8_a_person_signed_in_sees_their_cases_without_a_number(signed_in: Callable[..., Chat]) -> None:
    earlier, chat = signed_in("demo_hemei"), signed_in("demo_hemei")
    receipt = earlier.talk(duplicates.request_cancellation, province="gd", login="hemei_old")

    assert chat.start("case_progress") == ["utter_case_progress"]
    assert chat.facts("utter_case_progress")["number"] == receipt.number


def test_a_login_proves_nothing_about_anybody_else(signed_in: Callable[..., Chat]) -> None:
    chat = signed_in("demo_chenjing")
    chat.start("recover_password", f"赵敏 440606199203080009 {ZHAOS_PHONE}", subject="person")

    assert chat.said == ["utter_ask_route"]
    assert chat.choose("phone") == ["utter_ask_sms_code"]


@pytest.mark.parametrize(
    ("flow", "told", "asked"),
    [
        ("recover_account", {"subject": "person"}, "utter_ask_route"),
        ("recover_password", {"subject": "person"}, "utter_ask_route"),
        ("cancel_duplicate_account", {}, "utter_ask_person_name"),
        ("case_progress", {}, "utter_ask_case_number"),
    ],
)
def test_a_login_that_nobody_used_for_a_quarter_of_an_hour_is_asked_for_anew(
    signed_in: Callable[..., Chat], flow: str, told: dict[str, str], asked: str
) -> None:
    chat = signed_in("demo_hemei")
    chat.talk.later(minutes=15)

    assert chat.start(flow, **told) == [asked]


def test_a_login_that_ends_before_the_yes_resets_nothing_and_asks_who_it_is(
    signed_in: Callable[..., Chat],
) -> None:
    chat = signed_in("demo_hemei")
    chat.start("recover_password", subject="person")
    chat.say("1")
    assert chat.said == ["utter_confirm_own_password"]
    chat.talk.later(minutes=16)

    assert chat.choose("yes") == ["utter_flow_proof_ended", "utter_ask_route"]
    assert chat.talk.received_by(HES_PHONE) == []
    chat.choose("phone")
    chat.say(f"何梅 440103197906050003 {HES_PHONE}")
    assert chat.say(HES_CODE) == ["utter_recover_password_sent_person"]
    assert any("密码" in text for text in chat.talk.received_by(HES_PHONE))


def test_with_the_conversation_ends_what_was_proven_in_it(signed_in: Callable[..., Chat]) -> None:
    chat = signed_in("demo_chenjing")
    with chat.talk.database.transaction() as session:
        conversations.end(session, chat.talk.id, chat.talk.now)
        assert authority.newest(session, chat.talk.id, Act.SEE_LOGIN, kind=PEOPLE, now=chat.talk.now) is None


# Levels


@pytest.mark.parametrize(
    ("organization", "purpose", "outcome", "ways"),
    [
        ("91440300MA0000023W", "org_login", "raise", "网银证书、电子营业执照"),
        ("91440600MA000004XY", "org_login", "raise", "法人基础库核验、网银证书、电子营业执照"),
        ("91440101MA00000156", "refund_confirmation", "enough", ""),
        ("91440101MA00000156", "demanding_system", "raise", "按页面引导提升"),
    ],
)
def test_u4_an_organization_signed_in_hears_its_trust_level_and_the_next_step(
    signed_in: Callable[..., Chat], organization: str, purpose: str, outcome: str, ways: str
) -> None:
    chat = signed_in(f"demo_{organization}", SubjectKind.ORGANIZATION)

    assert chat.start("check_real_name_level", subject="org") == ["utter_ask_purpose_org"]
    assert chat.choose(purpose) == [f"utter_check_real_name_level_org_{outcome}"]
    assert chat.heard[0][1]["ways"] == ways


@pytest.mark.parametrize(
    ("person", "way"), [("demo_linyue", "e_social_card"), ("demo_guojie", "provincial_identity")]
)
def test_p2_p3_a_level_is_raised_by_what_another_system_knows(
    signed_in: Callable[..., Chat], person: str, way: str
) -> None:
    chat = signed_in(person)

    assert chat.start("raise_real_name_level") == ["utter_ask_raise_by"]
    assert chat.choose(way) == [f"utter_ask_raised_{way}"]
    assert chat.say("我做好了") == ["utter_raised"]
    assert chat.facts("utter_raised") == {"reached": "二级"}


def test_p2_who_has_not_done_it_yet_stays_where_they_are(signed_in: Callable[..., Chat]) -> None:
    chat = signed_in("demo_linyue")
    chat.start("raise_real_name_level")
    chat.choose("provincial_identity")

    assert chat.choose("yes") == [
        "utter_refused_real_name_not_raised",
        "utter_ask_raised_provincial_identity",
    ]
    assert chat.choose("no") == ["utter_raise_later"]


def test_p2_card_numbers_stay_on_the_halls_own_page(signed_in: Callable[..., Chat]) -> None:
    chat = signed_in("demo_linyue")
    chat.start("raise_real_name_level")

    assert chat.choose("unionpay") == ["utter_raise_by_unionpay"]


def test_p3_who_has_the_level_needs_no_raising(signed_in: Callable[..., Chat]) -> None:
    assert signed_in("demo_chenjing").start("raise_real_name_level") == ["utter_raise_not_needed"]


def test_p2_without_a_login_a_code_proves_who_is_raised(chat: Chat) -> None:
    chat.start("raise_real_name_level", "林悦 440605199409230002 13800138010")

    assert chat.say(LINS_CODE) == ["utter_ask_raise_by"]
