"""The one action behind every flow: takes the conversation's run a message further."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions import receipts, talk_to_staff
from actions.about_bindings import Aside, BindingHistory, BindingStatus, ListOperators, WhatWasSubmitted
from actions.act_for_unit import ActForUnit
from actions.apply_grant_code import ApplyGrantCode
from actions.base import BusinessAction, Events, Say, database
from actions.bind_sub_account import BindSubAccount
from actions.bind_wechat import BindWechat, ReleaseWechat
from actions.cancel_duplicate_account import CancelDuplicateAccount
from actions.case_progress import CaseProgress
from actions.check_real_name_level import CheckRealNameLevel
from actions.check_registration import CheckRegistration
from actions.check_unit_hall import CheckUnitHall
from actions.confirm_binding import ConfirmBinding
from actions.confirm_refund import AttachEvidence, ConfirmRefund, GuideRefund, RefundNoticed, RefundNotYours
from actions.erase_my_records import EraseMyRecords
from actions.flow import Flow, Run, Runner, Step
from actions.grant_business import GrantBusiness
from actions.live_person_check import LivePersonCheck
from actions.maintain_uscc import MaintainUscc
from actions.name_main_contact import NameMainContact
from actions.noting import Noted
from actions.raise_real_name_level import RaiseRealNameLevel
from actions.recover_account import RecoverAccount
from actions.recover_password import RecoverPassword
from actions.release_binding import ReleaseBinding
from actions.talk_to_staff import TalkToStaff
from actions.update_organization import UpdateOrganization
from actions.verify_grant_code import VerifyGrantCode
from faq.clean import clean
from faq.entities import Value, replies, values
from faq.offers import load_offers
from hrss import closures
from hrss.hall import Hall
from hrss.settings import Settings
from hrss.vault import Vault

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

FLOWS: dict[str, Flow] = {
    flow.stem: flow
    for flow in (
        RecoverAccount(),
        RecoverPassword(),
        CheckRegistration(),
        CancelDuplicateAccount(),
        CheckRealNameLevel(),
        RaiseRealNameLevel(),
        CaseProgress(),
        TalkToStaff(),
        EraseMyRecords(),
        BindSubAccount(),
        ConfirmBinding(),
        ReleaseBinding(),
        NameMainContact(),
        GrantBusiness(),
        ApplyGrantCode(),
        VerifyGrantCode(),
        ActForUnit(),
        UpdateOrganization(),
        LivePersonCheck(),
        ListOperators(),
        BindingHistory(),
        BindingStatus(),
        WhatWasSubmitted(),
        ConfirmRefund(),
        RefundNotYours(),
        RefundNoticed(),
        GuideRefund(),
        AttachEvidence(),
        CheckUnitHall(),
        MaintainUscc(),
        BindWechat(),
        ReleaseWechat(),
    )
}

STARTING = (
    "start_flow",
    "talk_to_staff",
    "case_progress",
    "erase_my_records",
    "confirm_binding",
    "bind_wechat",
    "release_wechat",
)
OFFERING = ("ask_and_offer", "add_to_message")
ANSWERING = ("inform", "flow_back")


@cache
def settings() -> Settings:
    return Settings.from_env()


@cache
def hall() -> Hall:
    return Hall.open(settings(), database())


class ActionGoOn(BusinessAction):
    def name(self) -> str:
        return "action_go_on"

    def act(
        self, records: Session, say: Say, tracker: Tracker, domain: dict[str, Any], now: dt.datetime
    ) -> Events:
        message = tracker.latest_message
        text = message.get("text") or ""
        heard = Heard(
            intent=message["intent"]["name"],
            told={each["entity"]: each["value"] for each in message.get("entities", ())},
            text=text,
            values=values(text),
        )
        noted = Noted(say)
        step = Step(
            session=records,
            hall=hall(),
            vault=Vault(settings()),
            conversation_id=tracker.sender_id,
            province=tracker.get_slot("province") or "gd",
            # the turn's id, not Rasa's message id: a turn that is resumed after a crash keeps its keys
            turn=str((message.get("metadata") or {}).get("turn") or message.get("message_id", "")),
            now=now,
            run=Run.from_slot(tracker.get_slot("flow")),
            say=noted,
        )
        begun = go_on(step, heard, domain.get("responses") or {})
        if begun:
            noted.note(step, begun)
        return [SlotSet("flow", step.run.as_slot())]


@dataclass(frozen=True)
class Heard:
    """A message as it was understood; `told` is what a button or its entry says."""

    intent: str
    told: Mapping[str, str]
    text: str
    values: list[Value]


def go_on(step: Step, heard: Heard, responses: Mapping[str, Any]) -> Run | None:
    """Do what a message means for the run under way, or begin the one that it asks for; return the run as it began."""
    run, intent = step.run, heard.intent
    if intent == "await_outcome":
        receipts.say_how_to_follow(step)
        return None
    if intent == "cancel_flow":
        step.say("utter_flow_cancelled" if run.stem else "utter_flow_nothing_to_cancel")
        begun = replace(run)
        run.end()
        return begun
    if intent == "add_to_message":
        talk_to_staff.add_words(step, heard.text)
    aside = FLOWS.get(heard.told.get("flow", intent))
    if isinstance(aside, Aside):
        _answer(aside, step, responses)
        return None
    began = _begin(step, heard)
    if run.stem is None:
        if intent in ANSWERING:
            step.say("utter_flow_none")
        return None

    closures.refuse_closed_flow(step.session, run.stem)
    begun = replace(run)
    runner = Runner(FLOWS, step, responses)
    if intent == "flow_back":
        runner.back()
    elif intent in ANSWERING:
        chosen = (
            [Value(f"choice {heard.told['field']}", heard.told["choice"])] if "choice" in heard.told else []
        )
        runner.hear([*heard.values, *chosen], heard.text, replies(clean(heard.text)))
    elif began:
        runner.open(heard.values, heard.text)
        if run.offered and any(value.kind == "certificate" for value in heard.values):
            step.say("utter_flow_number_unasked")
    else:
        return None  # a question in the middle of a flow
    runner.go_on()
    return begun


def _answer(aside: Aside, step: Step, responses: Mapping[str, Any]) -> None:
    """Answer from the records, then ask again what the flow under way has asked."""
    interrupted = step.run
    step.run = Run(stem=aside.stem, known=interrupted.known)
    Runner(FLOWS, step, responses).go_on()
    step.run = interrupted
    if interrupted.stem and not interrupted.offered:
        Runner(FLOWS, step, responses).go_on()


def _begin(step: Step, heard: Heard) -> bool:
    """Begin the flow that was asked for, or offer the one that the answered entry leads to."""
    run = step.run
    if heard.intent in STARTING:
        given = {name: value for name, value in heard.told.items() if name in ("subject", "org_real_name")}
        run.begin(heard.told.get("flow", heard.intent), given, turn=step.turn, offered=False)
        return True
    offer = load_offers().get(heard.told.get("entry", ""))
    underway = run.stem and not run.offered
    if heard.intent not in OFFERING or offer is None or (underway and heard.intent != "ask_and_offer"):
        return False
    if underway:
        step.say("utter_flow_cancelled")  # said in the middle of another thing, it means this one instead
    run.begin(offer.flow, offer.knowing, turn=step.turn, offered=True)
    run.asked = "route"  # the way it is to be done may be said with the question
    return True
