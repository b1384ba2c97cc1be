"""
Conversations that staff made tests of: said again, each must be understood as its file says.

`python -m hrss regressions` writes them to tests/regressions/ from the shared database.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from hrss.database import Database
from hrss.tables import Turn
from tests.conftest import ROOT, RunningHall
from tests.talk import Person

FILES = sorted((ROOT / "tests" / "regressions").glob("*.yml"))


def replay(hall: RunningHall, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Say it all again; return how each turn was understood, by the names of the file."""
    person = Person(hall.web, province=body["province"])
    for turn in body["turns"]:
        person.choose(turn["choose"]) if "choose" in turn else person.say(turn["say"])
    database = Database(hall.database_url)
    with database.reading() as session:
        rows = session.query(Turn).filter_by(conversation_id=person.opened["session"]).order_by(Turn.seq)
        understood = [{name: getattr(row, name) for name in ("decision", "entry", "intent")} for row in rows]
    database.close()
    return understood


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_conversation_goes_on_being_understood(hall: RunningHall, file: Path) -> None:
    body = yaml.safe_load(file.read_text(encoding="utf-8"))

    for expected, found in zip(body["turns"], replay(hall, body), strict=True):
        wanted = {name: value for name, value in expected.items() if name in found}
        assert wanted == {name: found[name] for name in wanted}, expected
