"""Rasa's memory of conversations, which is another database: what is erased here is forgotten there."""

from collections.abc import Sequence

from sqlalchemy import bindparam, inspect, text

from hrss.database import Database


def forget(tracker: Database, conversation_ids: Sequence[str]) -> int:
    """Return how many events went."""
    if not conversation_ids or "events" not in inspect(tracker.engine).get_table_names():
        return 0
    theirs = text("DELETE FROM events WHERE sender_id IN :ids").bindparams(bindparam("ids", expanding=True))
    with tracker.transaction() as session:
        return int(session.execute(theirs, {"ids": list(conversation_ids)}).rowcount)
