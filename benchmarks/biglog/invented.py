"""Invented conversations: who asks what, how it is understood, and what comes of it, in the shares of a real hall."""

from __future__ import annotations

import base64
import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

import yaml

ENTRIES = Path(__file__).parent.parent.parent / "faq" / "entries"
REVIEWER, OFFICER = "reviewer", "officer"
# Said once in so many turns: what a search for text has to find.
RARE = {"粤信签打不开二维码": 200_000, "营业执照副本拍糊了": 20_000, "请尽快处理": 1_000}
MOST_TURNS = 40

COLUMNS: Mapping[str, Sequence[str]] = {
    "conversations": (
        *("id", "channel", "province", "large", "started_at", "last_at", "expires_at", "ended_at"),
        *("last_seq", "reset_seq", "rating", "rated_at"),
    ),
    "turns": (
        *("id", "conversation_id", "client_msg_id", "seq", "text", "cleaned", "stage", "decision"),
        *("confidence", "intent", "entry", "entry_version", "candidates", "lead", "thresholds", "province"),
        *("channel", "received_at", "answered_at", "understanding_ms", "total_ms", "state", "held_beat"),
    ),
    "messages": (
        "conversation_id",
        "seq",
        "at",
        "author",
        "kind",
        "text",
        "body",
        "client_msg_id",
        "turn_id",
    ),
    "flow_steps": (
        "turn_id",
        "conversation_id",
        "run_id",
        "flow",
        "asked",
        "ended",
        "refused",
        "known",
        "at",
    ),
    "feedback": ("conversation_id", "seq", "helpful", "reason", "at"),
    "verdicts": ("conversation_id", "staff", "quality", "follow_up", "at"),
    "handovers": ("id", "conversation_id", "state", "asked_at", "taken_by", "taken_at", "ended_at"),
    "cases": (
        *("number", "kind", "state", "outcome", "province", "subject_lookup", "conversation_id"),
        *("submitted_at", "due_on", "taken_by", "key_id"),
    ),
    "audit_trail": (
        *("id", "at", "staff", "conversation_id", "channel", "did", "subject_kind", "subject_id", "facts"),
    ),
}

DECISIONS = (("answer", "rank", 58), ("answer", "exact", 12), ("which", "rank", 9), ("chat", "rank", 14))
DECISIONS += (("none", "rank", 5), ("answer", "error_message", 2))
CHANNELS = (("web", "gd", 50), ("web", "hn", 30), ("wechat", None, 20))
FLOWS = ("recover_account", "recover_password", "bind_sub_account", "apply_grant_code", "confirm_refund")
FLOWS += ("check_registration", "case_progress", "release_binding", "grant_business")
ASKED = ("certificate", "phone", "sms_code", "org_number", "confirm")
REFUSED = ("account_unknown", "sms_code_wrong", "already_bound", "not_the_contact", "notice_published")
KINDS = ("account_recovery", "password_recovery", "duplicate_account", "staff_message", "grant_code")
THRESHOLDS = json.dumps({"sure": 0.62, "likely": 0.41, "lead": 0.1, "unknown": 0.35, "vague": 0.2})

Rows = dict[str, list[tuple[Any, ...]]]


