"""What holds for every flow, shown at some: own choices, any number of questions, an offer, a turn taken in twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import delete, select

from hrss import cases, handovers
from hrss.opening_hours import OpeningHours
from hrss.staff import Role
from hrss.tables import Case, SecurityAnswer, SmsCode
from hrss.workdays import BEIJING
from tests.actions.conftest import Chat
from tests.hrss.people import CHENS_CODE, CHENS_PHONE, HES_CODE, HES_PHONE, ZHAOS_ANSWERS

HE = f"何梅 440103197906050003 {HES_PHONE}"


def test_r2_of_several_accounts_the_owner_chooses_one_by_its_mask(chat: Chat) -> None:
    chat.start("recover_password", HE, subject="person")
    chat.choose("phone")

    assert chat.say(HES_CODE) == ["utter_ask_account"]
    assert chat.choices == ["1. hem**** 138****8008", "2. heme**** 138****8009"]
    assert chat.say("7") == ["utter_refused_which_account", "utter_ask_account"]
    assert chat.say("hemei_old") == ["utter_recover_password_sent_person"]
    assert chat.facts("utter_recover_password_sent_person") == {"phone": "138****8009"}


def test_r2_as_many_security_questions_are_asked_as_there_are(chat: Chat) -> None:
    kept = list(ZHAOS_ANSWERS)[:2]
    with chat.talk.database.transaction() as session:
        session.execute(delete(SecurityAnswer).where(SecurityAnswer.question.notin_(kept)))
    chat.start("recover_password", "赵敏 440606199203080009", subject="person")
    chat.choose("security_question")
    for asked in range(2):
        facts = chat.facts("utter_ask_security_answer")
        assert (facts["number"], facts["count"]) == (str(asked + 1), "2")
        chat.say(ZHAOS_ANSWERS[facts["question"]])

    assert chat.said == ["utter_recover_password_sent_person"]


def test_r2_wrong_answers_are_all_asked_for_again(chat: Chat) -> None:
    chat.start("recover_password", "赵敏 440606199203080009", subject="person")
    chat.choose("security_question")
    for _ in range(3):
        chat.say("不知道啊")

    assert chat.said == ["utter_refused_security_answers_wrong", "utter_ask_security_answer"]
    assert chat.facts("utter_ask_security_answer")["number"] == "1"


def test_a_turn_that_is_taken_in_again_sends_one_code_and_tells_the_same(chat: Chat) -> None:
    """As after a crash between the commit and the reply: the run that began was lost with its slot."""
    words = f"陈静 441900199511020007 {CHENS_PHONE}"
    lost = chat.run.as_slot()
    first = chat.start("cancel_duplicate_account", words, turn="the turn")
    chat.run = chat.run.from_slot(lost)

    assert chat.start("cancel_duplicate_account", words, turn="the turn") == first == ["utter_ask_sms_code"]
    with chat.talk.database.reading() as session:
        assert len(session.scalars(select(SmsCode)).all()) == 1
    assert len(chat.talk.received_by(CHENS_PHONE)) == 1


def test_after_a_lost_reply_the_same_answer_in_a_new_message_finds_out_what_was_done(chat: Chat) -> None:
    chat.start("recover_account", f"陈静 441900199511020007 {CHENS_PHONE}", subject="person")
    chat.choose("phone")
    lost = chat.run.as_slot()
    assert chat.say(CHENS_CODE) == ["utter_recover_account_shown"]
    chat.run = chat.run.from_slot(lost)

    assert chat.say(CHENS_CODE) == ["utter_recover_account_shown"]


def test_words_for_staff_are_added_under_one_number_while_they_wait(chat: Chat) -> None:
    chat.start("talk_to_staff")
    chat.say("账号登不上")
    number = chat.facts("utter_talk_to_staff_left")["number"]

    assert chat.hear("add_to_message", "还有，页面一直转圈", {}, None) == ["utter_talk_to_staff_added"]
    assert chat.facts("utter_talk_to_staff_added") == {"number": number}
    with chat.talk.database.reading() as session:
        [case] = session.scalars(select(Case))
        words = chat.talk.hall.sealer.unseal_document(case)["words"]
    assert words == ["账号登不上", "还有，页面一直转圈"]

    chat.talk(cases.withdraw, number=number)
    assert chat.hear("add_to_message", "在吗", {}, None) == []


def test_outside_the_hours_of_staff_the_question_says_when_they_are_there(chat: Chat) -> None:
    since = chat.talk.now.astimezone(BEIJING) + timedelta(hours=2)
    hours = OpeningHours(((since.time(), (since + timedelta(minutes=30)).time()),))
    chat.hall = replace(chat.talk.hall, staff_hours=hours)
    with chat.talk.database.transaction() as session:
        handovers.go_on_duty(session, Role.CASE_OFFICER.value, chat.talk.now)

    assert chat.start("talk_to_staff") == ["utter_ask_message_to_staff_closed"]
    facts = chat.facts("utter_ask_message_to_staff_closed")
    assert facts["hours"] == str(hours)
    assert facts["opens"] == "11月2日 19:30"
    assert chat.say("账号登不上") == ["utter_talk_to_staff_left"]
