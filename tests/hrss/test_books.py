from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from hrss import books
from hrss.database import Database

ENTRIES: dict[str, dict[str, Any]] = {
    "gd.login": {"question": "怎么登录？", "phrases": {"plain": ["登录"]}},
    "hn.login": {"question": "怎么登录？", "on": False},
}


def publish(database: Database, entries: dict[str, dict[str, Any]], now: datetime) -> int:
    with database.transaction() as session:
        return books.publish(session, entries, note="", now=now)


def test_there_is_no_current_version_before_the_first(database: Database) -> None:
    with database.reading() as session:
        assert books.current_version(session) is None


def test_a_version_gives_back_what_was_published(database: Database, now: datetime) -> None:
    changed = ENTRIES | {"gd.login": {"question": "如何登录？"}}

    assert [publish(database, ENTRIES, now), publish(database, changed, now)] == [1, 2]

    with database.reading() as session:
        assert books.current_version(session) == 2
        assert books.entries(session, 1) == ENTRIES
        assert changed == books.entries(session, 2)
        assert books.entries(session, 3) == {}


def test_an_unchanged_book_is_no_new_version(database: Database, now: datetime) -> None:
    publish(database, ENTRIES, now)

    reordered = dict(reversed(list(ENTRIES.items())))
    assert publish(database, reordered, now) == 1


def test_going_back_to_an_older_book_is_a_new_version(database: Database, now: datetime) -> None:
    versions = [publish(database, entries, now) for entries in (ENTRIES, {}, ENTRIES)]

    assert versions == [1, 2, 3]


def test_processes_that_start_at_once_publish_the_first_book_once(database: Database, now: datetime) -> None:
    with ThreadPoolExecutor(8) as threads:
        versions = list(threads.map(lambda _: publish(database, ENTRIES, now), range(8)))

    assert versions == [1] * 8
