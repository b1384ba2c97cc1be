import argparse
import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from hrss import accounts, case_review, conversations, one_person, personal_data_commands, photos, retention
from hrss.database import Database
from hrss.errors import StaffMayNot
from hrss.one_person import Receipt
from hrss.sealing import sealed_tables
from hrss.staff import Role
from hrss.staff_messages import leave
from hrss.tables import Base, Case, Photo
from hrss.vault import Vault
from tests.hrss.people import CHEN, CHENS_PHONE, HE, Talk, photo, prove_chen
from tests.hrss.test_cases import appeal

WORDS = "我是陈静，441900199511020007，电话13800138002，帮我看看"


@pytest.fixture
def tracker(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'tracker.db'}")
    with database.transaction() as session:
        session.execute(text("CREATE TABLE events (id INTEGER PRIMARY KEY, sender_id TEXT, data TEXT)"))
    return database


def say(talk: Talk, vault: Vault, words: str, tracker: Database | None = None) -> None:
    """What a channel does with a message, and Rasa with what is left of it."""
    with talk.database.transaction() as session:
        masked = vault.tokenise(session, talk.id, words).text
        turn = conversations.receive(
            session, talk.id, client_msg_id="said-it", text=masked, option=None, now=talk.now
        )
        answer = [{"text": "陈*的账号是一级。" if "陈静" in words else "好的。"}]
        conversations.answer(
            session, turn.turn_id, messages=answer, reading=None, now=talk.now, total_ms=None
        )
    if tracker is not None:
        with tracker.transaction() as session:
            said = {"sender": talk.id, "data": masked}
            session.execute(text("INSERT INTO events (sender_id, data) VALUES (:sender, :data)"), said)


def erase(talk: Talk, tracker: Database, by: str = Role.ADMINISTRATOR.value) -> Receipt | None:
    with talk.database.transaction() as session:
        return one_person.erase(
            session, talk.hall, tracker, certificate=CHEN["certificate"], staff=by, now=talk.now
        )


def run(talk: Talk, *command: str) -> str:
    parser = argparse.ArgumentParser()
    personal_data_commands.add_to(parser.add_subparsers(dest="command"), tracker="")
    chosen = parser.parse_args(command)
    return "\n".join(personal_data_commands.run(talk.database, talk.hall, chosen, talk.now))


def everything(database: Database) -> str:
    """All rows of all tables as text, what is sealed as it is stored."""
    with database.reading() as session:
        return "\n".join(
            str(dict(row))
            for table in Base.metadata.sorted_tables
            if table.name not in ("people", "person_accounts", "organizations", "book_entries")
            for row in session.execute(select(table)).mappings()
        )


def test_an_erased_person_is_nowhere_any_more_and_the_receipt_says_what_went(
    talk: Talk, new_talk: Callable[[], Talk], vault: Vault, tracker: Database
) -> None:
    prove_chen(talk)
    photo(talk)
    say(talk, vault, WORDS, tracker)
    other = new_talk()  # an operator who types her number, for a reason of their own
    say(other, vault, f"我要绑定经办人，证件号是{CHEN['certificate']}")
    stranger = new_talk()
    say(stranger, vault, f"我的证件号{HE['certificate']}", tracker)

    receipt = erase(talk, tracker)

    assert receipt is not None
    assert receipt.erased == {
        "vault_values": 3, "photos": 1, "messages": 1, "answers": 1, "proofs": 1, "sms_codes": 1, "tracker_events": 1
    }  # fmt: skip
    kept = everything(talk.database)
    assert "帮我看看" not in kept and "陈*的账号" not in kept
    assert "我要绑定经办人" in kept, "what another person said stays"
    with talk.database.reading() as session:
        assert vault.masked(session, other.id) == []
        assert len(vault.masked(session, stranger.id)) == 1
    with tracker.reading() as session:
        left = session.execute(text("SELECT sender_id FROM events")).scalars().all()
    assert left == [stranger.id]
    assert re.fullmatch(r"X[0-9A-F]{10}", receipt.number) and receipt.number in kept
    assert CHEN["certificate"] not in str(receipt) and CHENS_PHONE not in str(receipt)
    again = erase(talk, tracker)
    assert again is not None and not again.erased.get("photos") and not again.erased["tracker_events"]


def test_the_record_of_processing_names_every_table_that_holds_sealed_values() -> None:
    record = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")

    sealed = {table.__tablename__ for table in sealed_tables()}
    assert len(sealed) > 5
    assert [name for name in sorted(sealed) if f"`{name}`" not in record] == []