class Inventor:
    """Makes the same log from the same seed."""

    def __init__(self, seed: int, now: datetime) -> None:
        self.random = Random(seed)
        self.now = now
        bodies = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(ENTRIES.glob("*.yml"))]
        self.ids = [body["id"] for body in bodies]
        self.answers = ["".join([body["answer"], *body.get("steps", ())]) for body in bodies]
        self.phrases = [
            [said for voice in body["phrases"].values() for said in voice] or [body["question"]]
            for body in bodies
        ]
        # A few entries are asked for most of the time (Zipf).
        self.popularity = list(accumulate(1 / (rank + 1) for rank in range(len(bodies))))
        self.random.shuffle(self.ids)
        self.cases = self.audited = 0

    def batches(self, conversations: int, days: float, at_once: int) -> Iterator[Rows]:
        """So many conversations of the last days, in the order of their time, some at a time."""
        begun = self.now - timedelta(days=days)
        for first in range(0, conversations, at_once):
            rows: Rows = {table: [] for table in COLUMNS}
            for number in range(first, min(first + at_once, conversations)):
                day = begun + timedelta(days=days * number / conversations)
                # Most people write in the daytime of Beijing.
                hour = min(max(self.random.gauss(6, 3), -7), 15.9)
                at = day.replace(hour=0, minute=0, second=0) + timedelta(hours=hour)
                self._conversation(rows, min(at, self.now - timedelta(minutes=30)))
            yield rows

    def _conversation(self, rows: Rows, at: datetime) -> None:
        random = self.random
        id = base64.urlsafe_b64encode(random.randbytes(16)).decode().rstrip("=")
        channel, province = self._one(CHANNELS)
        turns = min(max(round(random.lognormvariate(2.1, 0.6)), 1), MOST_TURNS)
        started, seq = at, 0
        for number in range(turns):
            seq, at = self._turn(rows, id, channel, province, number, seq, at)
        rating = random.choice((5, 5, 5, 4, 4, 3, 2, 1)) if random.random() < 0.08 else None
        written = _moment(at)
        rows["conversations"].append(
            (
                *(id, channel, province, False, _moment(started), written, written, written),
                *(seq, 0, rating, written if rating else None),
            )
        )
        if random.random() < 0.01:
            self._handover(rows, id, channel, at)
        if random.random() < 0.005:
            self._case(rows, id, channel, province, at)
        if random.random() < 0.004:
            follow_up = "phrases" if random.random() < 0.2 else None
            rows["verdicts"].append((id, REVIEWER, random.randint(1, 5), follow_up, written))
            self._audit(rows, at, REVIEWER, id, channel, "conversation.judged", "conversation", id)

    def _turn(
        self, rows: Rows, id: str, channel: str, province: str | None, number: int, seq: int, at: datetime
    ) -> tuple[int, datetime]:
        random = self.random
        at += timedelta(seconds=random.uniform(5, 90))
        decision, stage = self._one(DECISIONS)
        place = bisect_left(self.popularity, random.random() * self.popularity[-1])
        entry = self.ids[place] if decision == "answer" else None
        text = random.choice(self.phrases[place])
        for words, once_in in RARE.items():
            if random.random() < 1 / once_in:
                text = f"{text}，{words}"
        best, lead = random.uniform(0.4, 0.95), random.random() ** 2 * 0.5
        shown = [self.ids[(place + step) % len(self.ids)] for step in range(5)]
        candidates = ", ".join(
            f'{{"id": "{each}", "score": {max(best - lead - 0.04 * rank, 0.01) if rank else best:.3f}}}'
            for rank, each in enumerate(shown)
        )
        total = random.lognormvariate(4.4, 0.7)
        turn_id = self._id()
        asked, answered = _moment(at), _moment(at + timedelta(milliseconds=total))
        failed = random.random() < 0.002
        rows["turns"].append(
            (
                *(turn_id, id, f"m{number}", seq + 1, text, text, stage, decision),
                *(round(best, 3), "ask_faq" if entry else decision, entry, 1 if entry else None),
                *(f"[{candidates}]", round(lead, 3), THRESHOLDS, province, channel, asked, answered),
                *(round(total / 3, 1), round(total, 1), "failed" if failed else "answered", 0),
            )
        )
        body = f'{{"entry": {{"id": "{entry}", "version": 1}}}}' if entry else "{}"
        said = self.answers[place] if entry else "没太听明白，您可以换个说法再问一次。"
        rows["messages"] += [
            (id, seq + 1, asked, "user", "text", text, "{}", f"m{number}", turn_id),
            (id, seq + 2, answered, "bot", "text", said, body, None, turn_id),
        ]
        if random.random() < 0.03:
            rows["feedback"].append((id, seq + 2, random.random() < 0.7, None, answered))
        if random.random() < 0.08:
            self._step(rows, id, channel, turn_id, at)
        return seq + 2, at

    def _step(self, rows: Rows, id: str, channel: str, turn_id: str, at: datetime) -> None:
        random = self.random
        flow = random.choice(FLOWS)
        ended = random.choice(("done", "done", "cancelled", "refused", None, None, None))
        refused = random.choice(REFUSED) if ended == "refused" else None
        asked = None if ended else random.choice(ASKED)
        rows["flow_steps"].append((turn_id, id, self._id(), flow, asked, ended, refused, "{}", _moment(at)))
        if ended == "done":
            self._audit(rows, at, None, id, channel, "proof.given", "person", self._id())

    def _handover(self, rows: Rows, id: str, channel: str, at: datetime) -> None:
        state = self.random.choice(("returned", "returned", "lapsed"))
        taken = (OFFICER, _moment(at)) if state == "returned" else (None, None)
        rows["handovers"].append((self._id(), id, state, _moment(at), *taken, _moment(at)))
        self._audit(rows, at, taken[0], id, channel, "handover.asked", "conversation", id)

    def _case(self, rows: Rows, id: str, channel: str, province: str | None, at: datetime) -> None:
        self.cases += 1
        waiting = self.now - at < timedelta(days=4)
        state = "submitted" if waiting else self.random.choice(("notified", "notified", "withdrawn"))
        outcome = self.random.choice(("approved", "rejected")) if state == "notified" else None
        number = f"BENCH{self.cases:08d}00"
        rows["cases"].append(
            (
                *(number, self.random.choice(KINDS), state, outcome, province or "gd", self._id(), id),
                *(
                    _moment(at),
                    f"{at + timedelta(days=2):%Y-%m-%d}",
                    None if waiting else OFFICER,
                    "benchmark",
                ),
            )
        )
        self._audit(rows, at, None, id, channel, "case.submitted", "case", number)

    def _audit(
        self,
        rows: Rows,
        at: datetime,
        staff: str | None,
        id: str,
        channel: str,
        did: str,
        kind: str,
        whom: str,
    ) -> None:
        self.audited += 1
        rows["audit_trail"].append((self.audited, _moment(at), staff, id, channel, did, kind, whom, "{}"))

    def _id(self) -> str:
        """Ends in 00, the places in which copies differ."""
        return self.random.randbytes(15).hex() + "00"

    def _one(self, weighted: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
        [chosen] = self.random.choices(weighted, [each[-1] for each in weighted])
        return tuple(chosen[:-1])


def _moment(at: datetime) -> str:
    """As both databases take it: without the zone, which is UTC."""
    return at.isoformat(" ", "microseconds")[: len("2026-11-22 00:00:00.000000")]
