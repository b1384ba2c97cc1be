"""What every action shares: the records, one transaction, and the words of a refusal."""

from __future__ import annotations

import datetime as dt
import time
from abc import ABC, abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from hrss.database import Database
from hrss.errors import Refusal
from hrss.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = structlog.get_logger()

Events = list[dict[str, Any]]


class Say(Protocol):
    def __call__(self, response: str, **facts: Any) -> None: ...


@cache
def database() -> Database:
    return Database(Settings.from_env().database_url)


class BusinessAction(Action, ABC):
    """
    Opens the records, acts, and puts a refusal into words.

    What `act` writes and what it refuses go together: a refusal rolls back. Abstract, so that the action server does
    not register it.
    """

    @abstractmethod
    def act(
        self, records: Session, say: Say, tracker: Tracker, domain: dict[str, Any], now: dt.datetime
    ) -> Events | None:
        """Do it; return the events for Rasa, if there are any."""

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        def say(response: str, **facts: Any) -> None:
            dispatcher.utter_message(response=response, **facts)

        about = tracker.latest_message.get("metadata") or {}
        # the same names as in the Rasa server, so that one request is found in both logs
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(turn=about.get("turn"), request=about.get("request"))
        started = time.perf_counter()
        try:
            with database().transaction() as records:
                return self.act(records, say, tracker, domain, dt.datetime.now(dt.timezone.utc)) or []
        except Refusal as refused:
            say(f"utter_refused_{refused.key}", **refused.facts)
        except Exception:
            # Rasa would answer with silence.
            log.exception("action.failed", action=self.name())
            say("utter_out_of_order")
        finally:
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            log.info("action.done", action=self.name(), milliseconds=milliseconds)
        return []
