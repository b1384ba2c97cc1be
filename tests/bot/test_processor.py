"""Our way of handling a message beside Rasa's own: the same is said, remembered and asked of the action server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from rasa.core.actions.action import RemoteAction
from rasa.core.channels.channel import CollectingOutputChannel
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa_sdk import Tracker

from bot.processor import Processor, SlotOfAnotherKind, ToldLittle
from tests.conftest import ROOT

DOMAIN = Domain.load([str(ROOT / "domain.yml"), str(ROOT / "data" / "responses")])


class Sentences:
    async def generate(self, name: str, *_given: Any, **_more: Any) -> dict[str, Any] | None:
        return None if name == "utter_unwritten" else {"text": name}


def processor(kind: type[MessageProcessor], domain: Domain = DOMAIN) -> MessageProcessor:
    made = kind.__new__(kind)
    made.domain, made.action_endpoint, made.nlg = domain, None, Sentences()
    made._actions, made.max_number_of_predictions = {}, 10
    made.predicted = iter(("utter_greet", "action_listen"))
    made._predict_next_with_tracker = lambda _: PolicyPrediction.for_action_name(domain, next(made.predicted))
    return made


def after(text: str, **entities: str) -> DialogueStateTracker:
    tracker = DialogueStateTracker.from_dict("someone", [], DOMAIN.slots)
    said = [{"entity": name, "value": value, "start": 0, "end": 0} for name, value in entities.items()]
    for event in (
        SlotSet("flow", "{}"),
        ActionExecuted("action_listen"),
        UserUttered(text, {"name": "greet", "confidence": 1.0}, said, {"reading": {"intent": "greet"}}),
    ):
        tracker.update(event, DOMAIN)
    return tracker


def handled(kind: type[MessageProcessor], tracker: DialogueStateTracker) -> tuple[list[Any], list[Any]]:
    made, channel = processor(kind), CollectingOutputChannel()

    async def handle() -> None:
        await made.run_action_extract_slots(channel, tracker)
        await made._run_prediction_loop(channel, tracker)

    asyncio.run(handle())
    return [
        (type(event), event.as_sub_state() if isinstance(event, UserUttered) else str(event))
        for event in tracker.events
    ], channel.messages


@pytest.mark.parametrize(
    "entities", [{}, {"province": "hn"}, {"province": "gd", "audience": "org", "entry": "gd.x"}]
)
def test_a_message_is_handled_as_rasa_handles_it(entities: dict[str, str]) -> None:
    ours, rasas = after("你好", **entities), after("你好", **entities)

    assert handled(Processor, ours) == handled(MessageProcessor, rasas)
    assert ours.current_slot_values() == rasas.current_slot_values()


def test_an_action_that_breaks_ends_the_turn_in_silence_and_is_remembered_as_in_rasa() -> None:
    made, tracker = processor(Processor), after("你好")
    made.predicted = iter(("action_go_on", "action_listen"))  # no action server is configured

    asyncio.run(made._run_prediction_loop(CollectingOutputChannel(), tracker))

    assert [str(event) for event in list(tracker.events)[-2:]] == [
        str(ActionExecuted("action_go_on")),
        str(ActionExecuted("action_listen")),
    ]


def test_the_action_server_is_told_what_our_actions_read_and_not_what_was_ever_said() -> None:
    tracker = after("我的号码是〔手机#1〕", province="hn")
    ours = ToldLittle("action_go_on", None)._action_call_format(tracker, DOMAIN)
    rasas = RemoteAction("action_go_on", None)._action_call_format(tracker, DOMAIN)

    told, known = Tracker.from_dict(ours["tracker"]), Tracker.from_dict(rasas["tracker"])
    assert (told.sender_id, told.slots, told.latest_message) == (
        known.sender_id,
        known.slots,
        known.latest_message,
    )
    assert told.events == []
    assert ours["domain"] == {"responses": rasas["domain"]["responses"]}
    assert ours["next_action"] == rasas["next_action"]


def test_a_slot_that_ours_would_leave_empty_is_refused_when_the_model_is_loaded() -> None:
    other = DOMAIN.merge(
        Domain.from_dict({"slots": {"said": {"type": "text", "mappings": [{"type": "from_text"}]}}})
    )
    with pytest.raises(SlotOfAnotherKind, match="said"):
        _ = processor(Processor, other)._filled_by_entities
