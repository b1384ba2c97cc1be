"""One turn, whatever the channel: taken in once, masked at the door, answered by Rasa, stored with its answer."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

import structlog
from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage

from bot import figures, urgent
from bot.aside import run_aside
from bot.bell import Bell
from bot.history import told_in
from bot.nlu.component import reading_taken
from bot.said import Said
from bot.sentences import draft, sentence
from bot.wire import Collector, wire_message
from faq.clean import clean
from faq.entities import replies
from faq.reading import Reading
from hrss import conversations, open_turns
from hrss.conversations import Received
from hrss.database import AWAY, Database
from hrss.errors import OptionExpired
from hrss.identifiers import Kind
from hrss.lines import Line
from hrss.open_turns import Standing
from hrss.tables import Conversation
from hrss.tables import Turn as StoredTurn
from hrss.vault import Vault

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = structlog.get_logger()

T = TypeVar("T")
OnNewMessage = Callable[[UserMessage], Coroutine[Any, Any, Any]]
About = Callable[["Session", Conversation], dict[str, Any]]
PATIENCE_SECONDS = 10  # that a stopping server has for the turns under way
TURN_SECONDS = 30
WARNINGS = {
    Kind.PASSWORD: "utter_password_warning",
    Kind.SMS_CODE: "utter_code_warning",
    Kind.BANK_CARD: "utter_card_warning",
}


# That an answer which did not come is waited for before it is asked for again. What was done already is not done
# twice (hrss/operations.py), so that asking again finds out what became of it.
RETRY_AFTER_SECONDS = (1, 3, 6)
LOOK_SECONDS = 2.0  # between two looks at the turns that are open
LEFT_AFTER_SECONDS = 8.0  # that another process has shown no sign of answering: it counts as dead
FIRST_AFTER_SECONDS = (
    0.5  # that we look again whether what was said before is answered, where no bell tells it
)
FIRST_WITHIN_SECONDS = 150.0  # then it is answered out of order rather than never
WAYS_OUT = {"cancel", "back"}  # said instead of an answer


def now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


@dataclass(frozen=True)
class Turn:
    """All that answering needs: what was said, masked, and what the channel knows beforehand."""

    id: str
    conversation_id: str
    seq: int
    said: Said
    about: dict[str, Any]
    unasked: tuple[Kind, ...] = ()
    request_id: str | None = None
    again: bool = False  # somebody had begun to answer it
    line: Line | None = None  # as it stands in the transcript, where it was just taken in


@dataclass(frozen=True)
class Answer:
    messages: list[dict[str, Any]]
    reading: dict[str, Any] | None = None
    failed: bool = False
    with_staff: bool = False  # a member of staff answers, and the bot is silent
    outcome: str = "answered"


class Turns:
    """
    Takes messages in and sees that each is answered exactly once, in the order of its conversation.

    A turn goes on when the client hangs up. One that could not be ended, because the database was away or its process
    was killed, is taken up again by whoever sees it first; the database keeps the order, for any number of processes.
    `about` is what the channel knows before a message is read, such as the province of the page.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        channel: str,
        on_new_message: OnNewMessage,
        *,
        about: About,
        idle: dt.timedelta | None = None,
        patience: float = TURN_SECONDS,
        bell: Bell | None = None,
        alone: bool = True,
    ) -> None:
        """
        `idle`: how long after a message its conversation goes on, where that ends by itself.

        `alone`: no other process answers these; what is open at the start, nobody answers any more.
        """
        self.bell = bell or Bell()
        self._database = database
        self._vault = vault
        self._channel = channel
        self._on_new_message = on_new_message
        self._about = about
        self._idle = idle
        self._agent: Agent | None = None
        self._patience = patience
        self._alone = alone
        self._name = secrets.token_hex(8)
        self._arrivals: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._held: set[str] = set()  # turns that run here
        self._seen: dict[str, tuple[str | None, int, float]] = {}  # others, with since when they stand still
        self._watching: asyncio.Task[None] | None = None
        self._finishing = False
        self._running: set[asyncio.Task[Any]] = set()
        self._here: defaultdict[str, set[int]] = defaultdict(
            set
        )  # numbers of the turns that wait or run here

    def is_busy(self, conversation_id: str) -> bool:
        return conversation_id in self._here

    async def take(self, conversation_id: str, client_msg_id: str, said: Said) -> Received:
        """Store what was said, masked, and start its turn; the same `client_msg_id` again starts nothing."""
        # The request that brought the message is cancelled when its client hangs up; what is stored must be answered.
        return await asyncio.shield(self._keep(self._take(conversation_id, client_msg_id, said)))

    async def resume(self, agent: Agent) -> int:
        """
        Answer the turns that nobody answers, from now on; return how many were taken up at once.

        What Rasa had answered already, and only we had not stored, is said as it was: asked again, the conversation
        would have moved on, and the answer would be about another question.
        """
        self._agent = agent
        self.bell.begin()
        taken = await self._look(0.0 if self._alone else LEFT_AFTER_SECONDS)
        self._watching = asyncio.create_task(self._watch())
        return taken

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._look(LEFT_AFTER_SECONDS)
            except AWAY:
                log.warning("turns.unseen", exc_info=True)  # the next look may see them
            except Exception:
                log.exception("turns.unseen")

    async def _look(self, left_after: float) -> int:
        """Show that what runs here still runs, and take up what runs nowhere; return how much that was."""
        running = set(self._held)
        left = await asyncio.to_thread(self._left, running, left_after)
        for turn in left:
            self._start(turn)
        return len(left)

    def _left(self, running: set[str], left_after: float) -> list[Turn]:
        with self._database.reading() as session:
            open_now = open_turns.of_channel(session, self._channel)
        moment = time.monotonic()
        seen, left = {}, []
        for turn in open_now:
            if turn.id in running or turn.id in self._held:
                continue
            sign = (turn.held_by, turn.held_beat)
            *before, since = self._seen.get(turn.id, (*sign, moment))
            seen[turn.id] = (*sign, since if tuple(before) == sign else moment)
            put_down = turn.held_by == self._name and turn.id in self._seen  # at the last look already
            if put_down or moment - seen[turn.id][2] >= left_after:
                left.append(turn)
        self._seen = seen
        if self._finishing:
            left = []
        if not running and not left:
            return []
        with self._database.transaction() as session:
            open_turns.keep(session, self._name, running)
            taken = [turn for turn in left if open_turns.take_over(session, turn, self._name)]
            return [self._again(session, turn) for turn in taken]

    def _again(self, session: Session, turn: StoredTurn) -> Turn:
        about = self._about(session, conversations.by_id(session, turn.conversation_id))
        said = Said(turn.text, turn.option)
        return Turn(
            turn.id, turn.conversation_id, turn.seq, said, about, request_id=turn.request_id, again=True
        )

    async def finish(self) -> None:
        """Wait for the turns under way, as a server that stops does, and let go of those who listen."""
        self._finishing = True
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._running and (left := deadline - time.monotonic()) > 0:
            await asyncio.wait(self._running, timeout=left)
        if self._watching is not None:
            self._watching.cancel()
        self.bell.close()

    def _keep(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._running.add(task)  # the event loop itself holds tasks weakly
        task.add_done_callback(self._running.discard)
        return task

    async def _take(self, conversation_id: str, client_msg_id: str, said: Said) -> Received:
        async with self._arrivals.setdefault(
            conversation_id, asyncio.Lock()
        ):  # what is stored first starts first
            received, turn, before = await asyncio.to_thread(
                self._store, conversation_id, client_msg_id, said
            )
            if not received.repeated:
                self._start(turn, before)
        return received

    def _store(self, conversation_id: str, client_msg_id: str, said: Said) -> tuple[Received, Turn, Standing]:
        request_id = structlog.contextvars.get_contextvars().get("request")
        with self._database.transaction() as session:
            asked_for = conversations.asked_for(session, conversation_id, client_msg_id)
            if said.option or replies(clean(said.text)) & WAYS_OUT:
                asked_for = frozenset()
            masked = self._vault.tokenise(session, conversation_id, said.text, asked_for=asked_for)
            received = conversations.receive(
                session,
                conversation_id,
                client_msg_id=client_msg_id,
                text=masked.text,
                option=said.option,
                now=now(),
                request_id=request_id,
                held_by=self._name,
                idle=self._idle,
            )
            if said.option and said.once and not received.repeated:
                earlier = conversations.after(session, conversation_id, 0, limit=received.seq - 1)
                if any(message.body.get("option_id") == said.option["id"] for message in earlier):
                    raise OptionExpired()
            about = self._about(session, received.conversation)
            masked_said = Said(masked.text, said.option)
            turn = Turn(
                received.turn_id,
                conversation_id,
                received.seq,
                masked_said,
                about,
                masked.unasked,
                request_id,
                line=received.line,
            )
            before = open_turns.standing(session, conversation_id, received.seq, self._channel)
            return received, turn, before

    def _start(self, turn: Turn, before: Standing | None = None) -> None:
        if turn.id in self._held:
            return
        self._held.add(turn.id)
        self._here[turn.conversation_id].add(turn.seq)
        self._keep(self._run(turn, before))

    async def _run(self, turn: Turn, before: Standing | None) -> None:
        started, said = time.perf_counter(), list[Line]()
        structlog.contextvars.bind_contextvars(turn=turn.id, request=turn.request_id)
        figures.TURNS_RUNNING.add(self._channel)
        try:
            if before is None or not before.first:
                before = await self._in_order(turn)
            # the person sees that it is being worked on
            self.bell.ring(turn.conversation_id, [turn.line] if turn.line else [])
            told = await self._told(turn) if turn.again else None
            answer = told or await self._ask(turn, before)
            total = None if told else (time.perf_counter() - started) * 1000
            try:
                said = await asyncio.to_thread(self._close, turn, answer, total)
            except AWAY:
                raise  # a database that is locked for a while keeps out any answer: this one is said when it can be
            except Exception:
                if not await asyncio.to_thread(self._database.answers):
                    raise
                log.exception("turn.unstorable")
                answer = _no_answer()
                said = await asyncio.to_thread(self._close, turn, answer, total)
            figures.TURNS.add(self._channel, answer.outcome)
            if total is not None:
                figures.TURN_SECONDS.observe(total / 1000, self._channel)
        except AWAY:
            log.warning("turn.put_down", exc_info=True)  # it stays open, and is taken up again
        except Exception:
            log.exception("turn.put_down")
        finally:
            self._held.discard(turn.id)
            figures.TURNS_RUNNING.add(self._channel, amount=-1)
            self._here[turn.conversation_id].discard(turn.seq)
            if not self._here[turn.conversation_id]:
                del self._here[turn.conversation_id]
            self.bell.ring(turn.conversation_id, said)

    async def _in_order(self, turn: Turn) -> Standing:
        """Wait until all that was said before is answered, wherever that is done; return how things stand then."""
        deadline = time.monotonic() + FIRST_WITHIN_SECONDS
        with self.bell.heard(turn.conversation_id) as ear:
            while True:
                late = time.monotonic() > deadline
                # The database is asked for the first one here alone: who waits behind it hears when it is done.
                if late or turn.seq == min(self._here[turn.conversation_id]):
                    before = await asyncio.to_thread(self._look_before, turn)
                    if before.first or late:
                        break
                await ear.rung(FIRST_AFTER_SECONDS)
        if late:
            log.error("turn.out_of_order")
        return before

    async def _told(self, turn: Turn) -> Answer | None:
        """Return what Rasa remembers of having answered."""
        assert self._agent is not None
        tracker = await run_aside(self._agent.tracker_store.retrieve(turn.conversation_id))
        told = told_in(tracker, turn.id) if tracker else None
        if told is None or not told.drafts:
            return None
        return Answer([wire_message(draft) for draft in told.drafts], told.reading)

    async def _ask(self, turn: Turn, before: Standing) -> Answer:
        warnings = [{"kind": "system", "text": sentence(WARNINGS[kind])} for kind in turn.unasked]
        if before.closed:
            notice = draft("utter_channel_closed", reason=before.closed)
            return Answer([wire_message(notice)], outcome="closed")
        if before.with_staff:
            return Answer(warnings, with_staff=True, outcome="with_staff")
        metadata = {**turn.about, "turn": turn.id, "request": turn.request_id}
        if turn.said.option:
            metadata["option"] = turn.said.option["payload"]
        taken: list[Reading] = []
        reading_taken.set(taken)
        for pause in (*RETRY_AFTER_SECONDS, None):
            failed = unreached = False
            collector = Collector(self._channel)
            message = UserMessage(
                _unslashed(turn.said.text),
                collector,
                turn.conversation_id,
                input_channel=self._channel,
                metadata=metadata,
            )
            try:
                await asyncio.wait_for(run_aside(self._on_new_message(message)), self._patience)
            except asyncio.TimeoutError:
                log.warning("turn.late", seconds=self._patience)
                failed = True
            except AWAY:
                if not await asyncio.to_thread(self._database.answers):
                    raise  # then no excuse could be stored either
                log.warning("turn.tracker_away", exc_info=True)
                collector.messages.clear()  # what Rasa could not remember was not said
                unreached = True
            except Exception:
                log.exception("turn.failed")
                failed = True
            # Rasa answers with silence when the action server is away, or went away before it answered.
            if pause is None or failed or (collector.messages and not unreached):
                break
            log.warning("turn.retried")
            await asyncio.sleep(pause)
        failed = failed or not collector.messages
        excuse = _no_answer().messages if failed else []
        outcome = "failed" if failed else "answered"
        messages = [*collector.messages, *excuse, *warnings]
        return Answer(messages, _described(taken[0]) if taken else None, failed, outcome=outcome)

    def _look_before(self, turn: Turn) -> Standing:
        with self._database.reading() as session:
            return open_turns.standing(session, turn.conversation_id, turn.seq, self._channel)

    def _close(self, turn: Turn, answer: Answer, total: float | None) -> list[Line]:
        with self._database.transaction() as session:
            if answer.reading and answer.reading["intent"] == "restart":
                conversations.reset(session, turn.conversation_id)
            moment, before = now(), []
            if answer.messages:
                about = urgent.named_by(answer.reading)
                before = urgent.messages(session, turn.conversation_id, moment, about=about)
            return conversations.answer(
                session,
                turn.id,
                messages=[*before, *answer.messages],
                reading=_stored(answer),
                now=moment,
                total_ms=total,
                failed=answer.failed,
            )


def _no_answer() -> Answer:
    return Answer([wire_message(draft("utter_no_answer"))], failed=True, outcome="failed")


def _described(reading: Reading) -> dict[str, Any]:
    return {**reading.as_dict(), "understanding_ms": reading.milliseconds}


def _unslashed(text: str) -> str:
    """Keep Rasa from taking typed text for a command: a leading slash becomes the full-width one."""
    stripped = text.lstrip()
    return "／" + stripped[1:] if stripped.startswith("/") else text


def _stored(answer: Answer) -> dict[str, Any] | None:
    if answer.with_staff:
        return {"stage": "staff", "decision": "staff"}
    if answer.reading is None:
        return None
    shown = next((message["entry"] for message in answer.messages if message.get("entry")), None)
    return {**answer.reading, "entry_version": shown["version"] if shown else None}
