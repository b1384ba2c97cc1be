"""What the page around the widget decides, and what its reader and the network do to it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, Route, expect

from tests.accessibility import violations
from tests.bot import test_browser
from tests.bot.accessibility import faults
from tests.bot.test_browser import DESKTOP, QUESTION, Chat, put, sideways
from tests.conftest import RunningHall

context = test_browser.context
new_chat, chat = test_browser.new_chat, test_browser.chat

UNREACHABLE = "Failed to load resource"  # what the browser itself says of an answer that is no 2xx


def page_with(
    context: BrowserContext, hall: RunningHall, tag: str, origin: str = "http://localhost:{port}"
) -> Chat:
    """A page of another site with the two tags."""
    elsewhere = origin.format(port=hall.environment["WEB_PORT"])
    html = f'<!doctype html><script type="module" src="{hall.web}/hrss-chat.js"></script>{tag}'

    def serve(route: Route) -> None:
        route.fulfill(body=html, content_type="text/html; charset=utf-8")

    context.grant_permissions(["local-network-access"])  # the page is made up, so it counts as far away
    context.route(f"{elsewhere}/page", serve)
    context.route(f"{elsewhere}/favicon.ico", lambda route: route.fulfill(status=204))
    chat = Chat(context.new_page(), hall)
    chat.page.goto(f"{elsewhere}/page")
    return chat


def test_a_conversation_begins_with_the_pages_question_and_a_reload_does_not_ask_it_again(
    context: BrowserContext, hall: RunningHall
) -> None:
    chat = page_with(context, hall, '<hrss-chat province="gd" start="忘记密码"></hrss-chat>')
    assert [url for url in chat.requests if url.endswith("/session")] == []
    chat.open()
    expect(chat.messages.nth(1)).to_contain_text("忘记密码")
    expect(chat.messages).to_have_count(3)

    chat.page.reload()
    chat.open()
    expect(chat.messages).to_have_count(3)
    expect(chat.ask("谢谢")).to_contain_text("不客气")
    assert chat.messages.filter(has_text="忘记密码").and_(chat.page.locator(".user")).count() == 1
    assert chat.complaints == []


def test_every_event_reaches_the_page_from_within_its_shadow_trees(
    context: BrowserContext, hall: RunningHall
) -> None:
    context.add_init_script(
        """window.heard = [];
        for (const name of ['ready', 'open', 'close', 'message', 'option', 'consent', 'error']) {
          document.addEventListener(`hrss-${name}`, ({ detail }) => window.heard.push([name, detail || null]));
        }"""
    )
    tag = """<main></main><script>document.querySelector('main').attachShadow({ mode: 'open' })
      .append(Object.assign(document.createElement('hrss-chat'), { lang: 'zh-CN' }))</script>"""
    chat = page_with(context, hall, tag)
    chat.open()
    consent = {"id": "consent", "label": "同意并上传", "payload": "/deny", "style": "primary"}
    put(hall, chat.kept()["session"], {"kind": "consent", "text": "您同意吗？", "options": [consent]})
    chat.page.reload()
    chat.launcher.click()
    chat.page.get_by_role("button", name="同意并上传").click()
    expect(chat.messages).to_have_count(4)
    chat.page.get_by_role("button", name="收起对话窗口").click()
    heard = chat.page.evaluate("window.heard")
    assert [name for name, _ in heard if name != "message"] == ["ready", "open", "option", "consent", "close"]
    assert ["option", {"id": "consent", "label": "同意并上传"}] in heard
    assert ["consent", {"id": "consent", "label": "同意并上传", "granted": True}] in heard
    assert [detail["seq"] for name, detail in heard if name == "message"] == [1, 2, 3, 4]


def test_a_page_that_is_not_listed_gets_no_conversation(context: BrowserContext, hall: RunningHall) -> None:
    chat = page_with(
        context, hall, '<hrss-chat province="gd"></hrss-chat>', origin="http://unlisted.localhost:{port}"
    )
    chat.launcher.click()
    expect(chat.page.get_by_text("网络断开，正在重连…")).to_be_visible()
    expect(chat.messages).to_have_count(0)
    assert chat.kept() == {}
    assert "blocked by CORS policy" in chat.complaints[0]


def test_who_comes_when_the_site_has_used_up_its_share_is_told_and_can_go_on_later(chat: Chat) -> None:
    said = "现在咨询的人很多，请稍后再试。"

    def refuse(route: Route) -> None:
        route.fulfill(status=429, json={"error": "too_many", "text": said}, headers={"Retry-After": "1"})

    chat.page.route("**/session", refuse, times=1)
    chat.launcher.click()
    expect(chat.page.locator(".note")).to_have_text(said)
    expect(chat.ask("谢谢")).to_contain_text("谢谢")
    expect(chat.messages.last).to_contain_text("不客气")
    assert [text for text in chat.complaints if UNREACHABLE not in text] == []
    chat.complaints.clear()


def test_who_taps_before_the_window_is_loaded_sees_that_it_comes(chat: Chat) -> None:
    held: list[Route] = []
    chat.page.route("**/chat/window.js", lambda route: route.abort() if held else held.append(route))
    chat.launcher.click()
    waiting = chat.page.get_by_role("button", name="正在打开…")
    expect(waiting).to_be_visible()
    assert violations(chat.page, "hrss-chat") == []
    chat.take_picture("widget-opening")
    held[0].abort()
    expect(chat.page.get_by_role("button", name="网络断开，正在重连…")).to_be_visible()
    chat.page.unroute("**/chat/window.js")
    expect(chat.messages).to_have_count(1)
    expect(chat.box).to_be_focused()
    assert [text for text in chat.complaints if UNREACHABLE not in text] == []
    chat.complaints.clear()


def test_what_could_not_be_sent_is_sent_again_by_a_tap_once(chat: Chat) -> None:
    chat.page.clock.install()
    chat.page.reload()
    chat.open()
    chat.page.route("**/messages", lambda route: route.abort())
    chat.box.fill("谢谢")
    chat.box.press("Enter")
    failed = chat.page.get_by_role("button", name="重新发送")
    for _ in range(40):  # as long as it takes to give up, in no time
        if failed.is_visible():
            break
        chat.page.clock.run_for(15_000)
    expect(failed).to_be_visible()
    assert faults(chat.page) == []
    chat.take_picture("widget-not-sent")

    chat.page.unroute("**/messages")
    failed.click()
    chat.page.clock.resume()
    expect(chat.messages.last).to_contain_text("不客气")
    expect(chat.page.locator(".draft")).to_have_count(0)
    expect(chat.messages).to_have_count(3)
    assert [text for text in chat.complaints if UNREACHABLE not in text] == []
    chat.complaints.clear()


def test_what_came_while_the_window_was_closed_is_shown_on_the_launcher(
    chat: Chat, hall: RunningHall
) -> None:
    chat.open()
    chat.page.get_by_role("button", name="收起对话窗口").click()
    put(hall, chat.kept()["session"], {"kind": "text", "text": "您好，我是小周。"}, author="staff")
    chat.page.reload()
    expect(chat.page.get_by_role("button", name="在线咨询 有新消息")).to_be_visible()
    chat.take_picture("widget-unread")
    chat.launcher.click()
    expect(chat.messages.last).to_contain_text("我是小周")
    chat.page.get_by_role("button", name="收起对话窗口").click()
    expect(chat.page.get_by_role("button", name="在线咨询", exact=True)).to_be_visible()


def test_a_number_to_quote_is_copied_by_its_button(
    chat: Chat, context: BrowserContext, hall: RunningHall
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.open()
    put(
        hall,
        chat.kept()["session"],
        {"kind": "receipt", "receipt": "GD7K2M9Q4", "text": "已经提交。"},
    )
    chat.page.reload()
    chat.launcher.click()
    chat.page.get_by_role("button", name="复制受理编号").click()
    expect(chat.page.get_by_text("已复制")).to_be_visible()
    assert chat.page.evaluate("navigator.clipboard.readText()") == "GD7K2M9Q4"


@pytest.mark.parametrize("large", [False, True], ids=["normal", "large"])
def test_at_200_percent_everything_is_there_and_nothing_scrolls_sideways(
    browser: Browser, hall: RunningHall, large: bool
) -> None:
    """A desktop at 200% has half the pixels to lay out, twice as sharp."""
    context = browser.new_context(
        viewport={"width": DESKTOP[0] // 2, "height": DESKTOP[1] // 2},
        device_scale_factor=2,
        locale="zh-CN",
    )
    chat = Chat(context.new_page(), hall).visit().open()
    if large:
        chat.page.get_by_role("button", name="大字").click()
    answer = chat.ask(QUESTION)
    answer.get_by_role("button", name="没帮助").click()
    assert sideways(chat.page) == []
    assert faults(chat.page) == []
    expect(chat.page.locator(".field textarea")).to_be_in_viewport(ratio=1)
    room = chat.page.locator(".scroll").bounding_box()
    assert room is not None and room["height"] >= 4 * (24 if large else 16) * 1.6, "four lines to read in"
    chat.take_picture(f"widget-zoomed-{'large' if large else 'normal'}")
    context.close()


def test_who_wants_no_motion_sees_none(browser: Browser, hall: RunningHall) -> None:
    def moving(reduced: str) -> list[str]:
        context = browser.new_context(reduced_motion=reduced, locale="zh-CN")
        chat = Chat(context.new_page(), hall).visit()
        chat.launcher.click()
        chat.page.locator(".typing").evaluate("each => { each.hidden = false; }")
        found: list[str] = chat.page.evaluate(
            """() => [...document.querySelector('hrss-chat').shadowRoot.querySelectorAll('*')]
                 .filter(each => getComputedStyle(each).animationName !== 'none').map(each => each.localName)"""
        )
        context.close()
        return found

    assert moving("no-preference")
    assert moving("reduce") == []
