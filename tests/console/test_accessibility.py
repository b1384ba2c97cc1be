"""axe-core on every page of the console, as it is when full, empty, refused or gone; on a desk and on a tablet."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import waitress
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from console.access import OPEN
from console.app import create_app
from faq.quality import Report
from faq.shelf import stock
from faq.trial import Change, Difference, Origin, Outcome, Question, Result
from hrss import (
    book_changes,
    books,
    conversations,
    drafts,
    flow_steps,
    handovers,
    reviews,
    staff,
    trained_models,
    trials,
)
from hrss.conversations import Author
from hrss.database import Database
from hrss.hall import Hall
from hrss.settings import Settings
from hrss.staff import Role
from hrss.tables import Case
from tests.accessibility import violations
from tests.conftest import ROOT, free_port, surroundings
from tests.console.office import SCREENSHOTS, is_complaint
from tests.console.staff_browser import PASSWORD
from tests.console.test_conversation_pages import talk

ENTRY = "gd.password.change"
SIZES = {"desk": (1280, 800), "tablet": (768, 1024)}
# What is no page of its own: files, fragments of a page, ways on.
NO_PAGES = {"cases.photo", "conversations.export", "audit_trail.export", "book.export", "home"}
NO_PAGES |= {"live.queue", "live.lines", "trying.progress", "models.progress", "reviewing.following"}


class State(NamedTuple):
    """A page as someone meets it; `{…}` in its address is something that is there."""

    name: str
    role: Role
    address: str
    press: str | None = None  # the button that leads to the state


STATES = (
    State("conversations", Role.TRAINER, "/conversations"),
    State("conversations-narrowed", Role.TRAINER, "/conversations?text=绑定&feedback=unhelpful&province=gd"),
    State("conversations-none", Role.REVIEWER, "/conversations?text=没有人说过"),
    State("conversations-counted", Role.TRAINER, "/conversations?asked_since={today}&asked_until={today}"),
    State("conversation", Role.TRAINER, "/conversations/{conversation}"),
    State("conversation-of-the-queue", Role.REVIEWER, "/conversations/{conversation}?queue=first"),
    State("conversation-of-an-officer", Role.CASE_OFFICER, "/conversations/{waiting}"),
    State("conversation-without-a-word", Role.ADMINISTRATOR, "/conversations/{silent}"),
    State("conversation-gone", Role.REVIEWER, "/conversations/nobody-s"),
    State("review", Role.TRAINER, "/review"),
    State("review-done", Role.TRAINER, "/review?done=first"),
    State("cases", Role.CASE_OFFICER, "/cases"),
    State("cases-none", Role.REVIEWER, "/cases?state=returned&owner=mine"),
    State("case", Role.REVIEWER, "/cases/{case}"),
    State("case-taken", Role.REVIEWER, "/cases/{case}", "接手审核"),
    State("case-refused", Role.REVIEWER, "/cases/{case}", "不通过"),
    State("case-sheet", Role.REVIEWER, "/cases/{case}/sheet"),
    State("live", Role.ADMINISTRATOR, "/live"),
    State("live-on-duty", Role.ADMINISTRATOR, "/live", "开始接待"),
    State("live-conversation", Role.CASE_OFFICER, "/live/{taken}"),
    State("book", Role.TRAINER, "/book"),
    State("book-none", Role.TRAINER, "/book?text=没有这样的条目"),
    State("entry", Role.TRAINER, "/book/entries/{entry}"),
    State("entry-to-read", Role.REVIEWER, "/book/entries/{entry}"),
    State("entry-new", Role.TRAINER, "/book/new"),
    State("changes", Role.TRAINER, "/book/changes"),
    State("changes-of-a-colleague", Role.ADMINISTRATOR, "/book/changes"),
    State("versions", Role.TRAINER, "/book/versions"),
    State("version", Role.TRAINER, "/book/versions/1"),
    State("trial-running", Role.TRAINER, "/book/trials/{running}"),
    State("trial-failed", Role.TRAINER, "/book/trials/{failed}"),
    State("trial-done", Role.TRAINER, "/book/trials/{done}"),
    State("unknowns", Role.TRAINER, "/book/unknowns"),
    State("unknowns-none", Role.TRAINER, "/book/unknowns?why=handed_over&province=hn"),
    State("drafts", Role.TRAINER, "/book/drafts"),
    State("entry-from-a-draft", Role.TRAINER, "/book/new?draft=1"),
    State("try", Role.TRAINER, "/book/try"),
    State("models", Role.TRAINER, "/book/models"),
    State("model-measured", Role.TRAINER, "/book/models/{model}?sure=0.9&likely=0.9"),
    State("model-busy", Role.REVIEWER, "/book/models/{busy_model}"),
    State("overview", Role.AUDITOR, "/overview"),
    State("overview-linked", Role.TRAINER, "/overview"),
    State("overview-none", Role.AUDITOR, "/overview?first=2020-01-01&last=2020-01-02"),
    State("emergency", Role.TRAINER, "/emergency"),
    State("audit", Role.AUDITOR, "/audit"),
    State("audit-none", Role.AUDITOR, "/audit?did=value.revealed"),
    State("words", Role.TRAINER, "/words"),
    State("staff", Role.ADMINISTRATOR, "/staff"),
    State("account", Role.REVIEWER, "/account"),
    State("forbidden", Role.AUDITOR, "/staff"),
    State("nowhere", Role.AUDITOR, "/nowhere"),
    State("malformed", Role.REVIEWER, "/conversations?lead=x"),
)


class Office(NamedTuple):
    app: Flask
    address: str
    there: dict[str, str]


@pytest.fixture(scope="module")
def office(cheap_hashing: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The console over a demo hall in which something of everything has happened."""
    folder: Path = tmp_path_factory.mktemp("office")
    environment = surroundings(folder)
    subprocess.run(
        [sys.executable, "-m", "hrss", "demo"], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    settings = Settings.from_env(environment)
    database = Database(settings.database_url)
    stock(database)
    there = happened(database, Hall.open(settings, database), datetime.now(timezone.utc))
    app = create_app(settings, database)
    server = waitress.create_server(app, host="127.0.0.1", port=free_port(), threads=4)
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    yield Office(app, f"http://127.0.0.1:{server.effective_port}", there)
    server.close()
    serving.join(timeout=10)
    database.close()


def happened(database: Database, hall: Hall, now: datetime) -> dict[str, str]:
    """Let something of everything happen; return the names of what there is."""
    with database.transaction() as session:
        for role in Role:
            staff.add(session, role.value, f"同事{role.value}", role, PASSWORD, now)
        for number in range(40):
            decision = ("answer", "which", "chat", "none")[number % 4]
            conversation = talk(
                session,
                ("怎么绑定经办人", "授权码在哪里看", "你好", "股票明天涨不涨")[number % 4],
                now - timedelta(minutes=number),
                province=("gd", "hn")[number % 2],
                channel=("web", "wechat")[number % 2],
                answer={"text": "请这样办。", "options": [{"label": "找人工"}]},
                decision=decision,
                stage="rank",
                cleaned="怎么绑定经办人",
                entry=ENTRY if decision == "answer" else None,
                candidates=[{"id": ENTRY, "score": 0.71}, {"id": "gd.no.more", "score": 0.2}],
                thresholds={"sure": 0.6, "lead": 0.1},
            )
            if number % 5 == 0:
                conversations.rate(session, conversation, 2, helpful=False, reason="步骤不全", now=now)
                conversations.rate_whole(session, conversation, number % 3 + 1, now=now)
        silent = conversations.open(session, channel="web", now=now, idle=timedelta(minutes=30)).id
        conversation, waiting, taken = (talk(session, said, now) for said in ("我要绑定", "找人工", "帮帮我"))
        turn = conversations.receive(
            session, conversation, client_msg_id="2", text="〔手机#1〕", option=None, now=now
        )
        conversations.answer(
            session, turn.turn_id, messages=[{"text": "好"}], reading={"stage": "option"}, now=now, total_ms=9
        )
        flow_steps.note(
            session,
            conversation,
            turn_id=turn.turn_id,
            run_id="run",
            flow="recover_account",
            asked=None,
            ended="refused",
            refused="already_bound",
            known={"phone": "given"},
            now=now,
        )
        reviews.judge(
            session, conversation, staff=Role.TRAINER.value, quality=2, follow_up="new_entry", now=now
        )
        reviews.comment(session, conversation, staff=Role.TRAINER.value, text="问法要补", seq=1, now=now)
        handovers.go_on_duty(session, Role.CASE_OFFICER.value, now)
        for each in (waiting, taken):
            handovers.ask(session, hall, each, now=now)
        handovers.take(session, taken, staff=Role.CASE_OFFICER.value, now=now)
        conversations.say(session, taken, author=Author.STAFF, messages=[{"text": "您好。"}], now=now)
        body = books.body(session, ENTRY) or {}
        change = {**body, "answer": f"{body['answer']}请留意。"}
        book_changes.propose(session, ENTRY, change, note="说清楚", staff=Role.TRAINER.value, now=now)
        tried = [
            trials.begin(session, {ENTRY: change}, version=1, staff=Role.TRAINER.value, now=now).id
            for _ in range(3)
        ]
        trials.step(session, tried[0], 3, 10, now)
        trials.end(session, tried[1], None, now)
        trials.end(session, tried[2], outcome(), now)
        drafted = {
            "province": "gd",
            "question": "怎么改密码？",
            "answer": "点【密码修改】。",
            "valid_from": "2026-11-01",
        }
        row = {"place": "4", "text": "点【密码修改】。", "body": drafted, "nearest": [[ENTRY, 0.91]]}
        drafts.keep(session, "手册.docx", [row], staff=Role.TRAINER.value, now=now)
        trained_models.install(session, "0123456789abcdef", now=now)
        trained_models.end(session, "0123456789abcdef", report(), now)
        busy = trained_models.begin(session, 1, staff=Role.TRAINER.value, now=now).id
        case = session.query(Case.number).filter_by(state="submitted").order_by(Case.number).first()[0]
    return {
        "today": f"{now + timedelta(hours=8):%Y-%m-%d}",
        "conversation": conversation,
        "waiting": waiting,
        "taken": taken,
        "silent": silent,
        "case": case,
        "entry": ENTRY,
        "model": "0123456789abcdef",
        "busy_model": busy,
        "running": tried[0],
        "failed": tried[1],
        "done": tried[2],
    }


def report() -> dict[str, Any]:
    """What comes out of measuring a model."""
    one, other = f"entry:{ENTRY}", "entry:gd.unbind.handler"
    return Report(
        ours=3,
        outside=1,
        settled={"right": 1},
        scored=((0.8, 0.1, "right"), (0.7, 0.1, "wrong"), (0.3, 0.2, "outside")),
        confused=((one, other, 3), ("outside:tax", one, 1), (other, "intent:chitchat", 2)),
        collisions=((one, other, 3, "密码想换一个", "人想换一个"),),
        redundant=((ENTRY, "怎么改密码", "怎样改密码"),),
        entries={ENTRY: (2, 1, 0, 1), "gd.unbind.handler": (1, 1, 0, 0)},
        examples=4,
        labels=3,
        processor_seconds=1.5,
    ).as_dict()


def outcome() -> dict[str, Any]:
    """What comes out of a trial that makes one question worse."""
    question = Question("密码想换一个", "gd", ENTRY, "answer", Origin.QUESTION)
    worse = Difference(
        question, Outcome("answer", ENTRY, (), 0.8), Outcome("which", None, (ENTRY,), 0.4), Change.WORSE
    )
    return Result(3, (3, 0), (2, 1), (worse,), ((ENTRY, "gd.unbind.handler", 2),)).as_dict()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, office: Office) -> Iterator[Callable[[Role], Page]]:
    """A page for each role, and what the browser had to complain about all of them."""
    contexts: dict[Role, BrowserContext] = {}
    complaints: list[str] = []

    def as_role(role: Role) -> Page:
        if role not in contexts:
            contexts[role] = browser.new_context(base_url=office.address, locale="zh-CN")
            page = contexts[role].new_page()
            page.on("console", lambda said: complaints.append(said.text) if is_complaint(said) else None)
            page.goto("/sign-in")
            page.get_by_label("用户名").fill(role.value)
            page.get_by_label("密码", exact=True).fill(PASSWORD)
            page.get_by_role("button", name="登录").click()
        return contexts[role].pages[0]

    yield as_role
    for context in contexts.values():
        context.close()
    assert complaints == []


