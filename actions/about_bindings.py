"""Questions that the records answer at once: who is bound, what happened, what counts already, what was submitted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from actions import operators
from actions.flow import Field, Flow, Step
from hrss import authority, roster, submitted
from hrss.authority import Act
from hrss.workdays import BEIJING

SEPARATOR = " · "


class Aside(Flow):
    """Needs nothing, writes nothing, and leaves what is under way as it is."""

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        return iter(())


class ListOperators(Aside):
    """谁绑定了我们单位."""

    stem = "list_operators"

    def allowed(self, step: Step) -> None:
        operators.with_account(step, Act.SEE_BINDINGS)

    def act(self, step: Step) -> None:
        found = operators.operators(step)
        if not found:
            step.say("utter_list_operators_none")
            return
        lines = (
            SEPARATOR.join((each.name, each.certificate, each.label, *(it.label for it in each.businesses)))
            for each in found
        )
        step.say("utter_list_operators", lines="\n".join(lines))


class BindingHistory(Aside):
    """Who did what, when, through which channel."""

    stem = "binding_history"

    def allowed(self, step: Step) -> None:
        operators.with_account(step, Act.SEE_BINDINGS)

    def act(self, step: Step) -> None:
        changes = roster.history(step.session, step.hall, step.conversation_id, now=step.now, limit=10)
        if not changes:
            step.say("utter_binding_history_none")
            return
        lines = (
            SEPARATOR.join(filter(None, (_at(each.at), each.did, each.name, each.business, each.channel)))
            for each in changes
        )
        step.say("utter_binding_history", lines="\n".join(lines))


class BindingStatus(Aside):
    """Whether someone who was asked can do business already: not before they have accepted."""

    stem = "binding_status"

    def act(self, step: Step) -> None:
        if authority.signed_in_organization(step.session, step.conversation_id, now=step.now) is None:
            step.say("utter_binding_status")
            return
        found = operators.operators(step)
        waiting = [each.name for each in found if not each.has_accepted]
        if waiting:
            step.say("utter_binding_status_waiting", names="、".join(waiting))
        else:
            bound = [each.name for each in found]
            step.say("utter_binding_status_bound", names="、".join(bound) or "—")


class WhatWasSubmitted(Aside):
    """Whether this conversation has changed anything."""

    stem = "what_was_submitted"

    def act(self, step: Step) -> None:
        done = submitted.by_conversation(step.session, step.conversation_id)
        if done:
            lines = (SEPARATOR.join((_at(at), did)) for at, did in done)
            step.say("utter_what_was_submitted", lines="\n".join(lines))
        else:
            step.say("utter_what_was_submitted_nothing")
        if authority.signed_in_organization(step.session, step.conversation_id, now=step.now) is not None:
            bound = [each.name for each in operators.operators(step) if each.has_accepted]
            step.say("utter_what_was_submitted_bound", names="、".join(bound) or "—")


def _at(moment: dt.datetime) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M}"
