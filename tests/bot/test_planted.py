"""What is planted in every flow is in no file, no log and no transcript (design §5)."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pytest

from actions.go_on import FLOWS
from console.app import create_app
from faq.book import load_files
from faq.offers import load_offers
from hrss import staff
from hrss.database import Database
from hrss.settings import Settings
from hrss.staff import Role
from hrss.tables import Case, Conversation
from tests.conftest import ROOT, RunningHall
from tests.console.staff_browser import PASSWORD, Browser
from tests.hrss.people import card, file_of
from tests.planted import stands_in
from tests.talk import Person

CERTIFICATE, CONTACTS_PHONE, PHONE = "440106198503072818", "13911006780", "13910006789"
PLANTED = {
    "certificate": CERTIFICATE,
    "phone": PHONE,
    "contact's phone": CONTACTS_PHONE,
    "card": "6212262000000731941",
    "code": "739158",
    "password": "Qz7-planted!",
    "answer": "zise-hema-77",
}
ANSWERS = {
    "person_name": "冯小桃",
    "certificate": CERTIFICATE,
    "phone": PHONE,
    "org_number": "91440101MA0000066E",
    "org_name": "广州示例壬贸易有限公司",
    "contact_name": "冯小桃",
    "contact_phone": CONTACTS_PHONE,
    "sms_code": "739158",
    "case_number": "GD2345672",
    "message_to_staff": f"打我电话{PHONE}，证件{CERTIFICATE}，密码是Qz7-planted!",
}
OPENINGS = {
    "case_progress": "查进度",
    "talk_to_staff": "找人工",
    "erase_my_records": "删除我的记录",
    "list_operators": "谁绑定了我们单位",
    "binding_history": "绑定记录",
    "binding_status": "这样就算绑好了吗",
    "what_was_submitted": "刚才提交了什么",
    "bind_wechat": "绑定微信",
    "release_wechat": "解绑微信",
}
# What only another flow leads to, or its button.
LED_TO = {"refund_not_yours", "refund_noticed", "attach_evidence"}
MOST_ANSWERS = 14
# What the ways through the flows have to have met, or the test shows little.
ALWAYS_ASKED = {
    "certificate",
    "phone",
    "sms_code",
    "security_answer_1",
    "contact_phone",
    "photo",
    "message_to_staff",
}


def openings() -> Iterator[str]:
    """Yield what leads to the flows: the question of every entry that does, and their own words."""
    for entry in load_offers():
        yield load_files()[entry].question
    yield from OPENINGS.values()


def answer(person: Person, asked: str, route: int) -> None:
    """Answer the newest question as someone does who gives away everything."""
    if asked == "photo":
        person.upload(file_of(card(), "JPEG"))
    elif asked.startswith("security_answer"):
        person.say(PLANTED["answer"])
    elif person.seen[-1].get("options"):
        labels = person.labels()
        person.choose(labels[route % len(labels) if asked == "route" else 0])
    else:
        person.say(ANSWERS.get(asked, f"{CERTIFICATE} {PHONE}"))


@dataclass(frozen=True)
class Played:
    """All flows were played with these values, and this was shown."""

    hall: RunningHall
    shown: str


@pytest.fixture(scope="module")
def played(demo: RunningHall) -> Played:
    begun = {offer.flow for offer in load_offers().values()} | OPENINGS.keys()
    assert FLOWS.keys() - begun == LED_TO
    shown = ""
    met: set[str] = set()
    for route, begin in enumerate(openings(), start=3):
        person = Person(demo.web)
        person.say(begin)
        for _ in range(MOST_ANSWERS):
            asked = person.seen[-1].get("field")
            if not asked:
                break
            met.add(asked)
            answer(person, asked, route)
        person.say(f"我的卡号是{PLANTED['card']}，身份证{CERTIFICATE}，把我发的号码念一遍")
        shown += json.dumps(person.call("GET", "history?after=0"), ensure_ascii=False)

    assert met >= ALWAYS_ASKED
    return Played(demo, shown)


def holds_none(what: bytes) -> None:
    for name, value in PLANTED.items():
        assert not stands_in(value, what), name


def test_what_is_planted_in_every_flow_is_nowhere_in_clear(played: Played) -> None:
    stored = b"".join(path.read_bytes() for path in sorted(played.hall.folder.glob("*.db*")))
    logs = played.hall.log("bot") + played.hall.log("actions")

    assert "〔身份证#1〕".encode() in stored
    holds_none(stored)
    holds_none(played.shown.encode())
    holds_none(logs.encode())


def test_nor_is_it_in_what_staff_see_and_take_away(played: Played) -> None:
    """Every page of the console for every role, with its exports, of every conversation and case."""
    settings = Settings.from_env(played.hall.environment)
    database = Database(settings.database_url)
    app = create_app(settings, database)
    with database.transaction() as session:
        for role in Role:
            staff.add(session, f"sees_{role.value}", role.value, role, PASSWORD, datetime.now(timezone.utc))
        talks = [talk for (talk,) in session.query(Conversation.id)]
        cases = [number for (number,) in session.query(Case.number)]
    named = {"conversation_id": talks, "number": cases}
    addresses = ["/conversations/export.csv", "/conversations/export.xlsx", "/audit/export.csv"]
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.arguments:
            addresses.append(rule.rule)
        elif "GET" in (rule.methods or ()) and len(rule.arguments) == 1 and rule.arguments <= named.keys():
            [name] = rule.arguments
            addresses += [rule.rule.replace(f"<{name}>", value) for value in named[name]]

    taken = b""
    for role in Role:
        browser = Browser(app.test_client())
        browser.sign_in(f"sees_{role.value}")
        for address in addresses:
            if "sign" not in address:
                taken += unpacked(browser.get(address).data)
    database.close()

    assert "〔身份证#1〕".encode() in taken
    holds_none(taken)


def test_nor_is_it_in_a_backup_or_in_the_figures(played: Played, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hrss", "backup", str(tmp_path / "copy")]
    subprocess.run(command, cwd=ROOT, env=played.hall.environment, check=True, capture_output=True)
    copied = b"".join(unpacked(path.read_bytes()) for path in sorted((tmp_path / "copy").glob("*")))
    with urllib.request.urlopen(f"{played.hall.origin}/metrics", timeout=30) as answer:
        figures = answer.read()

    assert "〔身份证#1〕".encode() in copied
    holds_none(copied)
    holds_none(figures)


def unpacked(data: bytes) -> bytes:
    """What a file says: of a spreadsheet or an archive, what is in it."""
    if not data.startswith(b"PK"):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())
