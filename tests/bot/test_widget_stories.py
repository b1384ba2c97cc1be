"""
Whole visits to the widget: by keyboard alone, and on the narrowest phone, in normal and in large mode.

In every state on the way: nothing that a machine can find wrong with its accessibility, and a picture of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import FilePayload, Locator, expect

from tests.bot import test_browser, test_photo_appeal
from tests.bot.accessibility import faults, focus_is_visible
from tests.bot.test_browser import DESKTOP, NARROW, Chat
from tests.bot.test_photo_appeal import CERTIFICATE, NAME, NUMBER, ORGANIZATION, READ_BACK, card, photo
from tests.conftest import RunningHall

context = test_browser.context
new_chat, demo_people = test_browser.new_chat, test_photo_appeal.demo_people
chat = test_photo_appeal.chat

HANDLER = "niuhong91"  # of 郑州示例丁食品有限公司, whose refund waits


class Visitor:
    """Someone at the widget, by one way of handling it only; looks at every state they come to."""

    def __init__(self, chat: Chat, name: str, large: bool) -> None:
        self.chat, self.page, self.large, self.seen = chat, chat.page, large, 0
        self.name = f"{name}-{'large' if large else 'normal'}"

    def open(self) -> None:
        self.press(self.chat.launcher)
        expect(self.chat.messages.first).to_contain_text("自动应答的程序")
        if self.large:
            self.press(self.button("大字"))

    def go_to(self, wanted: Locator) -> None:
        expect(wanted).to_be_visible()

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

    @contextmanager
    def without_network(self) -> Iterator[None]:
        offline = self.page.get_by_text("网络断开，正在重连…")
        self.page.context.set_offline(True)
        yield
        expect(offline).to_be_visible()
        self.page.context.set_offline(False)
        expect(offline).to_be_hidden()
        # the browser itself reports what it could not fetch
        self.chat.complaints[:] = [each for each in self.chat.complaints if "Failed to load" not in each]

    def choose_file(self, file: FilePayload) -> None:
        self.go_to(self.button("上传照片"))  # how long that takes is no part of the waiting
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
def visit(hall: RunningHall, browser: Any) -> Iterator[Callable[..., Visitor]]:
    opened = []

    def begin(how: str, large: bool, province: str = "gd") -> Visitor:
        width, height = DESKTOP if how == "keyboard" else NARROW
        made = browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", has_touch=how == "phone"
        )
        made.set_default_timeout(10_000)
        made.add_init_script(test_browser.WATCH_THE_POLICY)
        opened.append((made, Chat(made.new_page(), hall).visit(f"demo/?province={province}")))
        kind = AtTheKeyboard if how == "keyboard" else OnAPhone
        return kind(opened[-1][1], f"{how}-{province}", large)

    yield begin
    for made, chat in opened:
        chat.requests = [url for url in chat.requests if not url.startswith("blob:")]
        chat.assert_clean()
        made.close()


@pytest.mark.parametrize("how", ["keyboard", "phone"])
@pytest.mark.parametrize("large", [False, True], ids=["normal", "large"])
def test_a_question_and_a_photo_appeal(visit: Callable[..., Visitor], how: str, large: bool) -> None:
    visitor = visit(how, large)
    page = visitor.page
    visitor.open()
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


@pytest.mark.parametrize("how", ["keyboard", "phone"])
@pytest.mark.parametrize("large", [False, True], ids=["normal", "large"])
def test_a_refund_is_read_about_and_settled(
    visit: Callable[..., Visitor], hall: RunningHall, how: str, large: bool
) -> None:
    visitor = visit(how, large, province="hn")
    page = visitor.page
    decision = "放弃享受" if how == "phone" and large else "确认享受"
    token = hall.identity_token(HANDLER, province="hn")
    page.evaluate("token => document.querySelector('hrss-chat').setIdentity(token)", token)
    visitor.open()
    visitor.say("河南稳岗返还怎么确认", "进入")
    visitor.look()
    visitor.tap("进入确认", "读完勾选")
    card = page.locator(".message[data-kind=reading]").last
    expect(card).to_contain_text("示例文本")
    expect(page.locator("dd", has_text="115864.55")).to_be_visible()
    tick = visitor.button("已认真阅读并勾选")
    expect(tick).to_have_attribute("aria-disabled", "true")
    expect(card.locator(".wait")).to_have_text(re.compile(r"请阅读 \d+ 秒"))
    tick.dispatch_event("click")
    expect(tick).not_to_have_attribute("aria-pressed", "true")
    if how == "phone":  # while the seconds run
        with visitor.without_network():
            pass
    tick.scroll_into_view_if_needed()  # it stands below the figures and the text
    visitor.look()
    expect(card.locator(".wait")).to_have_text("阅读时间已到，可以选择了")
    expect(tick).to_have_attribute("aria-disabled", "false")
    visitor.look()
    visitor.tap("已认真阅读并勾选", "确认享受，还是放弃享受")
    visitor.look()
    visitor.tap(decision, f"已经保存为“{decision}”")
    expect(visitor.newest.locator("dd").last).to_contain_text("115864.55")
    visitor.look()

    if how == "phone":  # while it is sent
        with visitor.without_network():
            visitor.press(visitor.button(f"提交待办：{decision}"))
        expect(visitor.newest).to_contain_text("可以下载")
    else:
        visitor.tap(f"提交待办：{decision}", "可以下载")
    said = page.locator(".said > .user .bubble").all_inner_texts()
    assert said[-3:] == ["已认真阅读并勾选", decision, f"提交待办：{decision}"]
    visitor.look()
    slip_button = visitor.newest.get_by_role("button", name=re.compile(r"^下载HN2023"))
    visitor.go_to(slip_button)
    with page.expect_download() as download:
        visitor.press(slip_button)
    slip = pypdfium2.PdfDocument(download.value.path())[0].get_textpage().get_text_range()
    assert decision in slip and "郑州示例丁食品有限公司" in slip
