"""What must hold afterwards, read in the database: everything that was acknowledged is there once, and was answered once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from benchmarks.day.plan import words_of
from benchmarks.day.visit import Visit
from hrss.database import Database
from hrss.hall import Hall
from hrss.tables import Case, Message, Operation, Turn


def faults(database: Database, hall: Hall, visits: Sequence[Visit]) -> Counter[str]:
    """Count what is not as it must be, by what it is; empty when all is well."""
    found: Counter[str] = Counter()
    turns, said, cases, checks = _records(database)
    for visit in visits:
        talk = visit.conversation
        theirs, messages = turns[talk], said[talk]
        got = [turn.client_msg_id for turn in theirs]
        found["lost"] += len(set(visit.sent) - set(got))
        found["twice"] += len(got) - len(set(got))
        found["out of order"] += got != visit.sent
        found["gaps"] += [message.seq for message in messages] != list(range(1, len(messages) + 1))
        found["unanswered"] += visit.unanswered + sum(turn.state == "received" for turn in theirs)
        found["excuses"] += sum(turn.state == "failed" for turn in theirs)
        answering = [message.turn_id for message in messages if message.author == "bot" and message.turn_id]
        found["answers out of order"] += list(dict.fromkeys(answering)) != [turn.id for turn in theirs]
        texts = {message.seq: message.text for message in messages}
        found["heard otherwise"] += sum(texts.get(seq) != text for seq, text in visit.heard.items())
        if visit.visitor.kind == "words" and len(visit.sent) > 1:
            claims = [hall.sealer.unseal_document(case)["words"] for case in cases[talk]]
            found["words for staff not left once"] += [
                words.count(words_of(visit.visitor.number)) for words in claims
            ] != [1]
        if visit.visitor.kind == "registration" and len(visit.sent) == len(visit.visitor.steps):
            found["registrations not looked up once"] += checks[talk] != 1
    return +found


def _records(database: Database) -> tuple[Any, Any, Any, Counter[str]]:
    turns, said, cases = defaultdict(list), defaultdict(list), defaultdict(list)
    with database.reading() as session:
        for turn in session.scalars(select(Turn).order_by(Turn.seq)):
            turns[turn.conversation_id].append(turn)
        for message in session.scalars(select(Message).order_by(Message.seq)):
            said[message.conversation_id].append(message)
        for case in session.scalars(select(Case).where(Case.kind == "staff_message")):
            cases[case.conversation_id].append(case)
        done = session.scalars(select(Operation.key).where(Operation.kind == "registration.check"))
        checks = Counter(key.split(" ")[0] for key in done)
    return turns, said, cases, checks
