"""What the bot says: sentences of `data/responses/`, answers of the book, screens."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot import hall
from bot.history import last_reading
from bot.nlu.in_flow import FLOW_INTENTS, current_run
from faq.book import Book, load_flows
from faq.followups import nexts
from faq.screens import Screen, Way, load_screens

Draft = dict[str, Any]
MOST_RELATED = 3


class BookResponses(TemplatedNaturalLanguageGenerator):
    """
    Rasa's own responses, and for some names what the last reading asks for: an entry, a question back, a screen.

    Entries come from the published book at the moment of asking, word for word, so that an edited answer is said
    without training. A draft is Rasa's: `text`, `buttons`, and as `custom` the parts that richer channels show.
    """

    def __init__(self, endpoint_config: EndpointConfig, domain: Domain) -> None:
        super().__init__(domain.responses)

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> Draft | None:
        draft = self._draft(utter_action, tracker, output_channel, kwargs)
        return self._coming_back(draft, tracker, output_channel) if draft else None

    def _draft(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, kwargs: dict[str, Any]
    ) -> Draft | None:
        reading = last_reading(tracker) or {}
        slots = {**tracker.current_slot_values(), "out_of_scope_subject": reading.get("subject")}
        known = {name: reading.get(name) or slots.get(name) for name in ("province", "audience")}
        book = hall.shelf().book()

        def sentence(name: str, **facts: Any) -> Draft:
            draft: Draft = self.generate_from_slots(name, slots, output_channel, **{**kwargs, **facts}) or {}
            return draft

        if utter_action == "utter_which":
            return which(book, reading, sentence("utter_which"), sentence("utter_none_of_these"))
        if utter_action in ("utter_menu", "utter_guide"):
            return screen(book, utter_action.removeprefix("utter_"), known, sentence)
        if utter_action in ("utter_answer", "utter_shown"):
            if reading.get("screen") in load_screens():
                return screen(book, reading["screen"], known, sentence)
            if reading.get("entry") in book:
                if reading.get("step") is not None and book[reading["entry"]].steps:
                    return one_step(book, reading["entry"], reading["step"], sentence)
                return answer(book, reading["entry"], reading, sentence)
            if reading.get("intent") == "add_to_message":
                if reading.get("choices"):
                    return which(book, reading, sentence("utter_which"), sentence("utter_none_of_these"))
                return sentence("utter_out_of_scope")
            return screen(book, "menu", known, sentence)
        return sentence(utter_action) or None

    def _coming_back(self, draft: Draft, tracker: DialogueStateTracker, output_channel: str) -> Draft:
        """After a question in the middle of a flow, say again what the flow asks."""
        run, reading = current_run(tracker), last_reading(tracker) or {}
        question = run.get("question")
        if not question or run["offered"] or reading.get("intent") in FLOW_INTENTS:
            return draft
        asked = self.generate_from_slots(question["response"], {}, output_channel, **question["facts"]) or {}
        back = self.generate_from_slots(
            "utter_flow_coming_back", {}, output_channel, question=asked.get("text", "")
        )
        draft["text"] = f"{draft.get('text', '')}\n{(back or {}).get('text', '')}"
        parts = draft.setdefault("custom", {})
        parts.update({name: value for name, value in question["hint"].items() if name != "kind"})
        if "note" in parts:  # richer channels show the parts, and not the text
            parts["note"] = f"{parts['note']}\n{(back or {}).get('text', '')}".strip()
        draft["buttons"] = [*(draft.get("buttons") or []), *question["buttons"]]
        return draft


def payload(intent: str, **values: Any) -> str:
    """Write a button's payload in Rasa's form."""
    return f"/{intent}{json.dumps(values, ensure_ascii=False)}" if values else f"/{intent}"


def answer(book: Book, entry_id: str, reading: dict[str, Any], sentence: Any) -> Draft:
    """Return an entry with its parts, its source, and where to go next."""
    entry, said = book[entry_id], book.answer(entry_id, reading.get("facts"))
    buttons = []
    if entry.steps and len(entry.steps) > 1:
        buttons.append({"title": sentence("utter_one_by_one")["text"], "payload": payload("say_steps")})
    buttons += [
        {"title": book[related].question, "payload": payload("ask_faq", entry=related), "style": "related"}
        for related in entry.related[:MOST_RELATED]
        if related in book
    ]
    return {
        "text": said.text,
        "buttons": buttons,
        "custom": {
            "lead": said.lead,
            "steps": list(said.steps),
            "cases": [
                {"label": label, "text": text, "steps": list(steps)} for label, text, steps in said.cases
            ],
            "note": said.note,
            "entry": citation(book, entry_id),
        },
    }


def citation(book: Book, entry_id: str) -> dict[str, Any]:
    entry = book[entry_id]
    return {
        "id": entry_id,
        "version": book.version,
        "number": book.number(entry_id),
        "question": entry.question,
        "source": book.source(entry_id),
        "owner": entry.owner,
        "valid_from": entry.valid_from.isoformat(),
    }


def one_step(book: Book, entry_id: str, step: int, sentence: Any) -> Draft:
    """Return one step of an entry, for those who want to go slowly; past the last one, say so."""
    entry = book[entry_id]
    if step >= len(entry.steps):
        following = next((each for each in (nexts().get(entry_id, ""), *entry.related) if each in book), None)
        if following is None:
            return sentence("utter_steps_done", question=entry.question)
        draft = sentence("utter_steps_done_and_next", question=entry.question)
        button = {
            "title": book[following].question,
            "payload": payload("ask_faq", entry=following),
            "style": "related",
        }
        return {**draft, "buttons": [button, *draft["buttons"]]}
    draft = sentence("utter_step", number=step + 1, count=len(entry.steps), step=entry.steps[step])
    draft["custom"] = {"entry": citation(book, entry_id)}
    return draft


def which(book: Book, reading: dict[str, Any], asking: Draft, none_of_these: Draft) -> Draft:
    """Return a question back, with a button for everything that may be meant."""
    buttons = []
    for choice in reading.get("choices", ()):
        if choice["entry"]:
            values = {"entry": choice["entry"], **choice["remember"]}
            title = choice["label"] or book[choice["entry"]].question
            buttons.append({"title": title, "payload": payload("ask_faq", **values)})
        else:
            buttons.append({"title": choice["label"], "payload": payload("clarify", **choice["remember"])})
    buttons.append({"title": none_of_these["text"], "payload": payload("deny")})
    return {"text": reading.get("ask") or asking["text"], "buttons": buttons}


def screen(book: Book, screen_id: str, known: dict[str, Any], sentence: Any) -> Draft:
    """Return a screen, or the one that what is known of the person leads past it to."""
    shown = past_the_known(screen_id, known)
    draft: Draft = {"text": shown.text}
    if shown.advice:
        advice = {
            "system": shown.advice.system,
            "reached": shown.advice.reached,
            "needed": shown.advice.needed,
            "next": shown.advice.next,
            "source": shown.source(),
        }
        draft = sentence("utter_advice", **advice)
        draft["custom"] = {"advice": advice}
    draft["buttons"] = list(_buttons(book, shown.ways))
    return draft


def past_the_known(screen_id: str, known: dict[str, Any]) -> Screen:
    """Follow the ways of screens that ask only what is known already, such as the province of the page."""
    shown = load_screens()[screen_id]
    for _ in range(len(load_screens())):
        matching = [way for way in shown.ways if way.remember and way.screen and _agrees(way, known)]
        differing = [way for way in shown.ways if way.remember and not _agrees(way, known)]
        if len(matching) != 1 or not differing:
            return shown
        shown = load_screens()[matching[0].screen or ""]
    return shown


def _agrees(way: Way, known: dict[str, Any]) -> bool:
    return all(known.get(fact) == value for fact, value in way.remember.items())


def _buttons(book: Book, ways: Iterable[Way]) -> Iterable[Draft]:
    for way in ways:
        remember = dict(way.remember)
        if way.screen:
            yield {"title": way.label, "payload": payload("open_screen", screen=way.screen, **remember)}
        elif way.entry and way.entry in book:
            title = way.label or book[way.entry].question
            yield {"title": title, "payload": payload("ask_faq", entry=way.entry, **remember)}
        elif way.intent:
            title = way.label or load_flows()[way.intent]
            yield {"title": title, "payload": payload(way.intent, **remember)}
