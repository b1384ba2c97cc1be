"""Every state of the widget, wide and narrow, in normal and in large mode: no machine finds fault with it, and its picture is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.accessibility import violations
from tests.bot import test_browser
from tests.bot.accessibility import faults
from tests.bot.test_browser import DESKTOP, NARROW, Chat, put
from tests.bot.test_photo_appeal import card, photo
from tests.conftest import RunningHall


def later(seconds: int) -> str:
    return (dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=seconds)).isoformat()


def option(label: str, style: str = "plain") -> dict[str, str]:
    return {
        "id": "-".join(str(ord(each)) for each in label),
        "label": label,
        "payload": "/deny",
        "style": style,
    }


CONSENT = {
    "kind": "consent",
    "text": "为核对经办人身份，需要证件照片。\n用途：只用于这一次申诉。\n保存：结案后 90 天删除。\n不同意也可以去窗口办理。",
    "options": [option("同意并上传", "primary"), option("不上传")],
}
RECEIPT = {
    "kind": "receipt",
    "receipt": "GD7K2M9Q4",
    "text": "已经提交，会在 1-2 个工作日内审核。\n受理编号：GD7K2M9Q4\n预计完成：2026-11-24",
}
FILE = {
    "kind": "file",
    "text": "确认单好了。",
    "file": {"name": "确认单.pdf", "path": "slip?number=1", "size": 48_211},
}
PROGRESS = {
    "kind": "progress",
    "receipt": "GD7K2M9Q4",
    "text": "证件照申诉\n状态：审核中\n提交：2026-11-20\n预计：2026-11-24",
    "stages": ["已提交", "审核中", "已办结"],
    "stage": 1,
}
READING = {
    "kind": "reading",
    "text": "**稳岗返还政策**\n- 不裁员或少裁员的单位可以享受。\n- 公示以后不再受理确认。",
}
TICK = {"kind": "options", "text": "读完请勾选。", "options": [option("已认真阅读并勾选", "tick")]}
HINT = {"kind": "form_hint", "field": "phone", "asks": ["phone"], "text": "请发手机号，要和系统里留的一致。"}
PHOTO = {"kind": "form_hint", "field": "photo", "asks": [], "text": "请点输入框旁的上传按钮，选一张证件照。"}
HANDOVER = {"kind": "handover", "state": "waiting", "text": "前面还有 2 位，大约 6 分钟。"}


@pytest.fixture
def opened(hall: RunningHall, browser: Browser) -> Iterator[Callable[..., Chat]]:
    contexts = []

    def begin(size: tuple[int, int], **how: Any) -> Chat:
        made = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN", **how)
        made.set_default_timeout(10_000)
        made.add_init_script(test_browser.WATCH_THE_POLICY)
        contexts.append(made)
        return Chat(made.new_page(), hall).visit()

    yield begin
    for made in contexts:
        made.close()


@pytest.mark.parametrize(
    ("size", "large"), [(DESKTOP, False), (NARROW, True)], ids=["normal", "narrow and large"]
)
def test_no_state_has_a_fault(
    opened: Callable[..., Chat], hall: RunningHall, size: tuple[int, int], large: bool
) -> None:
    chat = opened(size)
    page, seen = chat.page, []

    def look(state: str) -> None:
        page.locator(".scroll").evaluate("each => each.scrollTo(0, each.scrollHeight)")
        page.wait_for_timeout(250)  # what moves has come to rest
        chat.take_picture(f"state-{size[0]}-{'large' if large else 'normal'}-{len(seen) + 1:02}-{state}")
        seen.append((state, faults(page)))

    def said(state: str, *messages: dict[str, Any], author: str = "bot") -> None:
        count = chat.messages.count() + len(messages)
        put(hall, chat.kept()["session"], *messages, author=author)
        expect(chat.messages).to_have_count(count)
        look(state)

    # the launcher alone: our other promises are about the window
    seen.append(("launcher", violations(page, "hrss-chat")))
    chat.take_picture(f"state-{size[0]}-{'large' if large else 'normal'}-00-launcher")
    chat.open()
    if large:
        page.get_by_role("button", name="大字").click()
    look("open")
    chat.ask("怎样给经办人绑定")
    look("answer")
    said(
        "options",
        {"kind": "options", "text": "您想办哪一种？", "options": [option("个人账号"), option("单位账号")]},
    )
    said("form-hint", HINT)
    chat.box.or_(page.locator(".field textarea")).first.fill("13910002")
    page.locator(".field textarea").press("Enter")
    expect(page.locator(".hint")).not_to_be_empty()
    look("form-flaw")
    page.locator(".field textarea").fill("")
    said("consent", CONSENT)
    said("upload", PHOTO)
    held: list[Route] = []
    page.route("**/uploads", lambda route: held.append(route))
    page.locator("input[type=file]").first.set_input_files(photo(card()))
    expect(page.locator(".sending")).to_be_visible()
    look("uploading")
    held[0].abort()
    expect(page.get_by_role("button", name="重新上传")).to_be_visible()
    look("upload-failed")
    page.get_by_role("button", name="取消上传").click()
    said("receipt", RECEIPT, FILE)
    said("progress", PROGRESS, {**PROGRESS, "receipt": "GD3F8N2C5"})
    said("reading", {**READING, "not_before": later(60)}, TICK)
    said("read", {**READING, "not_before": later(-1)}, TICK)
    said("handover", HANDOVER)
    said("staff", {"kind": "text", "text": "您好，我是小周。"}, author="staff")
    page.get_by_role("button", name="保存聊天记录").click()
    look("question")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="结束会话").first.click()
    page.get_by_role("alertdialog").get_by_role("button", name="结束会话").click()
    expect(page.get_by_role("alertdialog")).to_contain_text("满意吗")
    look("rating")
    page.keyboard.press("Escape")  # not rated, and ended
    chat.launcher.or_(page.get_by_role("button", name="开始新会话")).first.click()
    expect(chat.messages).to_have_count(1)
    page.context.set_offline(True)
    expect(page.get_by_text("网络断开，正在重连…")).to_be_visible()
    look("offline")
    page.context.set_offline(False)

    assert {state: found for state, found in seen if found} == {}
    assert page.evaluate("window.violations") == []
