"""Understanding as a component of Rasa's graph: trained by `rasa train`, asked at every message."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from itertools import islice
from typing import Any

import structlog
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ENTITIES, INTENT, METADATA, METADATA_INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot import hall
from bot.history import last_reading, recent_readings, shown_before, shown_last
from bot.nlu.in_flow import current_run, route
from faq import trained
from faq.book import Book, load_files
from faq.ranking import INTENT as INTENT_KIND
from faq.ranking import OUTSIDE, Example, Ranker, label_of
from faq.reading import Choice, Context, Decision, Reading, Stage
from faq.understanding import Thresholds, Understanding, book_examples

log = structlog.get_logger()

_PAYLOAD = re.compile(r"/(?P<intent>[a-z_]+)(?P<values>\{.*\})?$", re.DOTALL)
REMEMBERED = ("province", "audience")  # slots that a reading fills

TOLD = ("flow", "subject", "org_real_name", "field", "choice")  # what a button tells a flow
LEANS_ON = 4  # messages back to which a message may refer without saying so; answers to a flow do not count
SHORT_REPLY = 12  # characters; "填好嘞", "点了" and the like are no longer

# Where a channel finds how its message was read, without loading the conversation again.
reading_taken: ContextVar[list[Reading] | None] = ContextVar("reading_taken", default=None)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class UnderstandingComponent(GraphComponent):
    """
    Learns from Rasa's training data and from the book, whose phrases Rasa itself would copy and count for half a minute.
    Sets `intent`, `entities` and `reading` of a message; the last holds everything that was decided and why.

    Asks the book that is published now. What it says, and what is asked in its very words, counts at once; when it is
    asked otherwise than the book trained on, a ranker for it is fitted in the background, and the trained one ranks
    meanwhile.
    """

    def __init__(self, model_storage: ModelStorage, resource: Resource) -> None:
        self._model_storage = model_storage
        self._resource = resource
        self._dialogue: list[Example] = []
        self._digest = ""
        self._model = hall.model()
        self._missing: str | None = None  # a model that was activated, and that this machine has not
        self._understanding: Understanding | None = None
        self._refitting = threading.Lock()

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> UnderstandingComponent:
        return cls(model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        """Let `rasa train` see that the book changed, whose examples are not among Rasa's training data."""
        return hashlib.sha256(repr(list(book_examples(load_files()))).encode()).hexdigest()

    def train(self, training_data: TrainingData) -> Resource:
        dialogue, book = list(_labelled(training_data)), load_files()
        ranker = Ranker().fit([*dialogue, *book_examples(book)])
        with self._model_storage.write_to(self._resource) as folder:
            ranker.save(folder / "ranker.joblib")
            (folder / "dialogue.json").write_text(json.dumps(dialogue, ensure_ascii=False), encoding="utf-8")
            (folder / "book.txt").write_text(book.digest, encoding="utf-8")
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> UnderstandingComponent:
        component = cls(model_storage, resource)
        with model_storage.read_from(resource) as folder:
            ranker = Ranker.load(folder / "ranker.joblib")
            dialogue = json.loads((folder / "dialogue.json").read_text(encoding="utf-8"))
            component._digest = (folder / "book.txt").read_text(encoding="utf-8")
        component._dialogue = [Example(*pair) for pair in dialogue]
        component._understanding = Understanding(hall.shelf().book(), ranker)
        component._go_over(hall.shelf().active().model)
        ranker.wake()  # now, not with the first person
        return component

    def process(self, messages: list[Message], tracker: DialogueStateTracker | None = None) -> list[Message]:
        for message in messages:
            reading = self._read(message, tracker)
            message.set(
                INTENT, {"name": reading.intent, "confidence": reading.confidence}, add_to_output=True
            )
            message.set(ENTITIES, list(_entities(reading)), add_to_output=True)
            message.set("reading", reading.as_dict(), add_to_output=True)
        return messages

    def understanding(self) -> Understanding:
        """Return the understanding of the book that is published now."""
        assert self._understanding is not None
        book, active = hall.shelf().book(), hall.shelf().active()
        thresholds = Thresholds.moved(active.thresholds)
        if book is not self._understanding.book or thresholds != self._understanding.thresholds:
            self._understanding = Understanding(book, self._understanding.ranker, thresholds)
        if (book.digest != self._digest or self._is_another(active.model)) and self._refitting.acquire(
            blocking=False
        ):
            threading.Thread(target=self._refit, args=(book, active.model), daemon=True).start()
        return self._understanding

    def _refit(self, book: Book, model: str | None) -> None:
        """Learn what is needed to read for this book by this model, while the ranker of before reads on."""
        try:
            self._go_over(model)
            assert self._understanding is not None
            if book.digest != self._digest:
                known = self._understanding.ranker.vectors
                ranker = Ranker().fit([*self._dialogue, *book_examples(book)], known)
                self._understanding = Understanding(book, ranker, self._understanding.thresholds)
                self._digest = book.digest
                log.info("book.refitted", version=book.version)
        finally:
            self._refitting.release()

    def _is_another(self, model: str | None) -> bool:
        return None not in (self._model, model) and model not in (self._model, self._missing)

    def _go_over(self, model: str | None) -> None:
        """Read by the model that staff have activated, where this process may and has its file."""
        if not self._is_another(model):
            return
        assert self._understanding is not None
        try:
            chosen = trained.chosen(model)
        except trained.NoModel:
            self._missing = model
            log.error("model.missing", model=model, answering=self._model)
            return
        self._dialogue, self._digest, self._model = list(chosen.dialogue), chosen.digest, model
        before = self._understanding
        self._understanding = Understanding(before.book, chosen.ranker, before.thresholds)
        log.info("model.activated", model=model)

    def _read(self, message: Message, tracker: DialogueStateTracker | None) -> Reading:
        about = message.get(METADATA) or {}
        text = message.get(TEXT) or ""
        context = _context(about, tracker)
        if about.get("option"):
            reading = self._read_option(text, about["option"], context)
        else:
            reading = self.understanding().read(text, context)
        reading = _with_what_was_shown(reading, tracker)
        if tracker is not None:
            reading = route(reading, tracker, signed_in=bool(about.get("signed_in")))
        if about.get("large"):
            reading = self._step_by_step(reading)
        taken = reading_taken.get()
        if taken is not None:
            taken.append(reading)
        return reading

    def _step_by_step(self, reading: Reading) -> Reading:
        """In large mode (大字) an answer in steps begins with its first, and waits."""
        entry = self.understanding().book[reading.entry] if reading.entry else None
        if reading.intent in ("ask_faq", "ask_and_offer") and entry and len(entry.steps) > 1:
            reading.step = 0
        return reading

    def _read_option(self, text: str, payload: str, context: Context) -> Reading:
        """Read a button: Rasa's payload form, `/intent{"entity": "value"}`, which only channels can send."""
        parts = _PAYLOAD.match(payload)
        values = json.loads(parts["values"] or "{}") if parts else {}
        intent = parts["intent"] if parts else "nonsense"
        if intent == "clarify":
            return self.understanding().choose(Choice(remember=values), context, text=text)
        if intent == "ask_faq":
            choice = Choice(entry=values.get("entry"), remember=values)
            if choice.entry in self.understanding().book:
                return self.understanding().choose(choice, context, text=text)
            intent = "entry_withdrawn"
        return Reading(
            text,
            text,
            Decision.CHAT,
            Stage.OPTION,
            intent,
            screen=values.get("screen"),
            province=values.get("province", context.province),
            audience=values.get("audience", context.audience),
            told={name: str(value) for name, value in values.items() if name in TOLD},
        )


