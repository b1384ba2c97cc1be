"""One decision a message: clean, error message, exact, rank, decide."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from faq.book import HERE, Book, Entry, read_yaml, stated_facts
from faq.clean import clean, heard, heard_in_book, letters, plain
from faq.entities import introduces, without_values
from faq.followups import (
    SHORT,
    Exchange,
    asks_what_else,
    exchanged,
    leaning,
    nexts,
    offered_place,
    says_it_did_not_help,
    step_asked,
    without_pointing,
)
from faq.mentions import mentions
from faq.messages import recognise
from faq.near import telling_apart
from faq.places import OTHER, SERVED, name_of, province_of
from faq.ranking import ENTRY, INTENT, OUTSIDE, VAGUE, Example, Ranker, label_of
from faq.reading import Choice, Context, Decision, Reading, Stage

TOO_LONG = 500  # characters of the plain text; a question says what it wants well before that
BEST = 5  # candidates kept with a reading
ELSEWHERE = 0.1  # of the probability of an entry of the other hall
MOST_CHOICES = 3  # of a question back that is made from the ranking

_MARKUP = re.compile(
    r"^\s*[/／]\s*[a-z_]+|<\s*/?\s*[a-z!][^>]{0,200}>|\b(select|insert|update|delete|drop|union|alter)\b.{0,80}"
    r"\b(from|into|table|set|select|where)\b|\{\{|\$\{|--\s*$|javascript:|\bor\s+1\s*=\s*1",
    re.IGNORECASE | re.DOTALL,
)
_ORDINAL = re.compile(r"^第?([一二三四1-4])(个|条|项|种)?(吧|呢|那个)?$")
_ORDINALS = {"一": 0, "二": 1, "三": 2, "四": 3, "1": 0, "2": 1, "3": 2, "4": 3}


@dataclass(frozen=True)
class Thresholds:
    """
    The probabilities at which a reading is decided, in one place; calibrated on held-out folds of the book's phrases.

    An entry is answered from `sure`, or from `likely` when it leads the next one by `lead`; below `unknown` for all
    entries together nothing of the book is meant.
    """

    sure: float = 0.70
    likely: float = 0.45
    lead: float = 0.30
    unknown: float = 0.40
    chat: float = 0.40
    vague: float = 0.40
    worth_offering: float = 0.06

    @classmethod
    def moved(cls, moved: Mapping[str, float]) -> Thresholds:
        """Return those of the program, but for what staff have moved."""
        known = vars(cls())
        return cls(**{**known, **{name: value for name, value in moved.items() if name in known}})

    def answers(self, confidence: float, second: float) -> bool:
        """Return whether an entry is answered at this probability, when the next one has that."""
        return confidence >= self.sure or (confidence >= self.likely and confidence - second >= self.lead)


@dataclass(frozen=True)
class Clarification:
    """
    A question back for what people say too vaguely to answer.

    `ask_here` is asked instead where the province is known, and the question would ask for it, or for what only one has.
    """

    id: str
    ask: str
    choices: tuple[Choice, ...]
    phrases: tuple[str, ...]
    ask_here: str | None = None


@cache
def load_clarifications() -> dict[str, Clarification]:
    return {
        body["id"]: Clarification(
            id=body["id"],
            ask=body["ask"],
            choices=tuple(Choice(**choice) for choice in body["choices"]),
            phrases=tuple(body["phrases"]),
            ask_here=body.get("ask_here"),
        )
        for body in read_yaml(HERE / "clarifications.yml")
    }


def book_examples(book: Book) -> Iterable[Example]:
    """Yield what the book teaches: every question and phrase of its entries, and of the questions back."""
    for entry in book:
        for said in entry.said():
            yield Example(said, label_of(ENTRY, entry.id))
    for clarification in load_clarifications().values():
        for said in clarification.phrases:
            yield Example(said, label_of(VAGUE, clarification.id))


def _without_introduction(text: str) -> str | None:
    """Return the cleaned text without the values and their names when it gives several: those say who someone is."""
    return clean(without_values(text)) if introduces(text) else None


class Understanding:
    """
    Reads messages against one version of the book.

    `ranker` was trained on the book's examples and on those of the dialogue's intents; entries that the book no
    longer has, or has switched off, are never returned. `exact` is what counts word for word: all of the book's examples.
    """

    def __init__(
        self,
        book: Book,
        ranker: Ranker,
        thresholds: Thresholds | None = None,
        *,
        exact: Iterable[Example] | None = None,
    ) -> None:
        self.book = book
        self.ranker = ranker
        self.thresholds = thresholds or Thresholds()
        self._exact: dict[str, list[str]] = {}
        self._sole: dict[tuple[str | None, str | None], Mapping[str, str]] = {}
        for example in book_examples(book) if exact is None else exact:
            known = self._exact.setdefault(heard_in_book(example.text), [])
            if example.label not in known:
                known.append(example.label)

    def read(self, text: str, context: Context | None = None) -> Reading:
        started = time.perf_counter()
        reading = self._read(text, context or Context())
        reading.milliseconds = round((time.perf_counter() - started) * 1000, 3)
        return reading

    def _read(self, text: str, context: Context) -> Reading:
        if len(plain(text)) >= TOO_LONG:
            return Reading(text, "", Decision.CHAT, Stage.CLEAN, "too_long")
        cleaned = clean(text)
        if _MARKUP.search(text):
            return self._with_candidates(
                Reading(text, cleaned, Decision.CHAT, Stage.CLEAN, "injection"), context
            )
        if not letters(cleaned):
            intent = "bare_value" if letters(plain(text)) else "nonsense"
            return Reading(text, cleaned, Decision.CHAT, Stage.CLEAN, intent)

        chosen = self._choice_in_words(cleaned, context)
        if chosen:
            return self.choose(chosen, context, text=text)

        named = province_of(cleaned)
        province = named if named in SERVED else context.province
        context = replace(context, province=province)
        last = self.book.entries.get(context.last_entry or "")
        pointed = without_pointing(cleaned) if last else None
        asked = pointed or _without_introduction(text) or cleaned
        scores = self._with_one_meaning(self.ranker.scores(asked), context)
        if last:
            scores = leaning(scores, cleaned, last)
        candidates = self._candidates(scores, context)
        reading = Reading(
            text,
            cleaned,
            Decision.NONE,
            Stage.RANK,
            "out_of_scope",
            candidates=candidates[:BEST],
            province=province,
            audience=context.audience,
            facts=stated_facts(cleaned),
            thresholds=vars(self.thresholds).copy(),
        )

        if last and asks_what_else(cleaned) and (rest := self._what_else(reading, last, context)):
            return rest
        quoted = recognise(cleaned, province)
        if quoted and quoted.error.entry in self.book:
            reading.error = quoted.error.key
            return self._answer(reading, quoted.error.entry, quoted.score / 100, Stage.ERROR_MESSAGE)

        for label in self._exact.get(letters(cleaned), ()):
            kind, name = label.split(":", 1)
            if kind == ENTRY and self._fits(name, context):
                return self._answer(reading, name, 1.0, Stage.EXACT)
            if kind == VAGUE:
                reading.stage = Stage.EXACT
                return self._ask(reading, load_clarifications()[name], context)

        if named == OTHER:
            reading.intent = "other_province"
            return reading
        followed = self._follow_up(reading, last, context) if last else None
        if followed:
            return followed
        return self._decide(reading, scores, candidates, context)

    def _what_else(self, reading: Reading, last: Entry, context: Context) -> Reading | None:
        """Read a question for what is left to do: the next step of who goes one by one, or what comes after the entry."""
        if context.last_step is not None and context.last_step + 1 < len(last.steps):
            reading.decision, reading.intent, reading.stage = Decision.CHAT, "say_steps", Stage.FOLLOW_UP
            return reading
        following = nexts().get(last.id, "")
        return self._answer(reading, following, 1.0, Stage.FOLLOW_UP) if following in self.book else None

    def _follow_up(self, reading: Reading, last: Entry, context: Context) -> Reading | None:
        """Read what says nothing without the last answer; None when the text speaks for itself."""
        step = step_asked(reading.cleaned, last)
        if step is not None:
            reading.decision, reading.intent, reading.stage = Decision.CHAT, "say_steps", Stage.FOLLOW_UP
            reading.step = step if step >= 0 else None
            return reading
        if says_it_did_not_help(reading.cleaned):
            near = [Choice(entry=entry) for entry in last.related if entry in self.book][:MOST_CHOICES]
            if not near:
                return None
            reading.decision, reading.intent, reading.stage = Decision.WHICH, "ask_which", Stage.FOLLOW_UP
            reading.choices = near
            return reading
        exchange = exchanged(reading.cleaned, last)
        if not exchange:
            return None
        context = Context(province=exchange.province, audience=exchange.audience or context.audience)
        again = self._read(exchange.question, context)
        if again.decision is Decision.WHICH:
            again.choices = [choice for choice in again.choices if self._is_meant(choice, last, exchange)]
            if len(again.choices) == 1:
                again = self._answer(again, again.choices[0].entry or "", again.confidence, Stage.FOLLOW_UP)
                again.choices, again.ask = [], None
        if again.entry == last.id or not (again.entry or again.choices):
            return None
        again.text, again.stage = reading.text, Stage.FOLLOW_UP
        return again

    def _is_meant(self, choice: Choice, last: Entry, exchange: Exchange) -> bool:
        entry = self.book.entries.get(choice.entry or "")
        return (
            entry is not None
            and entry.id != last.id
            and exchange.province in (None, entry.province)
            and (exchange.audience is None or entry.audience in (exchange.audience, "both"))
        )

    def choose(self, choice: Choice, context: Context, *, text: str = "") -> Reading:
        """Read a choice that a question back offered: an entry, or something to remember before asking again."""
        context = replace(
            context,
            province=choice.remember.get("province", context.province),
            audience=choice.remember.get("audience", context.audience),
        )
        if choice.entry:
            reading = Reading(
                text,
                clean(text),
                Decision.ANSWER,
                Stage.OPTION,
                "ask_faq",
                province=context.province,
                audience=context.audience,
            )
            return self._answer(reading, choice.entry, 1.0, Stage.OPTION)
        again = self._read(context.asked or text, replace(context, offered=(), asked=None))
        again.text = text
        return again

    def _decide(
        self,
        reading: Reading,
        scores: Mapping[str, float],
        candidates: list[tuple[str, float]],
        context: Context,
    ) -> Reading:
        limits = self.thresholds
        kinds = _by_kind(scores)
        chats, vague, outside = kinds[INTENT], kinds[VAGUE], kinds[OUTSIDE]
        best_chat = max(chats, key=chats.__getitem__, default=None)
        best_vague = max(vague, key=vague.__getitem__, default=None)
        too_vague = sum(vague.values())
        inside = sum(kinds[ENTRY].values()) + too_vague
        top, confidence = candidates[0] if candidates else (None, 0.0)
        second = candidates[1][1] if len(candidates) > 1 else 0.0

        if best_chat and chats[best_chat] >= limits.chat and chats[best_chat] > confidence:
            reading.decision, reading.intent = Decision.CHAT, best_chat
            reading.confidence = chats[best_chat]
            return reading
        if inside < limits.unknown or top is None:
            reading.confidence = 1 - inside
            if outside:
                reading.subject = max(outside, key=outside.__getitem__)
            return reading
        # near questions back share what is vague between them, so together they decide and the best one asks
        if best_vague and too_vague >= limits.vague and too_vague > confidence:
            reading.confidence = too_vague
            return self._ask(reading, load_clarifications()[best_vague], context)
        if limits.answers(confidence, second):
            return self._answer(reading, top, confidence, Stage.RANK)
        if stated := self._stated(candidates, reading.facts):
            return self._answer(reading, stated, confidence, Stage.RANK)
        offered = [entry for entry, score in candidates if score >= limits.worth_offering][:MOST_CHOICES] or [
            top
        ]
        reading.decision, reading.intent, reading.confidence = Decision.WHICH, "ask_which", confidence
        reading.choices = [Choice(entry=entry) for entry in offered]
        elsewhere = self._of_the_other_province(scores, context)
        here = scores[label_of(ENTRY, top)]
        if here < limits.worth_offering and elsewhere and elsewhere[1] >= limits.likely:
            reading.choices.append(Choice(entry=elsewhere[0], label=self._label_elsewhere(elsewhere[0])))
        about_the_last = self._near_the_last(reading.choices, reading, context)
        if about_the_last:
            reading.choices = []
            return self._answer(reading, about_the_last, confidence, Stage.FOLLOW_UP)
        two = telling_apart(offered)
        if two and len(reading.choices) == len(offered):
            reading.ask = two.ask
            reading.choices = [Choice(entry=entry, label=label) for entry, label in two.labels.items()]
        return reading

    def _stated(self, candidates: list[tuple[str, float]], facts: Mapping[str, object]) -> str | None:
        """Return the one likely entry whose conditions the text states: nobody is asked what they have just said."""
        stated = [
            name
            for name, score in candidates
            if score >= self.thresholds.likely
            and (when := self.book[name].when)
            and all(facts.get(fact) == value for fact, value in when.items())
        ]
        return stated[0] if len(stated) == 1 else None

    def _of_the_other_province(
        self, scores: Mapping[str, float], context: Context
    ) -> tuple[str, float] | None:
        """Return the best entry that does not hold where the person is: they may have come to the wrong page."""
        others = [
            (name, score)
            for name, score in _by_kind(scores)[ENTRY].items()
            if name in self.book and not self._fits(name, context)
        ]
        return max(others, key=lambda item: item[1], default=None)

    def _label_elsewhere(self, entry_id: str) -> str:
        """Return what a choice of the other province is called: nobody may take it for one of their own."""
        entry = self.book[entry_id]
        named = province_of(entry.question) == entry.province
        return entry.question if named else f"{name_of(entry.province)}：{entry.question}"

    def _answer(self, reading: Reading, entry_id: str, confidence: float, stage: Stage) -> Reading:
        entry_id = self.book.fitting(entry_id, reading.facts)
        entry = self.book[entry_id]
        reading.decision, reading.intent, reading.stage = Decision.ANSWER, "ask_faq", stage
        reading.entry, reading.confidence = entry_id, confidence
        reading.province = entry.province
        if entry.audience != "both":
            reading.audience = entry.audience
        others = [candidate for candidate in reading.candidates if candidate[0] != entry_id]
        if not reading.candidates or reading.candidates[0][0] != entry_id:
            reading.candidates = [(entry_id, confidence), *others][:BEST]
        return reading

    def _ask(self, reading: Reading, clarification: Clarification, context: Context) -> Reading:
        fitting = self._meanings(clarification, context)
        if len(fitting) == 1 and fitting[0].entry:
            return self._answer(reading, fitting[0].entry, reading.confidence, reading.stage)
        near = self._near_the_last(fitting, reading, context)
        if near:
            return self._answer(reading, near, reading.confidence, Stage.FOLLOW_UP)
        if not fitting:
            return self._ask_elsewhere(reading, clarification)
        reading.decision, reading.intent = Decision.WHICH, "ask_which"
        reading.ask, reading.choices = clarification.ask, fitting
        if context.province and clarification.ask_here:
            reading.ask = clarification.ask_here
        meant = [choice.entry for choice in fitting if choice.entry]
        ranked = dict(reading.candidates)
        meant.sort(key=lambda entry: -ranked.get(entry, 0.0))
        rest = [entry for entry in ranked if entry not in meant]
        reading.candidates = [(entry, ranked.get(entry, 0.0)) for entry in [*meant, *rest]][:BEST]
        return reading

    def _meanings(self, clarification: Clarification, context: Context) -> list[Choice]:
        """Return the choices that are left where the province or the audience is known."""
        fitting = [
            choice for choice in clarification.choices if choice.entry and self._fits(choice.entry, context)
        ]
        for_them = [c for c in fitting if self.book[c.entry or ""].audience in (context.audience, "both")]
        return for_them if context.audience and for_them else fitting

    def _with_one_meaning(self, scores: Mapping[str, float], context: Context) -> dict[str, float]:
        """Return the scores with those of a question back that leaves one meaning here given to what it means."""
        settled = dict(scores)
        for label, meant in self._sole_meanings(context).items():
            settled[meant] = settled.get(meant, 0.0) + settled.pop(label, 0.0)
        return settled

    def _sole_meanings(self, context: Context) -> Mapping[str, str]:
        """Return what the questions back mean of which one choice is left; found once for each place and audience."""
        here = (context.province, context.audience)
        if here not in self._sole:
            meanings = {each.id: self._meanings(each, context) for each in load_clarifications().values()}
            self._sole[here] = {
                label_of(VAGUE, name): label_of(ENTRY, left[0].entry or "")
                for name, left in meanings.items()
                if len(left) == 1
            }
        return self._sole[here]

    def _ask_elsewhere(self, reading: Reading, clarification: Clarification) -> Reading:
        """Offer what only the other hall has, under its province's name: they may have come to the wrong page."""
        there = [entry for choice in clarification.choices if (entry := choice.entry) and entry in self.book]
        if there:
            reading.decision, reading.intent = Decision.WHICH, "ask_which"
            reading.choices = [
                Choice(entry=entry, label=self._label_elsewhere(entry)) for entry in there[:MOST_CHOICES]
            ]
        return reading

    def _near_the_last(self, fitting: list[Choice], reading: Reading, context: Context) -> str | None:
        """Return what a short vague message means if just one of its meanings is about the last answer, or next to it."""
        last = self.book.entries.get(context.last_entry or "")
        goes_step_by_step = context.last_step is not None
        if not last or goes_step_by_step or len(letters(reading.cleaned)) > SHORT:
            return None
        near = [entry for choice in fitting if (entry := choice.entry) and self._is_near(entry, last)]
        return near[0] if len(near) == 1 else None

    def _is_near(self, entry: str, last: Entry) -> bool:
        return entry == last.id or entry in last.related or last.id in self.book[entry].related

    def _choice_in_words(self, cleaned: str, context: Context) -> Choice | None:
        """Return the offered choice that a short reply names by its label, its place or its province."""
        if not context.offered:
            return None
        said = letters(cleaned)
        ordinal = _ORDINAL.match(said)
        if ordinal and _ORDINALS[ordinal.group(1)] < len(context.offered):
            return context.offered[_ORDINALS[ordinal.group(1)]]
        place = offered_place(cleaned)
        if place is not None:
            return context.offered[place]
        if len(said) > 12:
            return None
        naming = [choice for choice in context.offered if self._names(said, choice)]
        return naming[0] if len(naming) == 1 else None

    def _names(self, said: str, choice: Choice) -> bool:
        words = heard(choice.label or (self.book[choice.entry].question if choice.entry else ""))
        if said in words and len(said) >= 2:
            return True
        if words in said:
            return True
        entry = self.book[choice.entry] if choice.entry else None
        if entry and entry.audience == "person" and re.search(r"个人|自己|本人|我的$", said):
            return True
        if entry and entry.audience == "org" and re.search(r"单位|公司|企业|厂", said):
            return True
        return bool(entry and province_of(said) == entry.province)

    def _fits(self, entry_id: str, context: Context) -> bool:
        return entry_id in self.book and context.province in (None, self.book[entry_id].province)

    def _candidates(self, scores: Mapping[str, float], context: Context) -> list[tuple[str, float]]:
        """
        Return the entries of the context's province, best first.

        Both halls have entries for one matter, which without its place is said alike: once it is known which hall is meant, the
        other's entries take little from one's own. A little they take, for people come to the wrong page.
        """
        fitting, elsewhere = [], 0.0
        for name, score in _by_kind(scores)[ENTRY].items():
            if self._fits(name, context):
                fitting.append((name, score))
            elif name in self.book:
                elsewhere += score
        rest = sum(scores.values()) - (1 - ELSEWHERE) * elsewhere
        fitting = [(name, score / rest) for name, score in fitting]
        return sorted(fitting, key=lambda item: -item[1])

    def _with_candidates(self, reading: Reading, context: Context) -> Reading:
        reading.candidates = self._candidates(self.ranker.scores(reading.cleaned), context)[:BEST]
        return reading


@cache
def _kind_and_name(label: str) -> tuple[str, str]:
    kind, name = label.split(":", 1)
    return kind, name


def _by_kind(scores: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Return the scores of every kind of label, by the names of that kind."""
    kinds: dict[str, dict[str, float]] = {ENTRY: {}, VAGUE: {}, INTENT: {}, OUTSIDE: {}}
    for label, score in scores.items():
        kind, name = _kind_and_name(label)
        kinds[kind][name] = score
    return kinds


def as_json(reading: Reading) -> str:
    """Return the line that `python -m bot ask --json` prints."""
    return json.dumps(
        {
            "text": reading.text,
            "decision": reading.decision.value,
            "entry": reading.entry,
            "intent": reading.intent,
            "candidates": [{"id": entry, "score": round(score, 4)} for entry, score in reading.candidates],
            "stage": reading.stage.value,
            "ms": reading.milliseconds,
            "mentions": [each._asdict() for each in mentions(reading.text)],
        },
        ensure_ascii=False,
    )
