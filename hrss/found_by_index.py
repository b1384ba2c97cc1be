"""Questions that an index answers only when they are asked in a certain way."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Boolean, Integer, func, literal, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from hrss.conversations import Author
from hrss.tables import Message

SHORTEST = 2  # characters: what is shorter has no pair
FEW = 5_000


class _MayContain(FunctionElement):
    """Whether a message of a person or staff has every pair of characters of some words, by migration 0015's index."""

    type = Boolean()
    inherit_cache = True


@compiles(_MayContain)
def _anything(_element: Any, _compiler: Any, **_given: Any) -> str:
    return "1 = 1"  # SQLite reads


@compiles(_MayContain, "postgresql")
def _pairs(element: Any, compiler: Any, **given: Any) -> str:
    said, words = (compiler.process(func.lower(clause), **given) for clause in element.clauses)
    author = compiler.process(Message.author, **given)
    # Word for word the expression of the index.
    return f"hrss_pairs(CASE WHEN {author} <> 'bot' THEN {said} END) @> hrss_pairs({words})"


class _Place(FunctionElement):
    """Where words stand in a text, from 1 on. `LIKE` says the same, but the planner takes what it finds for next to nothing."""

    type = Integer()
    inherit_cache = True


@compiles(_Place)
def _instr(element: Any, compiler: Any, **given: Any) -> str:
    return f"instr({compiler.process(element.clauses, **given)})"


@compiles(_Place, "postgresql")
def _strpos(element: Any, compiler: Any, **given: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **given)})"


def said_with(words: str) -> Iterable[Any]:
    """
    What makes a message one of a person or of staff with these words in it, upper or lower case alike.

    On PostgreSQL pairs of characters are looked up first: so two Chinese characters are found among millions of
    sentences. SQLite reads.
    """
    if len(words) >= SHORTEST:
        yield _MayContain(Message.text, literal(words))
    yield Message.author != literal_column(f"'{Author.BOT.value}'")
    yield _Place(func.lower(Message.text), func.lower(literal(words))) > 0


def values(session: Session, column: Any) -> list[str]:
    """The values that a column has, in their order: one look at its index for each, however many rows have it."""
    first = select(func.min(column).label("value")).cte("values_", recursive=True)
    following = select(column).where(column > first.c.value).order_by(column).limit(1).scalar_subquery()
    met = first.union_all(select(following).where(first.c.value.is_not(None)))
    return list(session.scalars(select(met.c.value).where(met.c.value.is_not(None))))


def having(session: Session, key: Any, table: Any, conditions: Iterable[Any], *, everywhere: bool) -> Any:
    """
    Whether `key` is the conversation of a row of the table that fulfils the conditions.

    Few rows are looked up, and the conversations found by them. Of many, which stand `everywhere` in the order of
    conversations, one is met soon, so every conversation on the way is asked. Left the choice, PostgreSQL reads all
    conversations beside all rows.
    """
    conditions = list(conditions)
    rows = select(table.conversation_id).where(*conditions)
    found = session.scalars(rows.limit(FEW + 1)).all()
    if len(found) <= FEW:
        return key.in_(sorted(set(found)))
    if not everywhere:
        return key.in_(rows)
    asked = select(table.conversation_id).where(table.conversation_id == key, *conditions).limit(1)
    return asked.scalar_subquery().is_not(None)
