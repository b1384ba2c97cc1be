"""
A trainer mends the book in a real browser, over the running bot, without a command line and without a restart.

What people could not be told is taken from the log, tried, published and asked again in the widget; a bad change is
seen in the trial, and taken back by a colleague.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from faq import trial
from hrss import book_changes
from hrss.database import Database
from hrss.staff import Role
from hrss.tables import StaffMember, Turn
from tests.bot.test_browser import Chat
from tests.conftest import RunningHall
from tests.console.office import picture
from tests.talk import Person

LIVE_SECONDS = 5
CHANGED = "gd.password.change"
RELEASED = "gd.unbind.handler"
# Words that nobody uses for a password, or for an operator who has left: these the book has never heard.
UNHEARD = {
    CHANGED: (
        *("芝麻开门那几个字想改", "那串进门的字儿用久了", "口令想翻新一下", "旧暗号不想用了"),
        *("进门的暗号怎么翻新", "暗号太好猜了能不能弄复杂点", "门上那把字锁该换了", "想给进门的咒语换一句"),
    ),
    RELEASED: (
        *(
            "摘牌子走人的同事",
            "花名册上的旧人划掉",
            "撤下旧人的帽子",
            "摘掉以前那个跑业务的",
            "把原来挂着的小伙子摘了",
        ),
        *("名单上的老员工怎么拿下去", "册子上那个人早不在了", "旧人还占着位子", "早走的那位还占着坑"),
    ),
}
TEN = 10


@pytest.fixture
def as_found(hall: RunningHall) -> Iterator[Database]:
    """The published book of the running bot, which the other tests find as it was."""
    database = Database(hall.database_url)
    yield database
    with database.transaction() as session:
        member = session.query(StaffMember).filter_by(role=Role.TRAINER.value).first()
        for change in book_changes.open_ones(session):
            book_changes.discard(session, change.id, staff=member.username, now=member.created_at)
        book_changes.roll_back(session, 1, note="", staff=member.username, now=member.created_at)
    database.close()


def decided(database: Database, person: Person) -> tuple[str | None, str | None]:
    """How the person's last question was read."""
    with database.reading() as session:
        turns = session.query(Turn).filter_by(conversation_id=person.opened["session"])
        turn = turns.order_by(Turn.seq.desc()).first()
        return turn.decision, turn.entry


def asked(hall: RunningHall, database: Database, question: str) -> tuple[str | None, str | None]:
    person = Person(hall.web)
    person.say(question)
    return decided(database, person)


