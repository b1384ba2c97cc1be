"""
Whole visits to the widget: by keyboard alone, and on the narrowest phone, in normal and in large mode.

In every state on the way: nothing that a machine can find wrong with its accessibility, and a picture of it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, expect

from hrss import conversations
from hrss.database import Database
from tests.bot import test_browser, test_photo_appeal
from tests.bot.accessibility import faults, focus_is_visible
from tests.bot.test_browser import DESKTOP, NARROW, Chat
from tests.bot.test_photo_appeal import CERTIFICATE, NAME, NUMBER, ORGANIZATION, READ_BACK, card, photo
from tests.conftest import RunningHall

context = test_browser.context
new_chat, demo_people = test_browser.new_chat, test_photo_appeal.demo_people
chat = test_photo_appeal.chat

REGULATION = "**稳岗返还政策（演示）**\n- 不裁员或少裁员的单位可以享受。\n- 公示以后不再受理确认。"
DETERMINED = "测算结果：\n返还比例：60%\n返还金额：74,074.07 元\n收款账户：6222 **** **** 0123"


def put(hall: RunningHall, conversation: str, *messages: dict[str, Any], author: str = "bot") -> None:
    """Say something in a conversation that no flow says yet, or that only staff say."""
    with Database(hall.database_url).transaction() as session:
        conversations.say(
            session,
            conversation,
            author=author,
            messages=list(messages),
            now=dt.datetime.now(dt.timezone.utc),
        )


class Visitor:
    """Someone at the widget, by one way of handling it only; looks at every state they come to."""

    def __init__(self, chat: Chat, name: str) -> None:
        self.chat, self.page, self.name, self.seen = chat, chat.page, name, 0

    def press(self, button: Locator) -> None:
        raise NotImplementedError

    def write(self, text: str) -> None:
        raise NotImplementedError

    @property
    def newest(self) -> Locator:
        return self.page.locator(".said > article:last-child.bot")

    def button(self, label: str) -> Locator:
        return self.page.get_by_role("button", name=label, exact=True).last

    def look(self) -> None:
        self.seen += 1
        assert faults(self.page) == []
        self.chat.take_picture(f"story-{self.name}-{self.seen:02}")

    def say(self, text: str, then: str) -> None:
        self.write(text)
        expect(self.newest).to_contain_text(then)

    def tap(self, label: str, then: str) -> None:
        self.press(self.button(label))
        expect(self.newest).to_contain_text(then)

    def choose_file(self, file: FilePayload) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.press(self.button("上传照片"))
        chooser.value.set_files(file)


class AtTheKeyboard(Visitor):
    """Comes to everything by Tab, and sees where they are all the way."""

    def press(self, button: Locator) -> None:
        self.go_to(button)
        self.page.keyboard.press("Enter")

    def write(self, text: str) -> None:
        self.go_to(self.page.locator(".field textarea"))
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Enter")

    def go_to(self, wanted: Locator) -> None:
        expect(wanted).to_be_visible()
        for key in ("Shift+Tab", "Tab"):  # what is new is near the box one writes in, and mostly before it
            for _ in range(40):
                if wanted.evaluate("each => each.getRootNode().activeElement === each"):
                    return
                self.page.keyboard.press(key)
                if self.page.evaluate("document.activeElement.localName") != "hrss-chat":
                    break
                assert focus_is_visible(self.page)
        raise AssertionError(f"not reached by keyboard: {wanted}")


class OnAPhone(Visitor):
    def press(self, button: Locator) -> None:
        button.tap()

    def write(self, text: str) -> None:
        self.page.locator(".field textarea").fill(text)
        self.button("发送").tap()


@pytest.fixture
def visit(hall: RunningHall, browser: Any) -> Iterator[Callable[[str, bool], Visitor]]:
    opened = []

    def begin(how: str, large: bool) -> Visitor:
        width, height = DESKTOP if how == "keyboard" else NARROW
        made = browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", has_touch=how == "phone"
        )
        made.set_default_timeout(10_000)
        made.add_init_script(test_browser.WATCH_THE_POLICY)
        opened.append((made, Chat(made.new_page(), hall).visit()))
        kind = AtTheKeyboard if how == "keyboard" else OnAPhone
        return kind(opened[-1][1], f"{how}-{'large' if large else 'normal'}")

    yield begin
    for made, chat in opened:
        chat.requests = [url for url in chat.requests if not url.startswith("blob:")]
        chat.assert_clean()
        made.close()


@pytest.mark.parametrize("how", ["keyboard", "phone"])
@pytest.mark.parametrize("large", [False, True], ids=["normal", "large"])
def test_a_question_a_photo_appeal_and_a_reading_card(
    visit: Callable[[str, bool], Visitor], hall: RunningHall, how: str, large: bool
) -> None:
    visitor = visit(how, large)
    chat, page = visitor.chat, visitor.page
    chat.launcher.focus()
    page.keyboard.press("Enter") if how == "keyboard" else chat.launcher.tap()
    expect(chat.messages.first).to_contain_text("自动应答的程序")
    if large:
        visitor.press(visitor.button("大字"))
    visitor.look()

    # a question
    visitor.say("单位怎么注册账号", "来源：《")
    if large:
        steps = visitor.newest.locator(".stepped").first.locator("> li")
        expect(steps.nth(1)).to_be_hidden()
        visitor.press(visitor.newest.get_by_role("button", name="下一步").first)
        expect(steps.nth(1)).to_be_visible()
        expect(steps.nth(1)).to_be_focused()
    visitor.look()

    # a photo appeal
    visitor.say("单位账号密码忘了", "单位账号做过实名认证")
    visitor.tap("没做过", "您想用哪种方式")
    visitor.tap("上传经办人证件照", "请发单位的统一社会信用代码")
    visitor.write(ORGANIZATION.replace("23W", "23X"))
    expect(page.locator(".hint")).to_contain_text("校验位对不上")
    visitor.look()
    page.locator(".field textarea").fill("")
    visitor.say(ORGANIZATION, "姓名")
    visitor.say(f"{NAME} {CERTIFICATE}", "手机号")
    visitor.say(NUMBER, "您同意上传吗")
    visitor.look()
    visitor.tap("同意并上传", "请点输入框旁的上传按钮")
    visitor.choose_file(photo(card()))
    expect(visitor.newest).to_contain_text(READ_BACK)
    expect(visitor.newest.locator("dd").nth(2)).to_have_text(re.compile(r"^440\*{11}0006$"))
    visitor.look()
    visitor.tap("没问题，提交", "受理编号")
    expect(visitor.newest.locator(".number")).to_have_text(re.compile(r"^GD[0-9A-Z]{7}$"))
    visitor.look()

    # a reading card
    not_before = dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=6)
    options = [
        {
            "id": f"{label}{visitor.name}",
            "label": label,
            "payload": '/ask_faq{"entry": "gd.register.unit"}',
            "style": style,
        }
        for label, style in (("确认享受", "primary"), ("放弃享受", "plain"))
    ]
    put(
        hall,
        chat.kept()["session"],
        {"kind": "text", "text": DETERMINED},
        {
            "kind": "reading",
            "text": REGULATION,
            "not_before": not_before.isoformat(),
            "tick": "我已阅读",
            "options": options,
        },
    )
    page.reload()
    chat.launcher.focus()
    page.keyboard.press("Enter")
    confirm = visitor.button("确认享受")
    expect(confirm).to_have_attribute("aria-disabled", "true")
    expect(page.locator(".wait")).to_have_text(re.compile(r"请阅读 \d 秒"))
    confirm.dispatch_event("click")
    expect(confirm).not_to_have_attribute("aria-pressed", "true")
    visitor.look()
    expect(page.locator(".wait")).to_have_text("阅读时间已到，可以选择了")
    expect(confirm).to_have_attribute("aria-disabled", "true")
    tick = page.get_by_label("我已阅读")
    if isinstance(visitor, AtTheKeyboard):
        visitor.go_to(tick)
        page.keyboard.press("Space")
    else:
        tick.tap()
    expect(confirm).to_have_attribute("aria-disabled", "false")
    visitor.look()
    visitor.tap("确认享受", "来源：《")
    expect(page.get_by_role("button", name=re.compile(r"确认享受\s*（已选）"))).to_be_disabled()