def faults(page: Page, name: str) -> list[str]:
    """What is wrong at any size: nothing may be against the rules, or wider than the window."""
    found = []
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        found += [f"{size}: {fault}" for fault in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{size}: wider than the window")
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"axe-{name}-{size}.png", full_page=True)
    return found


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_no_page_is_against_the_rules(
    office: Office, signed_in: Callable[[Role], Page], state: State
) -> None:
    page = signed_in(state.role)
    page.goto(state.address.format(**office.there))
    if state.press:
        page.get_by_role("button", name=state.press, exact=True).click()
        page.wait_for_load_state()

    assert faults(page, state.name) == []


def test_every_chart_is_gone_through_by_keyboard_and_leads_to_the_conversations_behind_a_bar(
    signed_in: Callable[[Role], Page],
) -> None:
    page = signed_in(Role.TRAINER)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/overview")
    charts = page.locator("[data-chart] svg[role=group]")
    expect(charts).to_have_count(page.locator("[data-chart]").count())
    drawn = page.locator("#of-days td[data-name] a").count()
    bars = charts.first.locator("a")
    assert bars.count() == drawn >= 4
    assert charts.first.locator("a[tabindex='0']").count() == 1

    bars.first.focus()
    page.keyboard.press("ArrowRight")
    name = page.evaluate("document.activeElement.getAttribute('aria-label')")
    count = re.search(r"(\d+) 轮$", name)
    assert count, name
    page.keyboard.press("Enter")
    expect(page.locator(".tally")).to_contain_text(f"{count.group(1)} 轮提问")


