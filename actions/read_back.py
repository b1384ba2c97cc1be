"""念一遍我发的号码: what a person has typed of numbers is shown to them, masked."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from rasa_sdk import Tracker

from actions.base import BusinessAction, Say
from actions.go_on import settings
from hrss.vault import Vault

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class ActionReadBack(BusinessAction):
    def name(self) -> str:
        return "action_read_back"

    def act(
        self, records: Session, say: Say, tracker: Tracker, domain: dict[str, Any], now: dt.datetime
    ) -> None:
        held = Vault(settings()).masked(records, tracker.sender_id)
        if held:
            say("utter_read_back", numbers="、".join(f"{label} {shown}" for label, shown in held))
        else:
            say("utter_read_back_none")
