"""The console's pages and filters, asked one after another as a browser would, through the application itself."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple
from urllib.parse import urlencode

from flask.testing import FlaskClient
from sqlalchemy import desc, select

from benchmarks.biglog.fill import PASSWORD
from benchmarks.biglog.invented import ASKED, FLOWS, OFFICER, RARE, REFUSED, REVIEWER
from console.app import create_app
from hrss.database import Database
from hrss.settings import Settings
from hrss.tables import Case, Conversation, Turn

TIMES = 20
AUDITOR = "auditor"


class Measured(NamedTuple):
    what: str
    half: float
    most: float  # 95 of a hundred


class Asked(NamedTuple):
    """Something that is asked, by whom, at addresses of which one is taken after another."""

    what: str
    who: str
    addresses: list[str]


def measure(database: Database, settings: Settings, now: datetime, only: str) -> Iterator[Measured]:
    clients = signed_in(database, settings)
    for what, who, addresses in asked(database, now):
        if only in what:
            taken = sorted(_seconds(clients[who], addresses[time % len(addresses)]) for time in range(TIMES))
            yield Measured(what, statistics.median(taken) * 1000, taken[-(-TIMES * 95 // 100) - 1] * 1000)


def asked(database: Database, now: datetime) -> Iterator[Asked]:
    random = Random(2)
    with database.reading() as session:
        newest = session.execute(
            select(Conversation.id, Conversation.last_at).order_by(desc(Conversation.last_at)).limit(2000)
        ).all()
        entries = list(session.scalars(select(Turn.entry).where(Turn.entry.is_not(None)).limit(2000)))
        numbers = list(session.scalars(select(Case.number).limit(200)))
    kept = list(dict.fromkeys(entries))
    days = [(now - timedelta(days=each)).date() for each in (0, 30, 200, 500, 700)]
    moments = [now - timedelta(days=random.uniform(0, 700)) for _ in range(10)]
    places = [f"{at.isoformat()}~{'0' * 22}" for at in moments]

    def listed(what: str, *given: Mapping[str, object]) -> Asked:
        return Asked(f"list: {what}", REVIEWER, [f"/conversations?{urlencode(each)}" for each in given])

    yield listed("newest", {})
    yield listed("a page years back", *({"before": place} for place in places))
    yield listed("last activity within a day", *({"since": day, "until": day} for day in days))
    yield listed(
        "last activity within a minute", *({"since": f"{day}T10:00", "until": f"{day}T10:01"} for day in days)
    )
    yield listed("channel", {"channel": "wechat"}, {"channel": "web"})
    yield listed("province", {"province": "gd"}, {"province": "hn"})
    yield listed("decision", *({"decision": each} for each in ("none", "which", "answer", "staff")))
    yield listed("stage", *({"stage": each} for each in ("rank", "error_message", "exact")))
    yield listed("entry", *({"entry": each} for each in kept))
    yield listed("an entry nobody asked for", {"entry": "gd.no.such"})
    yield listed(
        "entry and month",
        *({"entry": each, "asked_since": days[3], "asked_until": days[2]} for each in kept[:9]),
    )
    yield listed("low lead", {"lead": "0.05"}, {"lead": "0.2"})
    yield listed("not answered or failed", {"fallback": "yes"})
    yield listed("slow", {"slow": "yes"})
    yield listed("flow", *({"flow": each} for each in FLOWS))
    yield listed(
        "where a flow stopped", *({"flow": flow, "stopped_at": each} for flow in FLOWS[:3] for each in ASKED)
    )
    yield listed("how a flow ended", *({"stopped_at": each} for each in ("done", "refused", "cancelled")))
    yield listed("refusal", *({"refused": each} for each in REFUSED))
    yield listed("feedback", *({"feedback": each} for each in ("unhelpful", "helpful", "none")))
    yield listed("satisfaction", *({"satisfaction": each} for each in range(1, 6)))
    yield listed("reviewed", *({"reviewed": each} for each in ("yes", "no", "mine")))
    yield listed("handed over", *({"handover": each} for each in ("returned", "lapsed", "taken")))
    yield listed("follow-up", {"follow_up": "any"}, {"follow_up": "phrases"})
    yield listed("case number", *({"case_number": each} for each in numbers[:20]))
    yield listed("words often said", *({"text": each} for each in ("账号", "密码", "授权码", "怎么")))
    yield listed("words seldom said", *({"text": each} for each in RARE))
    yield listed("words never said", *({"text": each} for each in ("量子纠缠", "珠穆朗玛峰", "zzqx")))
    yield listed("words and entry", *({"text": "处理", "entry": each} for each in kept[:10]))
    yield listed(
        "all at once",
        *(
            {"channel": "web", "province": "gd", "decision": "answer", "lead": "0.1", "entry": each}
            for each in kept[:10]
        ),
    )
    yield Asked(
        "export of a day", REVIEWER, [f"/conversations/export.csv?since={day}&until={day}" for day in days]
    )
    yield Asked(
        "one conversation", REVIEWER, [f"/conversations/{row.id}" for row in newest[:: len(newest) // 20]]
    )
    yield Asked("review queues", REVIEWER, ["/review"])
    yield Asked("next to review", REVIEWER, ["/review/next?queue=first", "/review/next?queue=again"])
    yield Asked("questions without a good answer", REVIEWER, ["/book/unknowns?days=7"])
    yield Asked("overview, 14 days", REVIEWER, ["/overview", *(f"/overview?last={day}" for day in days)])
    yield Asked("overview, a day", REVIEWER, [f"/overview?first={day}&last={day}" for day in days])
    yield Asked(
        "overview, 14 days of a province", REVIEWER, ["/overview?province=hn", "/overview?channel=wechat"]
    )
    yield Asked("overview, 92 days", REVIEWER, [f"/overview?first={days[2]}&last={days[1]}"])
    yield Asked("cases waiting", OFFICER, ["/cases"])
    yield Asked("cases decided", OFFICER, ["/cases?state=decided", "/cases?state=all"])
    yield Asked("live", OFFICER, ["/live"])
    yield Asked("audit trail", AUDITOR, ["/audit"])
    yield Asked(
        "audit: a deed",
        AUDITOR,
        [f"/audit?did={each}" for each in ("case.submitted", "value.revealed", "proof.given")],
    )
    yield Asked("audit: a day", AUDITOR, [f"/audit?since={day}&until={day}" for day in days])
    yield Asked("audit: a member of staff", AUDITOR, ["/audit?staff=reviewer", "/audit?staff=nobody"])
    yield Asked("audit: whom", AUDITOR, [f"/audit?about={row.id}" for row in newest[:10]])
    yield Asked("book", REVIEWER, ["/book"])
    yield Asked("staff", OFFICER, ["/staff"])


def signed_in(database: Database, settings: Settings) -> dict[str, FlaskClient]:
    """A browser for each of those who ask."""
    app = create_app(settings, database)
    app.config["WTF_CSRF_ENABLED"] = False
    return {who: _signed_in(app.test_client(), who) for who in (REVIEWER, OFFICER, AUDITOR)}


def _signed_in(client: FlaskClient, who: str) -> FlaskClient:
    response = client.post("/sign-in", data={"username": who, "password": PASSWORD})
    assert response.status_code == 302, response.status_code
    return client


def _seconds(client: FlaskClient, address: str) -> float:
    began = time.perf_counter()
    response = client.get(address)
    assert response.status_code in (200, 302), (
        response.status_code,
        re.sub(r"\s+", " ", response.text[:500]),
    )
    response.get_data()
    return time.perf_counter() - began
