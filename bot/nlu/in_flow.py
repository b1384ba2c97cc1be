"""What a message means while a flow is under way, or has just been offered."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any

from rasa.shared.core.trackers import DialogueStateTracker

from bot import hall
from bot.history import recent_readings
from faq.entities import introduces, replies, values
from faq.offers import load_offers
from faq.reading import Decision, Reading, Stage

FLOW_INTENTS = frozenset(
    {
        "start_flow",
        "inform",
        "flow_back",
        "cancel_flow",
        "case_progress",
        "talk_to_staff",
        "erase_my_records",
        "await_outcome",
        "add_to_message",
        "ask_and_offer",
        "confirm_binding",
        "list_operators",
        "binding_history",
        "binding_status",
        "what_was_submitted",
        "bind_wechat",
        "release_wechat",
    }
)
SURE_ENOUGH = 0.3  # of what someone means who is signed in, and so likely to have come for it
WAITING = 3  # candidates among which a few words after submitting may mean what is related to it
FOLLOWING = "case_progress"  # the flow of entries about what comes after submitting
PHONE_NUMBER = "phone_number"  # a subject outside: answered, and nothing for the message
SHORT = 30  # characters of a reply in words; what is longer is a question or a story
_QUESTION = re.compile(
    r"[?？吗么呢]$|怎么|如何|多久|什么|哪|为何|为什么|几天|能不能|可不可以|可以.*吗|问一句|问一下|请问"
)


def current_run(tracker: DialogueStateTracker) -> dict[str, Any]:
    """Return the run of a flow as `actions/flow.py` keeps it; empty when none is under way or an offer was passed over."""
    run = _kept(tracker)
    if not run.get("stem"):
        return {}
    if run.get("offered") and not _is_fresh(tracker):
        return {}
    return run


def _kept(tracker: DialogueStateTracker) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(tracker.get_slot("flow") or "{}")
    return kept


def _is_fresh(tracker: DialogueStateTracker) -> bool:
    """Whether nothing but small talk has come since the offer."""
    for reading in islice(recent_readings(tracker), 3):
        if reading["intent"] in ("ask_and_offer", "add_to_message"):
            return True
        if reading["decision"] != Decision.CHAT.value:
            return False
    return False


def route(reading: Reading, tracker: DialogueStateTracker, *, signed_in: bool = False) -> Reading:
    """Return the reading with the intent that the flow gives it: an answer, a way out, or what it was."""
    run, known = current_run(tracker), _kept(tracker).get("known", {})
    underway = bool(run) and not run["offered"]
    if not reading.told:
        if underway and not _is_expected(reading, run) and (entry := _instead(reading, run)):
            return _offering(reading, entry)
        intent = _intent(reading, run) if run else None
        if not (intent or underway):
            intent = _about_the_last(reading, tracker)
        if not (intent or underway) and "receipt" in known and "wait" in replies(reading.cleaned):
            intent = "await_outcome"
        if intent:
            reading.intent, reading.decision, reading.choices, reading.ask = intent, Decision.CHAT, [], None
            reading.entry = None
            return reading
        _choose_what_it_is_about(reading, run["stem"] if underway else known.get("receipt_of"))
    leads_on = not underway and reading.entry in load_offers()
    if not underway and _adds_to_message(reading, tracker):
        reading.intent = "add_to_message"
    elif reading.intent == "ask_faq" and leads_on:
        reading.intent = "ask_and_offer"
    if leads_on and reading.entry and reading.intent != "ask_faq":
        reading.told = {"entry": reading.entry}
    if not underway and reading.decision is Decision.WHICH:
        if signed_in:
            return _what_they_came_for(reading)
        best = reading.choices[0].entry
        if best and introduces(reading.text) and _the_one_flow(reading):
            return _offering(reading, best)
    return reading


def _what_they_came_for(reading: Reading) -> Reading:
    """Take a vague message of someone who is signed in for what they may have come to do."""
    for entry, score in reading.candidates:
        if score >= SURE_ENOUGH and entry in load_offers():
            return _offering(reading, entry)
    if flow := _the_one_flow(reading):
        reading.intent, reading.told = "start_flow", {"flow": flow}
        reading.decision, reading.choices, reading.ask = Decision.CHAT, [], None
    return reading


def _about_the_last(reading: Reading, tracker: DialogueStateTracker) -> str | None:
    """Return the intent of what leans on what was just done: "so can he begin now?"."""
    if len(reading.cleaned) > SHORT or reading.stage in (Stage.OPTION, Stage.EXACT):
        return None
    follow_ups = _kept(tracker).get("follow_ups", ())
    return next((each["intent"] for each in follow_ups if re.search(each["said"], reading.cleaned)), None)


def _the_one_flow(reading: Reading) -> str | None:
    """Return the flow that everything a vague message may mean leads to: it knows how things stand."""
    offers = [load_offers().get(choice.entry or "") for choice in reading.choices]
    flows = {offer.flow for offer in offers if offer}
    return flows.pop() if len(flows) == 1 and None not in offers else None


def _is_expected(reading: Reading, run: dict[str, Any]) -> bool:
    """Whether these are words that the question under way listens for; a read-back listens for any way out."""
    if run.get("asked") == "confirm":
        return False
    said = (run.get("expects") or {}).get("said", ())
    cleaned = reading.cleaned
    return len(cleaned) <= SHORT and any(re.search(pattern, cleaned) for pattern in said)


def _offering(reading: Reading, entry: str) -> Reading:
    reading.intent, reading.told, reading.entry = "ask_and_offer", {"entry": entry}, entry
    reading.decision, reading.choices, reading.ask = Decision.ANSWER, [], None
    return reading


def _instead(reading: Reading, run: dict[str, Any]) -> str | None:
    """Return the entry of another thing to do, when what is under way is given up for it."""
    if "instead" not in replies(reading.cleaned) or reading.decision not in (Decision.ANSWER, Decision.WHICH):
        return None
    for entry, _ in reading.candidates:
        offer = load_offers().get(entry)
        if offer and not offer.looks_up and offer.flow != run["stem"]:
            return entry
    return None


def _choose_what_it_is_about(reading: Reading, flow: str | None) -> None:
    """
    Take an unclear question for one about what is being done, or was just done, if it may be that.

    Of several meanings offered that is the one of the flow; of a few words that mean nothing by themselves, what they
    are nearest to, if it is about what comes after submitting.
    """
    if flow is None:
        return
    flows: set[str]
    if reading.decision is Decision.WHICH:
        near, flows = [choice.entry or "" for choice in reading.choices], {flow, FOLLOWING}
    elif reading.decision is Decision.NONE and len(reading.cleaned) <= SHORT:
        near, flows = _coming_after(reading, flow), {FOLLOWING}
    else:
        return
    book = hall.shelf().book()
    fitting = [entry for entry in near if entry and entry in book and book[entry].flow in flows]
    if len(fitting) > 1:  # of what may come after submitting, that of what is being done
        related = _related(flow)
        fitting = [entry for entry in fitting if entry in related]
    if len(fitting) == 1:
        reading.decision, reading.intent, reading.entry = Decision.ANSWER, "ask_faq", fitting[0]
        reading.choices, reading.ask, reading.subject = [], None, None


def _coming_after(reading: Reading, flow: str) -> list[str]:
    """Return what a few words may mean that is about waiting for what a flow submitted: the nearest, if it is related."""
    nearest, related = [entry for entry, _ in reading.candidates[:1]], _related(flow)
    return [entry for entry, _ in reading.candidates[:WAITING] if entry in related][:1] or nearest


def _related(flow: str) -> set[str]:
    """Return what stands beside the entries of a flow."""
    return {near for entry in hall.shelf().book() if entry.flow == flow for near in entry.related}


def _adds_to_message(reading: Reading, tracker: DialogueStateTracker) -> bool:
    """Whether it says more about the words just left for staff: no small talk, no button, nothing else in between."""
    if "staff_message" not in _kept(tracker).get("known", {}):
        return False
    if reading.decision is Decision.CHAT or reading.stage is Stage.OPTION or reading.subject == PHONE_NUMBER:
        return False
    for earlier in recent_readings(tracker):
        if (
            earlier["intent"] not in ("add_to_message", "await_outcome")
            and earlier["subject"] != PHONE_NUMBER
        ):
            return bool(earlier["intent"] == "inform")
    return False


def _intent(reading: Reading, run: dict[str, Any]) -> str | None:
    cleaned, expects = reading.cleaned, run.get("expects") or {}
    said = replies(cleaned)
    if run.get("asked") == "message_to_staff" and not said & {"cancel", "back"}:
        return "inform"
    if "cancel" in said or reading.intent == "cancel_flow" or (run["offered"] and "no" in said):
        return "cancel_flow"
    if "back" in said or reading.intent == "step_back":
        return "flow_back"
    if any(value.kind in expects.get("kinds", ()) for value in values(reading.text)):
        return "inform"
    if _is_expected(reading, run):
        return "inform"
    if said & {"yes", "no", "resend"} and len(cleaned) <= SHORT:
        return "inform"
    if run["offered"] or reading.decision is Decision.ANSWER or _QUESTION.search(cleaned):
        return None
    if reading.decision is Decision.CHAT and reading.intent not in (
        "affirm",
        "deny",
        "nonsense",
        "bare_value",
    ):
        return None
    return "inform"