def _labelled(training_data: TrainingData) -> Iterator[Example]:
    """Yield the dialogue's examples, labelled by their intent, or by the subject of what lies outside."""
    for message in training_data.intent_examples:
        about = (message.get(METADATA) or {}).get(METADATA_INTENT) or {}
        subject = about.get("subject")
        yield Example(
            message.get(TEXT),
            label_of(OUTSIDE, subject) if subject else label_of(INTENT_KIND, message.get(INTENT)),
        )


def _entities(reading: Reading) -> Iterator[dict[str, Any]]:
    told = {**{name: getattr(reading, name) for name in REMEMBERED}, **reading.told}
    for name, value in told.items():
        if value:
            yield {"entity": name, "value": value, "start": 0, "end": 0}


def _context(about: dict[str, Any], tracker: DialogueStateTracker | None) -> Context:
    """Put together what is known: the conversation's slots, then the page's province, then the last question back."""
    province, audience = about.get("province"), None
    if tracker is None:
        return Context(province=province)
    province = tracker.get_slot("province") or province
    audience = tracker.get_slot("audience")
    last = last_reading(tracker) or {}
    offered = tuple(Choice(**choice) for choice in last.get("choices") or ())
    return Context(
        province=province,
        audience=audience,
        last_entry=_last_entry(tracker),
        last_step=last.get("step"),
        offered=offered,
        asked=last.get("cleaned"),
    )


def _last_entry(tracker: DialogueStateTracker) -> str | None:
    """Return the newest entry among the last few readings; none while a flow asks, for its questions come first."""
    run = current_run(tracker)
    if run and not run["offered"]:
        return None
    asked = (reading for reading in recent_readings(tracker) if reading["intent"] != "inform")
    recent = islice(asked, LEANS_ON)
    return next((reading["entry"] for reading in recent if reading.get("entry")), None)


def _means_go_on(reading: Reading) -> bool:
    unclear = reading.decision in (Decision.NONE, Decision.WHICH) or reading.intent == "affirm"
    return unclear and reading.stage is Stage.RANK and len(reading.cleaned) <= SHORT_REPLY


def _with_what_was_shown(reading: Reading, tracker: DialogueStateTracker | None) -> Reading:
    """Let 上一步, 再说一遍 and 下一步 point to what the person has seen; who goes step by step says "done" in many ways."""
    if tracker is None:
        return reading
    last = last_reading(tracker) or {}
    if last.get("step") is not None and _means_go_on(reading):
        reading.decision, reading.intent, reading.choices, reading.ask = Decision.CHAT, "say_steps", [], None
    if reading.intent not in ("step_back", "repeat_that", "say_steps"):
        return reading
    shown, asked = (
        shown_before(tracker) if reading.intent == "step_back" else shown_last(tracker),
        reading.step,
    )
    if shown:
        reading.entry, reading.screen, reading.step = shown.entry, shown.screen, shown.step
    if reading.intent == "say_steps" and shown and shown.entry:
        reading.step = asked if asked is not None else 0 if shown.step is None else shown.step + 1
    return reading