def test_without_scripts_the_tables_stand_in_the_place_of_the_charts(
    browser: Browser, office: Office, signed_in: Callable[[Role], Page]
) -> None:
    state = signed_in(Role.TRAINER).context.storage_state()
    context = browser.new_context(base_url=office.address, storage_state=state, java_script_enabled=False)
    page = context.new_page()
    page.goto("/overview")

    for table in page.locator("details.as-table table").all():
        expect(table).to_be_visible()
    assert page.locator("#of-days a").count() >= 4
    context.close()


def test_signing_in_is_not_against_the_rules_either(browser: Browser, office: Office) -> None:
    context = browser.new_context(base_url=office.address, locale="zh-CN")
    page = context.new_page()
    page.goto("/sign-in")
    found = faults(page, "sign-in")
    page.get_by_label("用户名").fill("nobody")
    page.get_by_label("密码", exact=True).fill("not-the-passphrase")
    page.get_by_role("button", name="登录").click()
    found += faults(page, "sign-in-failed")
    context.close()

    assert found == []


def test_every_page_is_among_them(office: Office) -> None:
    adapter = office.app.url_map.bind("localhost")
    walked = set()
    for state in STATES:
        path = state.address.format(**office.there).partition("?")[0]
        if path != "/nowhere":
            walked.add(adapter.match(path)[0])

    pages = {rule.endpoint for rule in office.app.url_map.iter_rules() if "GET" in rule.methods}
    assert pages - OPEN - NO_PAGES == walked
