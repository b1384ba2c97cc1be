"""
Rasa's way of handling a message, without what our domain does not need.

What it leaves out is decided by what the domain and the policy are (decision 21), and a domain that needs more is refused:
slots filled by an entity of their name or by an action; a policy that brings no events of its own, so that an action may
see the tracker itself and not a copy, which Rasa makes by going through the whole conversation again.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import rasa
import structlog
from rasa.core import agent
from rasa.core.actions.action import Action, RemoteAction, action_for_name_or_text
from rasa.core.channels.channel import OutputChannel
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.exceptions import ActionLimitReached
from rasa.shared.core.constants import DEFAULT_SLOT_NAMES
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.shared.exceptions import RasaException

log = structlog.get_logger()


class SlotOfAnotherKind(RasaException):
    """A slot is filled otherwise than by an entity of its name or by an action."""


def use() -> None:
    """Put ours in the place of Rasa's. Called before a model is loaded."""
    agent.MessageProcessor = Processor


class Processor(MessageProcessor):
    """Handles messages as Rasa's does; `tests/bot/test_processor.py` holds one against the other."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._actions: dict[str, Action] = {}
        assert self._filled_by_entities is not None  # what cannot be handled is refused now

    @cached_property
    def _filled_by_entities(self) -> tuple[str, ...]:
        filled = []
        for slot in self.domain.slots:
            if slot.name in DEFAULT_SLOT_NAMES or slot.mappings == [{"type": "custom"}]:
                continue
            if slot.mappings != [{"type": "from_entity", "entity": slot.name}]:
                raise SlotOfAnotherKind(slot.name)
            filled.append(slot.name)
        return tuple(filled)

    async def run_action_extract_slots(
        self, output_channel: OutputChannel, tracker: DialogueStateTracker
    ) -> DialogueStateTracker:
        said = {entity["entity"]: entity["value"] for entity in tracker.latest_message.entities}
        events = [SlotSet(name, said[name]) for name in self._filled_by_entities if name in said]
        tracker.update_with_events(events, self.domain)
        return tracker

    def predict_next_with_tracker_if_should(
        self, tracker: DialogueStateTracker
    ) -> tuple[Action, PolicyPrediction]:
        goes_on = self.should_predict_another_action(tracker.latest_action_name)
        if self.is_action_limit_reached(tracker, goes_on):
            raise ActionLimitReached("The limit of actions to predict has been reached.")
        prediction = self._predict_next_with_tracker(tracker)
        name = self.domain.action_names_or_texts[prediction.max_confidence_index]
        return self._get_action(name), prediction

    async def _run_action(
        self,
        action: Action,
        tracker: DialogueStateTracker,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        prediction: PolicyPrediction,
    ) -> bool:
        try:
            events = await action.run(output_channel, nlg, tracker, self.domain)
        except Exception:
            log.exception("action.broken", action=action.name())
            events = []
        tracker.update(action.event_for_successful_execution(prediction))
        tracker.update_with_events(events, self.domain)
        await self._send_bot_messages(events, tracker, output_channel)
        return self.should_predict_another_action(action.name())

    def _get_action(self, action_name: str) -> Action:
        """Return the action; Rasa makes all of them anew to find one."""
        if action_name not in self._actions:
            action = action_for_name_or_text(action_name, self.domain, self.action_endpoint)
            if isinstance(action, RemoteAction):
                action = ToldLittle(action_name, self.action_endpoint)
            self._actions[action_name] = action
        return self._actions[action_name]


class ToldLittle(RemoteAction):
    """An action of the action server, told what ours read: slots, last message, sentences; not all that was ever said."""

    def _action_call_format(self, tracker: DialogueStateTracker, domain: Domain) -> dict[str, Any]:
        return {
            "next_action": self.name(),
            "sender_id": tracker.sender_id,
            "tracker": {**tracker.current_state(EventVerbosity.NONE), "events": []},
            "domain": {"responses": domain.responses},
            "version": rasa.__version__,
        }
