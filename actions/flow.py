"""
What every flow shares: its questions, how they are answered, corrected, taken back and left.

A flow says what it needs as a list of fields that depends on what is known; the runner asks for the first that is
missing, hears whatever a message carries, reads back what it is about to do, and does it once.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import yaml

from faq.clean import clean
from faq.entities import Value, without_values
from hrss import proofs
from hrss.attempts import Checked
from hrss.errors import ProofNeeded, Refusal, SystemAway
from hrss.hall import Hall
from hrss.vault import Vault

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

T = TypeVar("T")

REMEMBERED = (
    "person_name",
    "certificate",
    "phone",
    "org_number",
    "org_name",
)  # kept for the questions to come
# Masked at the door because they were asked for: as the question, or as one of those that may be answered with it.
ASKED_AT_THE_DOOR, ASKED_ALONG = (
    ("sms_code", "security_answer", "grant_code", "certificate"),
    ("certificate",),
)
GIVEN = "given"  # stands for an answer that is not kept, or need not be asked for
MOST_FAILURES = 3  # of one question in a row; then the flow offers another way instead of asking again


@dataclass
class Run:
    """
    One run of a flow, as the conversation keeps it between turns: in the slot `flow`, as JSON, with tokens for values.

    `asked` is the question that waits for an answer; `offered` that the person has not asked for the flow yet;
    `expects` tells understanding what an answer looks like; `question` what to say again after an interruption.
    `known` outlives the run: nobody is asked again for what they have given. `follow_ups` stay after it, until the next:
    what people say about what was just done, and the intent that it has then.
    """

    stem: str | None = None
    id: str = ""
    values: dict[str, str] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    prepared: dict[str, str] = field(default_factory=dict)
    asked: str | None = None
    offered: bool = False
    confirmed: bool = False
    failures: int = 0
    expects: dict[str, Any] = field(default_factory=dict)
    question: dict[str, Any] = field(default_factory=dict)
    blanks: dict[str, dict[str, str]] = field(default_factory=dict)
    follow_ups: list[dict[str, str]] = field(default_factory=list)

    @classmethod
    def from_slot(cls, text: str | None) -> Run:
        return cls(**json.loads(text)) if text else cls()

    def as_slot(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    def begin(self, stem: str, values: Mapping[str, str], *, turn: str, offered: bool) -> None:
        """Begin a run named for the turn that began it: taken in again after a crash, it has the same keys."""
        self._become(
            Run(
                stem=stem,
                id=turn,
                values=dict(values),
                known=self._all_known(),
                offered=offered,
            )
        )

    def end(self) -> None:
        self._become(Run(known=self._all_known()))

    def _all_known(self) -> dict[str, str]:
        return {**self.known, **{name: value for name, value in self.values.items() if value != GIVEN}}

    def _become(self, other: Run) -> None:
        vars(self).update(vars(other))


@dataclass(frozen=True)
class Way:
    """
    A value that a question offers as a button, and how it is said in words (a regular expression).

    `style` is `primary` for the one that goes on, where it should stand out, and `tick` for one that is a box to tick.
    """

    value: str
    label: str
    said: str
    style: str | None = None


@cache
def ways(name: str) -> tuple[Way, ...]:
    """Return the answers that a question offers; they stand in `actions/choices.yml`."""
    body = yaml.safe_load((Path(__file__).parent / "choices.yml").read_text(encoding="utf-8"))
    return tuple(Way(**way) for way in body[name])


@dataclass(frozen=True)
class Field:
    """
    One thing a flow needs.

    `kinds` are the values of a message that fill it (`faq.entities`); `choices` names its buttons, `own_choices`
    those that depend on the person's records. `parse` proves a value and raises a refusal; `prepare` does what must
    be done before asking, such as sending a code, anew whenever what is known has changed, and returns the blanks of
    the question; `check` tries an answer and returns a refusal where the try counts. `remember` keeps the value for
    the flows that follow. `question` names the sentence that asks, or finds its name, where it is not the field's own. `anywhere`: a choice is
    heard wherever it is said, not only in answer to the question; `many`: every value of a message is taken, one after the
    other; `single`: the only one of its own choices is taken without asking.
    """

    name: str
    kinds: tuple[str, ...] = ()
    choices: tuple[Way, ...] = ()
    own_choices: Callable[[Step], tuple[Way, ...]] | None = None
    parse: Callable[[str], object] | None = None
    prepare: Callable[[Step], dict[str, str] | None] | None = None
    check: Callable[[Step, str], Checked] | None = None
    settled: Callable[[Step], bool] | None = None  # nothing need be asked: proven before
    free: str | None = None  # what a text must look like to be the answer as it stands (a regular expression)
    remember: bool = False
    secret: bool = False  # neither kept in the run nor shown
    question: str | Callable[[Step], str] | None = None
    anywhere: bool = False
    many: bool = False
    single: bool = False


@dataclass
class Step:
    """What a flow may use while one message is handled."""

    session: Session
    hall: Hall
    vault: Vault
    conversation_id: str
    province: str
    turn: str
    now: dt.datetime
    run: Run
    say: Callable[..., None]

    def show(self, response: str, card: Mapping[str, Any], **facts: Any) -> None:
        """Say something that richer channels show as a card: its `kind` and parts."""
        self.say(response, json_message=dict(card), **facts)

    def value(self, name: str) -> str:
        """Return a value in clear, for the business; it goes no further."""
        return self.clear(self.run.values[name])

    def clear(self, heard: str) -> str:
        if heard.startswith("〔"):
            return self.vault.resolve(self.session, self.conversation_id, heard)
        return heard

    def given(self, **names: str) -> dict[str, str]:
        """Return values in clear under the names that the business has for them."""
        return {its_name: self.value(name) for its_name, name in names.items()}

    def do(self, write: Callable[..., T], *, key: str, **given: Any) -> T:
        """Have the business write something, once under this key."""
        return write(self.session, self.hall, self.conversation_id, key=key, now=self.now, **given)

    def key(self, what: str) -> str:
        """Return the idempotency key of one intended write: the same message delivered again has the same."""
        return f"{self.run.id}:{what}"

    def key_of_try(self, what: str) -> str:
        return f"{self.run.id}:{self.turn}:{what}"


@dataclass(frozen=True)
class Begin:
    """The flow that comes next, with what it need not ask."""

    stem: str
    values: Mapping[str, str] = field(default_factory=dict)


class Flow(ABC):
    """A thing the bot does. Abstract, and no Rasa action: `actions/go_on.py` runs them all."""

    stem: ClassVar[str]
    confirm: ClassVar[str] = "confirm"  # how its read-back is answered, in `actions/choices.yml`
    follow_ups: ClassVar[str | None] = None  # what people ask right after it, and the intent it has, ibidem
    remarks: ClassVar[str | None] = None  # what they say in the middle that has a sentence of its own, ibidem

    @abstractmethod
    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        """Yield what is needed, in order, given what is known so far."""

    @abstractmethod
    def act(self, step: Step) -> Begin | None:
        """Do it, and say what came of it; return the flow that goes on from there, if there is one."""

    def allowed(self, step: Step) -> None:  # noqa: B027  # most flows are everybody's
        """Raise the refusal of someone who may not do this at all, or not with the account they use now."""

    def is_worth_offering(self, step: Step) -> bool:
        """Whether someone who asked the book about it is asked whether to go on with it."""
        return True

    def first(self, step: Step) -> Begin | None:
        """Return the flow that has to come before this one, given what is known."""
        return None

    def summary(self, step: Step) -> dict[str, str] | None:
        """Return the blanks of the read-back; None where nothing is written."""
        return None

    def read_back(self, step: Step) -> str:
        """Return the sentence that reads back what is about to be done."""
        return f"utter_confirm_{self.stem}"

    def has_another_way(self, step: Step, refused: Refusal) -> bool:
        """Open another way after a refusal; False where the flow ends with it."""
        return False

    def too_many_failures(self, step: Step, asked: Field) -> bool:
        """Open another way after `MOST_FAILURES`; False where there is none and the flow ends."""
        return False


class Runner:
    """Takes a run one message further."""

    def __init__(self, flows: Mapping[str, Flow], step: Step, responses: Mapping[str, Any]) -> None:
        self.flows, self.step, self.run = flows, step, step.run
        self._responses = responses
        self._proven_anew = False

    @property
    def flow(self) -> Flow:
        return self.flows[self.run.stem or ""]

    @property
    def confirm(self) -> Field:
        return Field("confirm", choices=ways(self.flow.confirm))

    @property
    def offer(self) -> Field:
        own = f"utter_offer_{self.flow.stem}"
        question = own if own in self._responses else "utter_offer"
        return Field("offer", choices=ways("offer"), question=question)

    def hear(self, values: list[Value], text: str, replies: set[str]) -> None:
        """Fill what the message answers; what it answers wrongly is explained, and asked again."""
        if self.listen(values, text, replies) or self.run.asked is None:
            return
        for remark in ways(self.flow.remarks) if self.flow.remarks else ():
            if re.search(remark.said, clean(text)):
                self.step.say(remark.value)
                return
        self._not_understood()

    def open(self, values: list[Value], text: str) -> None:
        """
        Take what the message that led to the flow says beyond that.

        A flow that was only offered begins when the message says how it is to be done; numbers alone begin nothing.
        """
        offered = self.run.offered
        before = len(self.run.order)
        self.listen(values, text, set())
        chosen = {field.name for field in self._wanted() if field.choices or field.own_choices} & set(
            self.run.order[before:]
        )
        self.run.offered = offered and not chosen

    def listen(self, values: list[Value], text: str, replies: set[str]) -> bool:
        """Take what a message carries; return whether it carried anything."""
        if "resend" in replies and self.run.asked in self.run.prepared:
            self.run.prepared.pop(self.run.asked)
            return True
        if self.run.offered and "yes" in replies and not self._is_chosen(text):
            self.run.offered = False
            return True
        heard = False
        taken: set[Value] = set()
        for wanted in self._wanted():
            value = self._meant(wanted, values, text, replies, taken)
            if value is None:
                continue
            heard = True
            if self.run.values.get(wanted.name) == value:
                continue
            self._take(wanted, value)
            if self.run.stem is None:
                return True  # they do not want it
            more = [
                each for each in values if wanted.many and each.kind in wanted.kinds and each not in taken
            ]
            for each in more:
                taken.add(each)
                self._take(wanted, each.value)
        for carried in values:
            if carried not in taken and carried.kind in REMEMBERED:
                self.run.known[carried.kind] = carried.value
                heard = True
        if heard:
            self.run.offered = False
        return heard

    def _is_chosen(self, text: str) -> bool:
        """Whether a text names one of the choices of the question: then it is no mere "yes" to the offer."""
        asked = next((wanted for wanted in self._wanted() if wanted.name == self.run.asked), None)
        return asked is not None and self._meant(asked, [], text, set(), set()) is not None

    def go_on(self) -> None:
        """Ask for what is missing, or read back, or act; what the business refuses meanwhile ends the run."""
        if self.run.stem is None or not self._is_allowed():
            return
        try:
            if before := self.flow.first(self.step):
                self._begin(before)
            else:
                self._ask_or_act()
        except ProofNeeded as needed:
            self._prove_anew(needed)
        except SystemAway:
            raise  # nothing of this message counts: said again later, it may be done
        except Refusal as refused:
            self._say_no(refused)
            self.run.end()

    def _ask_or_act(self) -> None:
        for wanted in self.flow.fields(self.run.values):
            if wanted.name in self.run.values:
                continue
            if wanted.single and len(only := self._choices(wanted)) == 1:
                self._take(wanted, only[0].value)
                if wanted.name in self.run.values:
                    continue
            if wanted.settled and wanted.settled(self.step):
                self.run.values[wanted.name] = GIVEN
                continue
            remembered = self.run.known.get(wanted.name)
            if wanted.remember and remembered is not None:
                self._take(wanted, remembered)
                if wanted.name in self.run.values:
                    continue
            if self.run.offered and not (wanted.choices or wanted.own_choices):
                self._ask(self.offer)  # nothing is asked, sent or done for someone who has not said yes
            elif self._prepare(wanted):
                self._ask(wanted)
            return
        if self.run.offered:
            self._ask(self.offer)
            return
        summary = self.flow.summary(self.step)
        if summary is not None and not self.run.confirmed:
            self._ask(self.confirm, self.flow.read_back(self.step), summary)
            return
        self._act()

    def _prove_anew(self, needed: ProofNeeded) -> None:
        """Ask now what a proof had spared the person that has ended since."""
        settled = [name for name, value in self.run.values.items() if value == GIVEN]
        if not settled or self._proven_anew:
            self._say_no(needed)
            self.run.end()
            return
        self._proven_anew = True
        self.step.say("utter_flow_proof_ended")
        for name in settled:
            del self.run.values[name]
            self.run.prepared.pop(name, None)
        self.run.confirmed = False
        self.go_on()

    def _act(self) -> None:
        """Do it; what the business refuses leaves nothing half done, and ends the run unless there is another way."""
        try:
            with self.step.session.begin_nested():
                after = self.flow.act(self.step)
        except (ProofNeeded, SystemAway):
            raise
        except Refusal as refused:
            self._say_no(refused)
            self.run.confirmed = False
            if self.flow.has_another_way(self.step, refused):
                self.go_on()
                return
            self.run.end()
            return
        if after is None:
            about = ways(self.flow.follow_ups) if self.flow.follow_ups else ()
            self.run.end()
            self.run.follow_ups = [{"said": each.said, "intent": each.value} for each in about]
        else:
            self._begin(after)

    def _begin(self, what: Begin) -> None:
        self.run.begin(what.stem, what.values, turn=f"{self.step.turn}:{what.stem}", offered=False)
        self.go_on()

    def _is_allowed(self) -> bool:
        """Say why not, and end; to a stranger who did not ask for it, as an invitation and only where there is one."""
        if self.run.offered and not self.flow.is_worth_offering(self.step):
            self.run.end()
            return False
        try:
            self.flow.allowed(self.step)
        except Refusal as refused:
            step, invitation = self.step, f"utter_offer_refused_{refused.key}"
            if not self.run.offered or proofs.signed_in(step.session, step.conversation_id):
                self._say_no(refused)
            elif invitation in self._responses:
                step.say(invitation, **refused.facts)
            self.run.end()
            return False
        return True

    def _heard_anywhere(self) -> Iterator[Way]:
        for wanted in self._wanted():
            if wanted.anywhere:
                yield from self._choices(wanted)

    def back(self) -> None:
        """Take back the last answer."""
        self.run.confirmed = False
        if self.run.order:
            last = self.run.order.pop()
            self.run.values.pop(last, None)
            self.run.known.pop(last, None)
            self.run.prepared.clear()
        else:
            self.step.say("utter_flow_at_start")

    def _wanted(self) -> list[Field]:
        """Return the fields that a message may fill: the one asked for first, then the others, answered or not."""
        for own in (self.confirm, self.offer):
            if self.run.asked == own.name:
                return [own, *self.flow.fields(self.run.values)]
        fields = list(self.flow.fields(self.run.values))
        return sorted(fields, key=lambda wanted: wanted.name != self.run.asked)

    def _meant(
        self,
        wanted: Field,
        values: list[Value],
        text: str,
        replies: set[str],
        taken: set[Value],
    ) -> str | None:
        """Return the part of a message that answers this question: a button, a value, a choice in words, or all of it."""
        chosen = [value for value in values if value.kind == f"choice {wanted.name}"]
        fitting = chosen or [value for value in values if value.kind in wanted.kinds and value not in taken]
        if fitting:
            taken.add(fitting[0])
            return fitting[0].value
        if wanted.name != self.run.asked and not wanted.anywhere:
            return None
        # of several choices named, the last is meant: "no text message came, so by card then"
        spoken, offered = clean(without_values(text)), self._choices(wanted)
        named = {found.end(): way for way in offered for found in re.finditer(way.said, spoken)}
        if named:
            return named[max(named)].value
        if wanted.name != self.run.asked:
            return None
        replied = [way.value for way in offered if way.value in replies]
        if replied:
            return replied[0]
        if wanted.free and re.fullmatch(wanted.free, text.strip()) and not replies & {"cancel", "back"}:
            return text.strip()
        return None

    def _choices(self, wanted: Field) -> tuple[Way, ...]:
        if wanted.own_choices is None:
            return wanted.choices
        try:
            return wanted.own_choices(self.step)
        except ProofNeeded:
            return ()  # it ended meanwhile; who they are is asked anew before anything is done

    def _take(self, wanted: Field, value: str) -> None:
        step, run = self.step, self.run
        if wanted.name == self.offer.name:
            run.offered = False
            if value == "no":
                step.say("utter_flow_cancelled")
                run.end()
            return
        if wanted.name == self.confirm.name:
            if value == "yes":
                run.confirmed = True
            elif run.order and value != "stop":
                step.say("utter_flow_what_to_change")
            else:
                step.say("utter_flow_cancelled")
                run.end()
            return
        try:
            if wanted.parse:
                wanted.parse(step.clear(value))
        except Refusal as refused:
            self._refused(wanted, refused)
            return
        if wanted.check and not (wanted.settled and wanted.settled(step)):
            try:
                checked = wanted.check(step, step.clear(value))
            except ProofNeeded:
                return  # it is asked for anew before anything is done
            if checked.refusal:
                self._refused(wanted, checked.refusal)
                return
        if wanted.name in run.values:
            # a correction: what was built on the old value is done anew
            run.confirmed = False
        run.values[wanted.name] = GIVEN if wanted.secret else value
        run.order = [*(name for name in run.order if name != wanted.name), wanted.name]
        run.failures = 0
        if wanted.remember:
            run.known[wanted.name] = value

    def _say_no(self, refused: Refusal) -> None:
        self.step.say(f"utter_refused_{refused.key}", **refused.facts)

    def _refused(self, wanted: Field, refused: Refusal) -> None:
        self._say_no(refused)
        self.run.known.pop(wanted.name, None)
        self.run.values.pop(wanted.name, None)
        self._failed(wanted)

    def _not_understood(self) -> None:
        if self.run.offered:
            self.run.end()
            return
        asked = next((wanted for wanted in self._wanted() if wanted.name == self.run.asked), self.confirm)
        self.step.say("utter_flow_not_understood")
        self._failed(asked)

    def _failed(self, wanted: Field) -> None:
        self.run.failures += 1
        if self.run.failures < MOST_FAILURES:
            return
        self.run.failures = 0
        if not self.flow.too_many_failures(self.step, wanted):
            self.step.say("utter_flow_given_up")
            self.run.end()

    def _prepare(self, wanted: Field) -> bool:
        """Do what must be done before asking; a refusal there is said, and ends the run unless there is another way."""
        if wanted.prepare is None:
            return True
        built_on = json.dumps({k: v for k, v in self.run.values.items() if k != wanted.name}, sort_keys=True)
        if self.run.prepared.get(wanted.name) == built_on:
            return True
        try:
            with self.step.session.begin_nested():
                self.run.blanks[wanted.name] = wanted.prepare(self.step) or {}
        except Refusal as refused:
            self._say_no(refused)
            if self.flow.too_many_failures(self.step, wanted):
                self.go_on()
            else:
                self.run.end()
            return False
        self.run.prepared[wanted.name] = built_on
        return True

    def _ask(
        self, wanted: Field, response: str | None = None, facts: Mapping[str, str] | None = None
    ) -> None:
        run = self.run
        own = f"utter_ask_{self.flow.stem}_{wanted.name}"
        named = wanted.question(self.step) if callable(wanted.question) else wanted.question
        asking = named or (own if own in self._responses else f"utter_ask_{wanted.name}")
        offered = self._choices(wanted)
        blanks = dict(facts or run.blanks.get(wanted.name, {}))
        buttons = [
            {
                "title": way.label,
                "payload": _payload(wanted.name, way.value),
                **({"style": way.style} if way.style else {}),
            }
            for way in offered
        ]
        remarks = ways(self.flow.remarks) if self.flow.remarks else ()
        run.asked = wanted.name
        run.expects = {
            "kinds": sorted({*REMEMBERED, *(kind for each in self._wanted() for kind in each.kinds)}),
            "said": [way.said for way in (*offered, *remarks, *self._heard_anywhere())],
            "free": wanted.free,
        }
        along = {kind for each in self.flow.fields(run.values) for kind in each.kinds}
        asks = [
            kind
            for kind in ASKED_AT_THE_DOOR
            if kind in wanted.kinds or (kind in ASKED_ALONG and kind in along and kind not in run.values)
        ]
        kind_of_question = "consent" if wanted.name == "consent" else "form_hint"
        hint = {"asks": asks, "field": wanted.name, "kind": kind_of_question}
        run.question = {"response": response or asking, "facts": blanks, "buttons": buttons, "hint": hint}
        self.step.say(response or asking, buttons=buttons, json_message=hint, **blanks)


def _payload(name: str, value: str) -> str:
    return f'/inform{{"field": "{name}", "choice": "{value}"}}'