def until(is_so: Callable[[], bool], seconds: float) -> float:
    """How long it took until something was so."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        time.sleep(0.2)
    return time.monotonic() - began


def tried(page: Page) -> Page:
    """Try all open changes, and wait for what comes out."""
    page.goto("/book/changes")
    page.get_by_role("button", name="试运行全部修改").click()
    expect(page.locator("[data-outcome]")).to_be_visible(timeout=240_000)
    return page


def tried_before_saving(page: Page) -> None:
    """Wait for what comes out, see that nothing is lost, and save only then."""
    expect(page.locator("[data-outcome]")).to_be_visible(timeout=240_000)
    expect(page.get_by_text("个问题会变差")).to_have_count(0)
    expect(page.get_by_text("这些修改还没有保存")).to_be_visible()
    picture(page, "trial-unsaved")
    page.get_by_role("button", name="保存为待发布的修改").click()


def published(page: Page, why: str) -> None:
    page.goto("/book/changes")
    page.get_by_label("这一版改了什么").fill(why)
    page.get_by_role("button", name="发布新版本").click()
    expect(page.get_by_text("版已发布，几秒内生效")).to_be_visible()


@pytest.mark.timeout(900)
def test_a_trainer_mends_ten_failures_and_a_colleague_takes_a_bad_change_back(
    hall: RunningHall,
    browser: Browser,
    sign_in: Callable[[Role], Page],
    as_found: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        trial, "FOLDS", 0
    )  # tests/faq/test_trial.py asks the book's own phrases; here, what staff saved
    failed = {
        question: entry
        for entry, questions in UNHEARD.items()
        for question in questions
        if asked(hall, as_found, question)[0] in ("which", "none")
    }
    assert len(failed) >= TEN
    failed = dict(list(failed.items())[-TEN:])

    trainer = sign_in(Role.TRAINER)
    trainer.goto("/book/try?text=单位账号忘了密码，做过实名&province=gd")
    expect(trainer.get_by_text("候选条目与把握")).to_be_visible(timeout=60_000)
    picture(trainer, "try")
    trainer.get_by_role("button", name="存为检查题").click()
    expect(trainer.get_by_text("已存为检查题")).to_be_visible()
    trainer.goto("/book/unknowns")
    picture(trainer, "unknowns")
    for place, (question, entry) in enumerate(failed.items()):
        trainer.goto("/book/unknowns")
        cluster = trainer.locator(f"form.cluster:has(input[value='{question}'])")
        if cluster.count() == 0:
            continue  # added with others that mean the same
        for box in cluster.locator("input[name=text]").all():
            box.set_checked(failed.get(box.get_attribute("value") or "") == entry)
        cluster.get_by_label("归到条目").select_option(value=entry)
        if place == 0:
            cluster.get_by_role("button", name="先试运行").click()
            tried_before_saving(trainer)
        else:
            cluster.get_by_role("button", name="加为问法").click()
        expect(trainer.get_by_text(f"已保存“{entry}”的修改")).to_be_visible()

    expect(tried(trainer).get_by_text("有 0 个问题会变差")).to_have_count(0)
    picture(trainer, "trial")
    published(trainer, "补十种没听懂的问法")
    picture(trainer, "versions")
    question, entry = next(iter(failed.items()))
    took = until(lambda: asked(hall, as_found, question) == ("answer", entry), LIVE_SECONDS)
    assert took < LIVE_SECONDS
    for question, entry in failed.items():
        assert asked(hall, as_found, question) == ("answer", entry)
    chat = Chat(browser.new_context(locale="zh-CN").new_page(), hall).visit().open()
    expect(chat.ask(question)).to_contain_text("解绑" if entry == RELEASED else "密码")
    chat.page.close()

    # A bad change: someone switches off what many ask. The trial says so; it is published all the same.
    lost = "单位账号忘了密码，做过实名"
    was = asked(hall, as_found, lost)
    assert was[0] == "answer"
    trainer.goto(f"/book/entries/{was[1]}")
    picture(trainer, "entry")
    trainer.get_by_label("在用").uncheck()
    trainer.get_by_label("为什么改").fill("以为没人问")
    trainer.get_by_role("button", name="先试运行，不保存").click()
    expect(trainer.get_by_text("个问题会变差，发布前请看清楚")).to_be_visible(timeout=240_000)
    picture(trainer, "trial-worse")
    trainer.get_by_role("button", name="保存为待发布的修改").click()
    expect(trainer.get_by_text("等另一位同事核准")).to_be_visible()
    colleague = sign_in(Role.ADMINISTRATOR)
    colleague.goto("/book/changes")
    picture(colleague, "changes")
    colleague.get_by_role("button", name="核准").click()
    published(trainer, "停用一条")
    until(lambda: asked(hall, as_found, lost) != was, LIVE_SECONDS)

    colleague.goto("/book/versions/2")
    picture(colleague, "version")
    colleague.get_by_label("为什么退回").fill("停错了")
    colleague.get_by_role("button", name="重新生效").click()
    expect(colleague.get_by_text("第 4 版已发布")).to_be_visible()
    until(lambda: asked(hall, as_found, lost) == was, LIVE_SECONDS)
    for question, entry in failed.items():
        assert asked(hall, as_found, question) == ("answer", entry)
