from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from hrss import conversations, open_turns
from hrss.database import Database
from hrss.tables import Conversation, Turn


def receive(
    database: Database, conversation: Conversation, message: str, now: datetime, by: str | None
) -> str:
    with database.transaction() as session:
        return conversations.receive(
            session,
            conversation.id,
            client_msg_id=message,
            text="怎么绑定？",
            option=None,
            now=now,
            held_by=by,
        ).turn_id


def answer(database: Database, turn_id: str, now: datetime, *, failed: bool = False) -> None:
    with database.transaction() as session:
        conversations.answer(
            session, turn_id, messages=[], reading=None, now=now, total_ms=None, failed=failed
        )


def open_ones(database: Database) -> list[Turn]:
    with database.reading() as session:
        return open_turns.of_channel(session, "web")


def take_over(database: Database, turn: Turn, by: str) -> bool:
    with database.transaction() as session:
        return open_turns.take_over(session, turn, by)


def test_only_turns_without_an_answer_are_open_the_oldest_first(
    database: Database, conversation: Conversation, now: datetime
) -> None:
    first = receive(database, conversation, "m1", now, "a")
    answer(database, receive(database, conversation, "m2", now, "a"), now)
    answer(database, receive(database, conversation, "m3", now, "a"), now, failed=True)
    last = receive(database, conversation, "m4", now + timedelta(minutes=1), None)

    assert [first, last] == [turn.id for turn in open_ones(database)]


def test_a_turn_is_taken_over_by_one_of_all_who_saw_it_stand_still(
    database: Database, conversation: Conversation, now: datetime
) -> None:
    for held_by in ("a", None):  # an older version of the code names nobody
        receive(database, conversation, f"m-{held_by}", now, held_by)
    for turn in open_ones(database):
        with ThreadPoolExecutor(4) as pool:
            took = list(pool.map(lambda by, turn=turn: take_over(database, turn, by), "bcde"))

        assert sorted(took) == [False, False, False, True]


def test_who_shows_signs_of_life_keeps_its_turn_and_who_lost_it_gives_none(
    database: Database, conversation: Conversation, now: datetime
) -> None:
    turn_id = receive(database, conversation, "m1", now, "a")
    [as_seen] = open_ones(database)
    with database.transaction() as session:
        open_turns.keep(session, "a", {turn_id})

    assert not take_over(database, as_seen, "b")
    [seen_again] = open_ones(database)
    assert take_over(database, seen_again, "b")
    with database.transaction() as session:
        open_turns.keep(session, "a", {turn_id})
    assert [("b", seen_again.held_beat + 1)] == [
        (turn.held_by, turn.held_beat) for turn in open_ones(database)
    ]


def test_an_answered_turn_is_nobodys(database: Database, conversation: Conversation, now: datetime) -> None:
    turn_id = receive(database, conversation, "m1", now, "a")
    [as_seen] = open_ones(database)
    answer(database, turn_id, now)

    assert not take_over(database, as_seen, "b")


def test_a_message_is_first_once_all_before_it_in_its_conversation_are_answered(
    database: Database, conversation: Conversation, another_conversation, now: datetime
) -> None:
    other = receive(database, another_conversation(), "m1", now, "a")
    first, second = (receive(database, conversation, message, now, "a") for message in ("m1", "m2"))

    def is_first(turn_id: str) -> bool:
        with database.reading() as session:
            turn = session.get(Turn, turn_id)
            return open_turns.standing(session, turn.conversation_id, turn.seq, "web").first

    assert [is_first(turn_id) for turn_id in (other, first, second)] == [True, True, False]
    answer(database, first, now)
    assert is_first(second)
