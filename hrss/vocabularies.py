"""What staff choose from when they reply and review: lists of their own, changed in the console."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sqlalchemy.orm import Session

from hrss import audit, permissions, words
from hrss.errors import VocabularyMalformed
from hrss.permissions import May
from hrss.subjects import Subject, SubjectKind
from hrss.tables import VocabularyRow

LONGEST = 200  # characters of a label
MOST = 40  # items that are offered


class Vocabulary(str, Enum):
    CANNED_REPLIES = "canned_replies"
    QUALITIES = "qualities"  # a fixed scale: its labels change, its steps do not
    FOLLOW_UPS = "follow_ups"


@dataclass(frozen=True)
class Item:
    """`key` is what verdicts hold. One that is no longer offered keeps its label, for what was said with it."""

    key: str
    label: str
    offered: bool = True


def items(session: Session, vocabulary: Vocabulary) -> list[Item]:
    """Everything that is or was offered, in order; the shipped list until somebody has changed it."""
    row = session.get(VocabularyRow, vocabulary.value)
    if row is not None:
        return [Item(**item) for item in row.items]
    shipped: Mapping[str, str] = words.read("vocabularies")[vocabulary.value]
    return [Item(key, label) for key, label in shipped.items()]


def offered(session: Session, vocabulary: Vocabulary) -> dict[str, str]:
    return {item.key: item.label for item in items(session, vocabulary) if item.offered}


def change(
    session: Session,
    vocabulary: Vocabulary,
    *,
    labels: Mapping[str, str],
    added: Sequence[str],
    staff: str,
    now: datetime,
) -> None:
    """Give items these labels and add others at the end; one whose label is emptied is offered no more."""
    permissions.require(session, staff, May.EDIT_WORDS)
    before = items(session, vocabulary)
    after = [_changed(item, labels.get(item.key)) for item in before]
    taken = {item.key for item in before}
    for label in filter(None, map(str.strip, added)):
        key = next(f"own_{number}" for number in range(1, len(taken) + 2) if f"own_{number}" not in taken)
        taken.add(key)
        after.append(Item(key, label))
    _prove(vocabulary, before, after)
    if after == before:
        return
    row = session.get(VocabularyRow, vocabulary.value) or VocabularyRow(name=vocabulary.value)
    row.items = [{"key": item.key, "label": item.label, "offered": item.offered} for item in after]
    row.changed_by, row.changed_at = staff, now
    session.add(row)
    known = {item.key: item for item in before}
    for item in after:
        old = known.get(item.key)
        if old != item:
            facts = {
                "before": old.label if old and old.offered else "",
                "after": item.label if item.offered else "",
            }
            whose = Subject(SubjectKind.VOCABULARY, vocabulary.value)
            audit.record(session, "vocabulary.changed", whose, now=now, staff=staff, **facts)
    session.flush()


def _changed(item: Item, label: str | None) -> Item:
    if label is None:
        return item
    label = label.strip()
    return Item(item.key, label) if label else Item(item.key, item.label, offered=False)


def _prove(vocabulary: Vocabulary, before: Sequence[Item], after: Sequence[Item]) -> None:
    shown = [item.label for item in after if item.offered]
    if (
        not shown
        or len(shown) > MOST
        or len(set(shown)) < len(shown)
        or any(len(label) > LONGEST for label in shown)
    ):
        raise VocabularyMalformed()
    if vocabulary is Vocabulary.QUALITIES and [item.key for item in after if item.offered] != [
        item.key for item in before
    ]:
        raise VocabularyMalformed()