def test_an_open_case_is_decided_first_and_a_decided_one_goes(talk: Talk, tracker: Database) -> None:
    number = appeal(talk).number
    with talk.database.transaction() as session:
        talk_case = session.get(Case, number)
        talk_case.person_id = accounts.person_with(session, talk.hall, certificate=CHEN["certificate"]).id
    receipt = erase(talk, tracker)
    assert receipt is not None and receipt.open_cases == (number,)
    with talk.database.reading() as session:
        assert session.get(Case, number).sealed and session.query(Photo).count() == 1

    talk.decide(case_review.reject, number, reason="照片看不清")
    receipt = erase(talk, tracker)

    assert receipt is not None and (receipt.open_cases, receipt.erased["cases"]) == ((), 1)
    with talk.database.reading() as session:
        assert session.get(Case, number).sealed is None and session.query(Photo).count() == 0


@pytest.mark.parametrize(
    "role", [role for role in Role if role is not Role.ADMINISTRATOR], ids=lambda role: role.value
)
def test_only_an_administrator_erases_or_copies(talk: Talk, tracker: Database, role: Role) -> None:
    with pytest.raises(StaffMayNot):
        erase(talk, tracker, by=role.value)
    with pytest.raises(StaffMayNot), talk.database.transaction() as session:
        one_person.copy(session, talk.hall, certificate=CHEN["certificate"], staff=role.value, now=talk.now)


def test_a_person_gets_a_copy_of_all_that_is_kept_of_them_and_of_nobody_else(
    talk: Talk, new_talk: Callable[[], Talk], vault: Vault
) -> None:
    prove_chen(talk)
    say(talk, vault, WORDS)
    say(new_talk(), vault, "别人说的话")

    with talk.database.transaction() as session:
        copied = one_person.copy(
            session,
            talk.hall,
            certificate=CHEN["certificate"],
            staff=Role.ADMINISTRATOR.value,
            now=talk.now,
        )

    assert copied is not None
    assert copied["person"]["certificate"] == CHEN["certificate"]
    assert [account["phone"] for account in copied["accounts"]] == [CHENS_PHONE]
    [conversation] = copied["conversations"]
    assert "帮我看看" in conversation["messages"][0]["text"]
    assert "别人说的话" not in json.dumps(copied, ensure_ascii=False)


def test_the_preview_says_what_the_sweep_then_takes_and_takes_nothing(talk: Talk, vault: Vault) -> None:
    prove_chen(talk)
    photo(talk)
    say(talk, vault, WORDS)
    later = talk.now + timedelta(days=31)
    before = everything(talk.database)

    preview = run(talk, "sweep", "--preview", "--on", later.isoformat())

    assert everything(talk.database) == before
    with talk.database.transaction() as session:
        taken = retention.sweep(session, now=later).by_class
    told = {name: int(count) for count, name in re.findall(r"(\d+)  (\w+)$", preview, re.MULTILINE)}
    assert told == {name: count for name, count in taken.items() if count}
    assert told["photos"] == 1 and told["proofs"] == 1


def test_words_go_after_as_many_days_as_the_department_says_here_and_in_rasas_memory(
    talk: Talk, new_talk: Callable[[], Talk], vault: Vault, tracker: Database
) -> None:
    talk.hall = replace(talk.hall, words_kept=timedelta(days=90))
    waits = new_talk()
    for each in (talk, waits):
        say(each, vault, WORDS, tracker)
    with waits.database.transaction() as session:
        leave(session, waits.hall, waits.id, province="gd", words="请回复", key="left", now=waits.now)
    command = ("sweep", "--tracker", tracker.url, "--preview", "--on")
    assert "conversations_emptied" not in run(talk, *command, (talk.now + timedelta(days=89)).isoformat())
    assert " 1  conversations_emptied" in run(talk, *command, (talk.now + timedelta(days=90)).isoformat())
    assert everything(talk.database).count("帮我看看") == 4, "a preview takes nothing"

    with talk.database.transaction() as session:
        later = talk.now + timedelta(days=90)
        assert retention.sweep_words(session, tracker, now=later, kept=timedelta(0)) == 0, "no period, no end"
        assert retention.sweep_words(session, tracker, now=later, kept=timedelta(days=90)) == 1
        assert retention.sweep_words(session, tracker, now=later, kept=timedelta(days=90)) == 0

    kept = everything(talk.database)
    assert kept.count("帮我看看") == 2, "a case that waits keeps its conversation"
    assert kept.count("陈*的账号") == 1
    with tracker.reading() as session:
        assert session.execute(text("SELECT sender_id FROM events")).scalars().all() == [waits.id]


def test_the_register_of_consents_says_who_allowed_what_and_when_it_was_withdrawn(
    talk: Talk, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(talk)
    with talk.database.transaction() as session:
        conversations.record_consent(
            session, talk.id, kind=photos.CONSENT, granted=False, text_version="1", now=talk.now
        )

    run(talk, "consents")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))

    assert [(row["granted"], row["conversation"]) for row in rows] == [("True", talk.id), ("False", talk.id)]
    with talk.database.reading() as session:
        assert session.query(Photo).count() == 0
