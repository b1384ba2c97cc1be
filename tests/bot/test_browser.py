"""The widget in a real browser, talking to the running bot: what people see, and what hostile text cannot do."""

from __future__ import annotations

import datetime as dt
import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from hrss import conversations
from hrss.database import Database
from tests.conftest import ROOT, RunningHall

SCREENSHOTS = ROOT / "var" / "screenshots"
DESKTOP, PHONE, NARROW = (1280, 800), (390, 844), (320, 640)
QUESTION = "公司账号密码忘了，而且已经实名过"
SHORT_QUESTION = "密码忘了"
CHOSEN = re.compile(r"单位账号\s*（已选）")
expect.set_options(timeout=15_000)

# Reported by the browser itself, before any script of the page runs.
WATCH_THE_POLICY = """
window.violations = [];
document.addEventListener('securitypolicyviolation', event =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


@dataclass
class Chat:
    """One browser page with the widget, and all that the browser had to complain about it."""

    page: Page
    hall: RunningHall
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    @property
    def launcher(self) -> Locator:
        return self.page.get_by_role("button", name="在线咨询")

    @property
    def window(self) -> Locator:
        return self.page.get_by_role("dialog", name="人社办事助手")

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name="请输入您的问题")

    @property
    def messages(self) -> Locator:
        return self.page.get_by_role("log").get_by_role("article")

    def visit(self, path: str = "demo/") -> Chat:
        self.page.goto(f"{self.hall.web}/{path}")
        return self

    def open(self) -> Chat:
        self.launcher.click()
        expect(self.messages.first).to_contain_text("自动应答的程序")
        return self

    def ask(self, text: str) -> Locator:
        """Type and send; return the first message of the answer."""
        self.box.fill(text)
        return self.answered(lambda: self.box.press("Enter"))

    def choose(self, label: str) -> Locator:
        button = self.page.get_by_role("button", name=label, exact=True).last
        return self.answered(button.click)

    def answered(self, send: Callable[[], None]) -> Locator:
        before = self.messages.count()
        send()
        expect(self.messages.nth(before + 1)).to_be_visible()
        self.page.wait_for_timeout(200)  # what else belongs to the answer comes with it
        return self.messages.nth(before + 1)

    def texts(self) -> list[str]:
        return [text.strip() for text in self.messages.locator(".bubble").all_inner_texts()]

    def kept(self) -> dict[str, Any]:
        """Return what the tab remembers."""
        return dict(json.loads(self.page.evaluate("sessionStorage.getItem('hrss-chat')") or "{}"))

    def take_picture(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")

    def assert_clean(self) -> None:
        assert self.page.evaluate("window.violations") == []
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith(f"{self.hall.origin}/")] == []


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]}, locale="zh-CN")
    made.set_default_timeout(10_000)
    made.add_init_script(WATCH_THE_POLICY)
    yield made
    made.close()


@pytest.fixture
def new_chat(context: BrowserContext, hall: RunningHall) -> Callable[[], Chat]:
    return lambda: Chat(context.new_page(), hall)


@pytest.fixture
def chat(new_chat: Callable[[], Chat]) -> Iterator[Chat]:
    """The demo page in a tab. Afterwards the browser has found nothing to complain about."""
    made = new_chat().visit()
    yield made
    made.assert_clean()


def put(hall: RunningHall, conversation: str, *messages: dict[str, Any], author: str = "bot") -> None:
    """Say something in a conversation that no flow says, or that only staff say."""
    with Database(hall.database_url).transaction() as session:
        conversations.say(
            session,
            conversation,
            author=author,
            messages=list(messages),
            now=dt.datetime.now(dt.timezone.utc),
        )


def stored_feedback(hall: RunningHall, conversation: str) -> list[tuple[int, int, str | None]]:
    with closing(sqlite3.connect(hall.folder / "hrss.db", timeout=10)) as database:
        query = "SELECT seq, helpful, reason FROM feedback WHERE conversation_id = ?"
        return database.execute(query, (conversation,)).fetchall()


# Opening


def test_the_window_never_opens_by_itself_and_asks_for_nothing_before(chat: Chat) -> None:
    expect(chat.launcher).to_be_visible()
    chat.page.mouse.wheel(0, 2000)
    chat.page.wait_for_timeout(1500)
    expect(chat.window).to_be_hidden()
    files = (".js", ".css", ".svg", "/demo/")
    assert [url for url in chat.requests if not url.endswith(files)] == []
    assert [url for url in chat.requests if "/chat/window" in url] == [], "nobody has come near it"


def test_the_window_opens_and_closes_by_keyboard_and_keeps_the_focus(chat: Chat) -> None:
    chat.launcher.focus()
    chat.page.keyboard.press("Enter")
    expect(chat.window).to_be_visible()
    expect(chat.box).to_be_focused()
    chat.page.keyboard.press("Escape")
    expect(chat.window).to_be_hidden()
    expect(chat.launcher).to_be_focused()


def test_a_button_of_the_host_page_asks_through_the_widget(chat: Chat) -> None:
    chat.page.get_by_role("button", name="单位账号忘记密码怎么办").click()
    expect(chat.messages.nth(1)).to_contain_text("单位账号忘记密码怎么办")
    expect(chat.messages.nth(2).locator(".source")).to_contain_text("来源：《")


def test_the_page_wide_widget_is_open_from_the_start(new_chat: Callable[[], Chat]) -> None:
    chat = new_chat().visit("demo/full.html?province=hn")
    expect(chat.messages).to_contain_text(["自动应答的程序"])
    expect(chat.page.get_by_text("河南省", exact=True)).to_be_visible()
    expect(chat.ask("谢谢")).to_contain_text("不客气")
    chat.assert_clean()


# Talking


def test_a_question_is_answered_with_its_source_and_number(chat: Chat) -> None:
    chat.open()
    answer = chat.ask(QUESTION)
    expect(answer).to_contain_text("通过常用联系人找回")
    expect(answer.locator("ol > li")).to_have_count(2)
    expect(answer.locator(".source")).to_contain_text("来源：《")
    expect(answer.locator(".number")).to_have_text("gd.password.unit_verified_only_contact@1")


def test_a_related_question_can_be_tapped(chat: Chat) -> None:
    related = chat.open().ask(QUESTION).locator(".related button").first
    question = related.inner_text()
    answer = chat.answered(related.click)
    expect(answer.locator(".source")).to_contain_text("来源：《")
    assert question in chat.texts()


def test_a_thumb_down_with_a_reason_reaches_the_database(chat: Chat, hall: RunningHall) -> None:
    answer = chat.open().ask(QUESTION)
    seq = int(answer.get_attribute("data-seq") or 0)
    answer.get_by_role("button", name="没帮助").click()
    answer.get_by_label("看不懂").check()
    answer.get_by_role("textbox").fill("请打13910002345")
    with chat.page.expect_response("**/feedback"):
        answer.get_by_role("button", name="提交").click()
    expect(answer).to_contain_text("谢谢您的反馈。")
    assert stored_feedback(hall, chat.kept()["session"]) == [(seq, 0, "看不懂：请打〔手机#1〕")]


def test_a_vague_question_is_answered_after_one_tap(chat: Chat) -> None:
    asked_back = chat.open().ask(SHORT_QUESTION)
    expect(asked_back).to_contain_text("个人账号的密码，还是单位账号的密码")
    answer = chat.choose("单位账号")
    expect(answer.locator(".number")).to_contain_text("gd.password.unit@")
    expect(chat.page.get_by_role("button", name=CHOSEN)).to_have_attribute("aria-pressed", "true")
    expect(chat.page.get_by_role("button", name="都不是")).to_be_disabled()


def test_an_option_from_before_a_new_start_is_explained(chat: Chat) -> None:
    chat.open().ask("重新开始")
    chat.page.get_by_role("button", name="看看能办什么").click()
    expect(chat.page.locator(".note")).to_contain_text("这个选项已经失效了")
    chat.complaints.clear()  # the browser itself reports the answer 409


def test_a_password_typed_in_is_masked_on_screen_and_the_person_is_warned(chat: Chat) -> None:
    chat.open()
    chat.box.fill("密码是Qz7-planted!，登录不上")
    chat.box.press("Enter")
    expect(chat.page.locator(".note")).to_contain_text("不会向您要密码")
    assert "Qz7-planted" not in chat.page.get_by_role("log").inner_text()


# Going on


def test_a_reload_keeps_the_conversation_and_its_choices(chat: Chat) -> None:
    chat.open().ask(SHORT_QUESTION)
    chat.choose("单位账号")
    before, session = chat.texts(), chat.kept()["session"]
    chat.page.reload()
    chat.launcher.click()
    expect(chat.messages).to_have_count(len(before))
    assert chat.texts() == before
    assert chat.kept()["session"] == session
    expect(chat.page.get_by_role("button", name=CHOSEN)).to_be_disabled()
    expect(chat.page.get_by_role("button", name="个人账号", exact=True)).to_be_disabled()
    expect(chat.page.get_by_role("button", name="看看能办什么")).to_be_enabled()
    expect(chat.ask("谢谢")).to_contain_text("不客气")


def test_typing_the_words_of_an_option_is_not_choosing_it(chat: Chat) -> None:
    label = chat.open().ask("菜单").locator("button[data-option]").first.inner_text()
    chat.ask(label)
    before = chat.messages.count()
    chat.page.reload()
    chat.launcher.click()
    expect(chat.messages).to_have_count(before)
    expect(chat.page.locator("button[aria-pressed=true][data-option]")).to_have_count(0)


def test_a_second_tab_has_a_conversation_of_its_own(chat: Chat, new_chat: Callable[[], Chat]) -> None:
    chat.open().ask("谢谢")
    second = new_chat().visit().open()
    expect(second.messages).to_have_count(1)
    assert second.kept()["session"] != chat.kept()["session"]
    second.ask("再见")
    assert chat.texts()[1:] == ["谢谢", chat.texts()[2]]
    expect(chat.ask("你是谁")).to_contain_text("我是人社办事助手")
    second.assert_clean()


def test_ending_forgets_everything_on_this_computer(chat: Chat, context: BrowserContext) -> None:
    chat.open().ask("谢谢")
    chat.page.get_by_role("button", name="结束会话").first.click()
    chat.page.get_by_role("alertdialog").get_by_role("button", name="结束会话").click()
    chat.page.get_by_role("button", name="不评价，直接结束").click()
    expect(chat.page.get_by_text("本页的聊天记录已清除")).to_be_visible()
    assert chat.kept() == {}
    assert chat.page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert context.cookies() == []
    chat.page.get_by_role("button", name="开始新会话").click()
    expect(chat.messages).to_have_count(1)


def test_a_restart_of_the_bot_loses_and_doubles_nothing(
    new_chat: Callable[[], Chat], hall: RunningHall
) -> None:
    chat = new_chat().visit().open()
    chat.ask("谢谢")
    started = time.monotonic()
    hall.stop("bot")
    try:
        assert time.monotonic() - started < 10, "a stopping server does not wait for those who listen"
        expect(chat.page.get_by_text("网络断开，正在重连…")).to_be_visible()
        chat.box.fill("你是谁")
        chat.box.press("Enter")
        expect(chat.page.locator(".draft")).to_contain_text("你是谁")
    finally:
        hall.start("bot")
        hall.wait()
    again = chat.page.get_by_role("button", name="重新发送")  # offered when the bot was away for long
    expect(again.or_(chat.messages.nth(3))).to_be_visible(timeout=60_000)
    if again.is_visible():
        again.click()
    expect(chat.messages).to_have_count(5, timeout=20_000)
    expect(chat.messages.last).to_contain_text("我是人社办事助手")
    expect(chat.page.get_by_text("网络断开，正在重连…")).to_be_hidden(timeout=20_000)
    expect(chat.page.locator(".draft")).to_have_count(0)
    expect(chat.ask("再见")).to_contain_text("再见")
    seqs = [message.get_attribute("data-seq") for message in chat.messages.all()]
    assert seqs == [str(seq) for seq in range(1, 8)]
    assert chat.page.evaluate("window.violations") == []
    assert all("Failed to load resource" in complaint for complaint in chat.complaints), chat.complaints


# Hostile text


@pytest.mark.parametrize(
    "typed",
    [
        "<script>window.hacked=1</script>",
        "<img src=x onerror=window.hacked=1>",
        "<svg/onload=window.hacked=1>",
        "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
        "<a href=javascript:window.hacked=1>点我</a>",
        "javascript:window.hacked=1//ggfw.hrss.gd.gov.cn",
        "https://ggfw.hrss.gd.gov.cn@evil.example/x https://evil.example/ggfw.hrss.gd.gov.cn",
        "</textarea><style>*{display:none}</style>",
        "{{constructor.constructor('window.hacked=1')()}}",
    ],
)
def test_hostile_text_is_shown_as_text(chat: Chat, typed: str) -> None:
    chat.open().ask(typed)
    bubble = chat.messages.nth(1).locator(".bubble")
    expect(bubble).to_have_text(typed)
    assert bubble.locator("*:not(p)").count() == 0, "no element but its paragraphs, and no link"
    assert chat.page.evaluate("window.hacked") is None
    chat.page.reload()
    chat.launcher.click()
    expect(bubble).to_have_text(typed)
    assert chat.page.evaluate("window.hacked") is None


def test_the_policy_is_in_force_and_its_violations_are_seen(new_chat: Callable[[], Chat]) -> None:
    chat = new_chat().visit()
    blocked = "() => { try { document.body.innerHTML = '<b>x</b>'; return false } catch { return true } }"
    assert chat.page.evaluate(blocked)
    violations = chat.page.evaluate("window.violations")
    assert violations
    assert all(violation.startswith("require-trusted-types-for") for violation in violations)


# Writing


def press_enter_while_composing(box: Locator, *steps: tuple[str, str, dict[str, Any]]) -> None:
    box.evaluate(
        """(box, steps) => steps.forEach(([kind, name, init]) => box.dispatchEvent(
             new window[kind](name, {bubbles: true, composed: true, cancelable: true, ...init})))""",
        [list(step) for step in steps],
    )


COMPOSE: tuple[str, str, dict[str, Any]] = ("CompositionEvent", "compositionstart", {})
COMMIT: tuple[str, str, dict[str, Any]] = ("CompositionEvent", "compositionend", {})


@pytest.mark.parametrize(
    "order",
    [
        (
            COMPOSE,
            ("KeyboardEvent", "keydown", {"key": "Enter", "keyCode": 229, "isComposing": True}),
            COMMIT,
        ),
        (COMPOSE, ("KeyboardEvent", "keydown", {"key": "Enter", "keyCode": 13, "isComposing": True}), COMMIT),
        (COMPOSE, COMMIT, ("KeyboardEvent", "keydown", {"key": "Enter", "keyCode": 229})),
    ],
    ids=["Chrome", "Firefox", "Safari"],
)
def test_enter_that_picks_a_candidate_sends_nothing(chat: Chat, order: tuple[Any, ...]) -> None:
    chat.open()
    chat.box.fill("谢谢")
    press_enter_while_composing(chat.box, *order)
    chat.page.wait_for_timeout(300)
    expect(chat.messages).to_have_count(1)
    expect(chat.box).to_have_value("谢谢")
    assert "不客气" in chat.answered(lambda: chat.box.press("Enter")).inner_text()


def test_shift_and_enter_make_a_new_line(chat: Chat) -> None:
    chat.open()
    chat.box.fill("第一行")
    chat.box.press("Shift+Enter")
    chat.box.press_sequentially("第二行")
    expect(chat.box).to_have_value("第一行\n第二行")
    expect(chat.messages).to_have_count(1)


def test_a_suggestion_fills_the_box_and_sends_nothing(chat: Chat) -> None:
    chat.open()
    chat.box.press_sequentially("忘记密码")
    suggestion = chat.page.get_by_role("listbox", name="您是不是想问").get_by_role("option").first
    question = suggestion.inner_text()
    suggestion.click()
    expect(chat.box).to_have_value(question)
    expect(chat.messages).to_have_count(1)


# Elsewhere


def test_a_listed_page_on_another_site_can_embed_the_widget(
    context: BrowserContext, hall: RunningHall
) -> None:
    elsewhere = f"http://localhost:{hall.environment['WEB_PORT']}"
    html = f'<!doctype html><script type="module" src="{hall.web}/hrss-chat.js"></script><hrss-chat province="gd"></hrss-chat>'

    def serve(route: Route) -> None:
        route.fulfill(body=html, content_type="text/html; charset=utf-8")

    context.grant_permissions(["local-network-access"])  # the page is made up, so it counts as far away
    context.route(f"{elsewhere}/embed", serve)
    context.route(f"{elsewhere}/favicon.ico", serve)
    chat = Chat(context.new_page(), hall)
    chat.page.goto(f"{elsewhere}/embed")
    expect(chat.open().ask(QUESTION).locator(".source")).to_contain_text("来源：《")
    assert context.cookies() == []
    assert chat.complaints == []


# Looks


def sideways(page: Page) -> list[str]:
    """Return what is wider than its place, in the page and in every scrolling part of the widget."""
    found: list[str] = page.evaluate(
        """() => {
          const inside = [...document.querySelector('hrss-chat').shadowRoot.querySelectorAll('.panel, .panel *')];
          const wide = [document.documentElement, ...inside].filter(each =>
            each.clientWidth && !each.closest('svg, .hidden') && each.scrollWidth > each.clientWidth + 1);
          return wide.map(each => `${each.tagName}.${each.className} ${each.scrollWidth} > ${each.clientWidth}`);
        }"""
    )
    return found


@pytest.mark.parametrize("large", [False, True], ids=["normal", "large"])
def test_nothing_scrolls_sideways_on_the_narrowest_phone(chat: Chat, large: bool) -> None:
    chat.page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    assert sideways(chat.page) == []
    chat.open()
    if large:
        chat.page.get_by_role("button", name="大字").click()
    chat.ask("超长的网址https://example.invalid/" + "a" * 200)
    answer = chat.ask(QUESTION)
    answer.get_by_role("button", name="没帮助").click()
    assert sideways(chat.page) == []


def test_large_text_keeps_the_newest_message_in_sight_and_lasts_over_a_reload(chat: Chat) -> None:
    chat.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    last = chat.open().ask("菜单").get_by_role("button").last
    chat.page.get_by_role("button", name="大字").click()
    expect(last).to_be_in_viewport(ratio=1)
    assert chat.box.evaluate("box => getComputedStyle(box).fontSize") == "24px"
    chat.page.reload()
    chat.launcher.click()
    expect(chat.page.get_by_role("button", name="大字")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1280x800", "390x844"])
def test_every_state_has_its_picture(chat: Chat, size: tuple[int, int]) -> None:
    width, height = size
    chat.page.set_viewport_size({"width": width, "height": height})
    name = f"{width}x{height}"
    chat.take_picture(f"{name}-1-page")
    chat.open()
    chat.take_picture(f"{name}-2-greeting")
    chat.ask(SHORT_QUESTION)
    answer = chat.choose("单位账号")
    chat.take_picture(f"{name}-3-answer")
    answer.get_by_role("button", name="没帮助").click()
    chat.take_picture(f"{name}-4-feedback")
    chat.ask("菜单")
    chat.take_picture(f"{name}-5-menu")
    chat.page.get_by_role("button", name="大字").click()
    chat.take_picture(f"{name}-6-menu-large")
    chat.ask(QUESTION)
    chat.take_picture(f"{name}-7-answer-large")
    pictures = sorted(path.name for path in SCREENSHOTS.glob(f"{name}-*.png"))
    assert len(pictures) == 7
    assert all((SCREENSHOTS / picture).stat().st_size > 10_000 for picture in pictures)
