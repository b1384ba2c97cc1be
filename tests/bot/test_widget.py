"""The widget as its host page and its people use it: embedding, identity, cards, suggestions, a network that fails."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Browser, BrowserContext, Route, expect

from tests.accessibility import violations
from tests.bot import test_browser, test_photo_appeal
from tests.bot.accessibility import faults
from tests.bot.test_browser import QUESTION, Chat, put
from tests.bot.test_photo_appeal import card, paste, photo
from tests.conftest import ROOT, RunningHall

context = test_browser.context
new_chat, chat = test_browser.new_chat, test_photo_appeal.chat
demo_people = test_photo_appeal.demo_people

EVENTS = ("ready", "open", "close", "message", "option", "consent", "error")
LISTEN = f"""
window.heard = [];
for (const name of {list(EVENTS)}) {{
  document.addEventListener(`hrss-${{name}}`, ({{ detail }}) => window.heard.push([name, detail || null]));
}}
"""
HOSTILE = [
    "<img src=x onerror=window.hacked=1>",
    "**<script>window.hacked=1</script>**",
    "- <svg/onload=window.hacked=1>\n- [a](javascript:window.hacked=1)",
    "标签：<iframe srcdoc='<script>parent.hacked=1</script>'>\n地址：https://ggfw.hrss.gd.gov.cn@evil.example/",
]


def call(chat: Chat, script: str) -> Any:
    return chat.page.evaluate(f"async () => {{ const chat = document.querySelector('hrss-chat'); {script} }}")


def heard(chat: Chat, name: str) -> list[Any]:
    return [detail for each, detail in chat.page.evaluate("window.heard") if each == name]


def again(chat: Chat) -> Chat:
    """Load the page anew: what was put into the conversation meanwhile is shown."""
    chat.page.reload()
    chat.launcher.click()
    return chat


# The host page


def example() -> str:
    text = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
    found = re.search(r"```html\n(<!doctype html>.*?)```", text, re.DOTALL)
    assert found is not None
    return found.group(1)


def test_the_example_of_the_documentation_runs_behind_a_proxy_under_a_path(
    context: BrowserContext, hall: RunningHall
) -> None:
    elsewhere = f"http://localhost:{hall.environment['WEB_PORT']}"
    html = example().replace("https://hall.example/webhooks/web", f"{elsewhere}/services/assistant")

    def serve(route: Route) -> None:
        route.fulfill(body=html, content_type="text/html; charset=utf-8")

    def forward(route: Route) -> None:
        route.continue_(url=route.request.url.replace(f"{elsewhere}/services/assistant", hall.web))

    context.grant_permissions(["local-network-access"])  # the page is made up, so it counts as far away
    context.route(f"{elsewhere}/page", serve)
    context.route(f"{elsewhere}/favicon.ico", lambda route: route.fulfill(status=204))
    context.route(f"{elsewhere}/services/assistant/**", forward)
    chat = Chat(context.new_page(), hall)
    chat.page.goto(f"{elsewhere}/page")
    expect(chat.launcher).to_be_visible()
    chat.launcher.click()
    expect(chat.page.get_by_role("dialog", name="单位注册助手")).to_be_visible()
    expect(chat.messages.nth(1)).to_contain_text("您好像正在看“单位注册”的页面")
    expect(chat.choose("注册前要准备什么").locator(".source")).to_contain_text("来源：《")
    assert chat.page.evaluate("getComputedStyle(document.body).margin") == "8px", "the page keeps its styles"
    assert [url for url in chat.requests if not url.startswith(f"{elsewhere}/")] == []
    assert chat.complaints == []


def test_a_page_in_an_iframe_takes_its_attributes_from_the_address(
    context: BrowserContext, hall: RunningHall
) -> None:
    elsewhere = f"http://localhost:{hall.environment['WEB_PORT']}"
    html = f'<!doctype html><iframe src="{hall.web}/frame/?province=hn&page=refund&large=" width=400 height=600></iframe>'

    def serve(route: Route) -> None:
        route.fulfill(body=html, content_type="text/html; charset=utf-8")

    context.grant_permissions(["local-network-access"])
    context.route(f"{elsewhere}/around", serve)
    context.route(f"{elsewhere}/favicon.ico", lambda route: route.fulfill(status=204))
    chat = Chat(context.new_page(), hall)
    chat.page.goto(f"{elsewhere}/around")
    frame = chat.page.frame_locator("iframe")
    expect(frame.get_by_role("log").get_by_role("article").nth(1)).to_contain_text("您好像正在看“稳岗返还”")
    expect(frame.get_by_role("button", name="大字")).to_have_attribute("aria-pressed", "true")
    frame.get_by_role("textbox").fill("谢谢")
    frame.get_by_role("textbox").press("Enter")
    expect(frame.get_by_role("log")).to_contain_text("不客气")
    chat.take_picture("widget-iframe")
    assert chat.complaints == []


def test_the_page_hears_and_steers_the_widget(chat: Chat) -> None:
    chat.page.evaluate(LISTEN)
    call(chat, "chat.toggle(); chat.sendText(' 密码忘了 ')")
    button = chat.page.get_by_role("button", name="单位账号", exact=True)
    expect(button).to_be_visible()
    option = button.get_attribute("data-option")
    assert call(chat, f"return chat.sendOption('{option}')") is True
    expect(chat.page.locator(".number")).to_contain_text("gd.password.unit@")
    assert call(chat, f"return chat.sendOption('{option}')") is False
    call(chat, "chat.setLarge(true); chat.close()")
    expect(chat.launcher).to_be_visible()
    assert heard(chat, "option") == [{"id": option, "label": "单位账号"}]
    seqs = [message["seq"] for message in heard(chat, "message")]
    assert seqs == list(range(1, len(seqs) + 1))
    before = chat.kept()["session"]
    call(chat, "chat.open(); await chat.reset()")
    expect(chat.messages).to_have_count(1)
    assert chat.kept()["session"] != before
    assert [len(heard(chat, name)) for name in ("open", "close", "error")] == [2, 1, 0]


def test_who_is_signed_in_is_handed_over_and_nobody_reads_what_another_said(
    chat: Chat, hall: RunningHall
) -> None:
    chat.page.evaluate(LISTEN)
    call(chat, f"chat.setIdentity('{hall.identity_token('chenjing95')}')")
    chat.open()
    expect(chat.page.locator(".note")).to_contain_text("陈*")
    chat.ask("谢谢")
    first = chat.kept()["session"]
    call(chat, f"await chat.setIdentity('{hall.identity_token('chenjing95')}')")
    assert chat.kept()["session"] == first, "the same person goes on"

    call(chat, f"await chat.setIdentity('{hall.identity_token('zhaomin92')}')")
    expect(chat.page.locator(".note")).to_contain_text("赵*")
    expect(chat.messages).to_have_count(1)
    assert chat.kept()["session"] != first
    call(chat, "await chat.setIdentity(null)")
    expect(chat.messages).to_have_count(0)
    assert chat.kept() == {}

    call(chat, "await chat.setIdentity('no.such.token'); await chat.reset()")
    expect(chat.messages).to_have_count(1)
    assert [error["error"] for error in heard(chat, "error")] == ["identity_token_invalid"]
    chat.complaints.clear()  # the browser itself reports the answers 409 and 403


# Suggestions and checks


def test_a_suggestion_is_picked_by_keyboard_and_found_by_the_letters_of_its_pinyin(chat: Chat) -> None:
    chat.open()
    options = chat.page.get_by_role("option")
    chat.box.press_sequentially("zhmm")
    expect(options.first).to_be_visible()
    assert 1 < options.count() <= 6
    expect(chat.page.get_by_text(re.compile(r"有 \d 个相近的问题"))).to_be_attached()
    assert faults(chat.page) == []
    chat.page.keyboard.press("ArrowDown")
    chat.page.keyboard.press("ArrowDown")
    chosen = options.nth(1)
    expect(chosen).to_have_attribute("aria-selected", "true")
    expect(chat.box).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    question = chosen.inner_text()
    assert "密码" in question
    chat.take_picture("widget-suggestions")
    chat.page.keyboard.press("Enter")
    expect(chat.box).to_have_value(question)
    expect(options).to_have_count(0)
    expect(chat.messages).to_have_count(1)
    chat.box.fill("忘记密码")
    expect(options.first).to_be_visible()
    chat.page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(chat.window).to_be_visible()


def test_nothing_is_suggested_while_an_input_method_composes_nor_for_numbers(chat: Chat) -> None:
    chat.open()
    chat.requests.clear()
    chat.box.dispatch_event("compositionstart")
    chat.box.fill("mima")
    chat.page.wait_for_timeout(500)
    chat.box.dispatch_event("compositionend")
    chat.box.fill("密码是Qz7planted")
    chat.page.wait_for_timeout(500)
    assert [url for url in chat.requests if "/suggest" in url] == []


def test_a_phone_number_that_lacks_a_digit_is_held_back_once(chat: Chat, hall: RunningHall) -> None:
    chat.open()
    put(
        hall,
        chat.kept()["session"],
        {"kind": "form_hint", "field": "phone", "asks": ["phone"], "text": "请发手机号。"},
    )
    again(chat)
    box = chat.page.get_by_role("textbox")
    expect(box).to_have_attribute("inputmode", "tel")
    box.fill("１３９ １０００ ２３４")
    box.press("Enter")
    expect(chat.page.locator(".hint")).to_contain_text("手机号应是 11 位数字")
    expect(box).to_have_value("１３９ １０００ ２３４")
    expect(chat.messages).to_have_count(2)
    box.fill("139 1000 2345")
    expect(chat.page.locator(".hint")).to_be_empty()
    chat.answered(lambda: box.press("Enter"))
    expect(chat.messages.nth(2)).to_contain_text("〔手机#1〕")


def test_what_cannot_be_sent_is_given_back_whole(chat: Chat) -> None:
    chat.open()
    chat.box.fill("字" * 10_001)
    chat.box.press("Enter")
    expect(chat.page.locator(".note")).to_contain_text("这段文字太长了")
    assert len(chat.box.input_value()) == 10_001
    chat.complaints.clear()  # the browser itself reports the answer 413
    paste(chat.box, photo(card()))
    expect(chat.page.locator(".note").last).to_contain_text("现在不需要图片")


# Cards


def test_hostile_text_of_any_kind_of_message_is_shown_as_text(chat: Chat, hall: RunningHall) -> None:
    chat.open()
    session = chat.kept()["session"]
    for number, text in enumerate(HOSTILE):
        file = {"name": text, "path": "transcript?as=txt"}
        options = [{"id": f"hostile{number}", "label": text, "payload": "/x", "style": text}]
        reading = {
            "kind": "reading",
            "text": text,
            "not_before": text,
            "receipt": text,
            "file": file,
        }
        put(
            hall,
            session,
            {**reading, "options": options},
            {"kind": "handover", "state": "waiting", "text": text},
        )
        put(hall, session, {"kind": "text", "text": text}, author="staff")
    again(chat)
    expect(chat.messages).to_have_count(1 + 3 * len(HOSTILE))
    assert chat.page.evaluate("window.hacked") is None
    root = "document.querySelector('hrss-chat').shadowRoot"
    assert (
        chat.page.evaluate(
            f"{root}.querySelectorAll('.said :is(img, script, iframe, a, svg[onload])').length"
        )
        == 0
    )
    assert "onerror" in chat.page.get_by_role("log").inner_text()


def test_a_mask_stays_as_it_is_and_marks_become_what_they_mean(chat: Chat, hall: RunningHall) -> None:
    chat.open()
    text = "**注意**：手机 138****8001、139****8002 和李**、王** 的。\n- 第一\n- 第二\n姓名：李*\n手机：138****8001"
    put(hall, chat.kept()["session"], {"kind": "text", "text": text})
    bubble = again(chat).messages.nth(1).locator(".bubble")
    expect(bubble.locator("p")).to_have_text("注意：手机 138****8001、139****8002 和李**、王** 的。")
    expect(bubble.locator("strong")).to_have_text(["注意"])
    expect(bubble.locator("ul > li")).to_have_text(["第一", "第二"])
    expect(bubble.locator("dt")).to_have_text(["姓名", "手机"])
    expect(bubble.locator("dd")).to_have_text(["李*", "138****8001"])


def test_a_file_is_fetched_with_the_key_and_the_key_goes_nowhere_else(
    chat: Chat, hall: RunningHall, tmp_path: Path
) -> None:
    chat.open().ask("我的手机号是13910002345")
    files = [
        {"name": "确认单.pdf", "path": "transcript?as=pdf", "size": 48_211},
        {"name": "别处.pdf", "path": "https://evil.example/transcript"},
        {"name": "外面.pdf", "path": "../../version"},
    ]
    put(hall, chat.kept()["session"], *({"kind": "file", "text": "请下载。", "file": file} for file in files))
    again(chat)
    with chat.page.expect_download() as download:
        chat.page.get_by_role("button", name="下载确认单.pdf（48 KB）").click()
    assert download.value.suggested_filename == "确认单.pdf"
    download.value.save_as(tmp_path / "slip.pdf")
    printed = pypdfium2.PdfDocument(tmp_path / "slip.pdf")[0].get_textpage().get_text_range()
    assert "〔手机#1〕" in printed and "13910002345" not in printed
    for name in ("别处.pdf", "外面.pdf"):
        chat.page.get_by_role("button", name=f"下载{name}").click()
    expect(chat.page.locator(".note")).to_have_count(2)
    assert [url for url in chat.requests if "evil" in url or "version" in url] == []


def test_a_conversation_is_saved_as_text_and_as_pdf(chat: Chat) -> None:
    chat.open().ask("谢谢")
    chat.page.get_by_role("button", name="保存聊天记录").click()
    expect(chat.page.get_by_role("alertdialog")).to_contain_text("公用电脑请不要存")
    chat.page.keyboard.press("Escape")
    expect(chat.page.get_by_role("button", name="保存聊天记录")).to_be_focused()
    chat.page.get_by_role("button", name="保存聊天记录").click()
    with chat.page.expect_download() as download:
        chat.page.get_by_role("button", name="存为文本").click()
    assert download.value.suggested_filename == "聊天记录.txt"
    saved = Path(download.value.path()).read_text(encoding="utf-8")
    assert re.search(r"您  \d{4}-\d\d-\d\d \d\d:\d\d\n谢谢\n\n助手  .*\n.*不客气", saved)

    chat.page.get_by_role("button", name="保存聊天记录").click()
    with chat.page.expect_download() as download:
        chat.page.get_by_role("button", name="存为 PDF").click()
    assert download.value.suggested_filename == "聊天记录.pdf"
    printed = pypdfium2.PdfDocument(download.value.path())[0].get_textpage().get_text_range()
    assert "谢谢" in printed and "不客气" in printed


def test_staff_are_told_apart_and_the_state_of_a_hand_over_stands_above(
    chat: Chat, hall: RunningHall
) -> None:
    chat.open()
    session = chat.kept()["session"]
    put(hall, session, {"kind": "handover", "state": "waiting", "text": "前面还有 2 位，大约 6 分钟。"})
    put(hall, session, {"kind": "text", "text": "您好，我是小周。"}, author="staff")
    held = again(chat).page.locator(".held")
    expect(held).to_have_text("前面还有 2 位，大约 6 分钟。")
    expect(chat.messages.last).to_contain_text("工作人员：")
    assert faults(chat.page) == []
    chat.take_picture("widget-handover")
    put(hall, session, {"kind": "handover", "state": "returned", "text": "现在由助手继续。"})
    again(chat)
    expect(chat.messages.last).to_contain_text("现在由助手继续")
    expect(held).to_be_empty()


# What outlasts a reload, and what is asked at the end


def test_what_was_being_written_is_there_after_a_reload_unless_it_was_an_answer(
    chat: Chat, hall: RunningHall
) -> None:
    chat.open()
    chat.box.fill("我想问的是")
    again(chat)
    expect(chat.box).to_have_value("我想问的是")
    chat.answered(lambda: chat.box.press("Enter"))
    again(chat)
    expect(chat.box).to_have_value("")
    put(
        hall,
        chat.kept()["session"],
        {"kind": "form_hint", "field": "certificate", "asks": ["certificate"], "text": "请发证件号码。"},
    )
    box = again(chat).page.get_by_role("textbox")
    expect(box).to_have_attribute("placeholder", "请输入证件号码")
    box.fill("44030419850920")
    assert "44030419850920" not in chat.page.evaluate("JSON.stringify(sessionStorage)")
    again(chat)
    expect(box).to_have_value("")
    box.fill("没写完")
    chat.page.get_by_role("button", name="结束会话").first.click()
    chat.page.get_by_role("alertdialog").get_by_role("button", name="结束会话").click()
    chat.page.get_by_role("button", name="不评价，直接结束").click()
    assert chat.page.evaluate("sessionStorage.length") == 0


def ratings(hall: RunningHall, conversation: str) -> list[int | None]:
    with closing(sqlite3.connect(hall.folder / "hrss.db", timeout=10)) as database:
        query = "SELECT rating FROM conversations WHERE id = ?"
        return [rating for (rating,) in database.execute(query, (conversation,))]


def test_the_whole_talk_is_rated_once_at_its_end(chat: Chat, hall: RunningHall) -> None:
    chat.open().ask("谢谢")
    session = chat.kept()["session"]
    chat.page.get_by_role("button", name="结束会话").first.click()
    chat.page.get_by_role("alertdialog").get_by_role("button", name="结束会话").click()
    asked = chat.page.get_by_role("alertdialog", name="您对这次服务满意吗？")
    expect(asked.get_by_role("button", name="非常满意", exact=True)).to_be_focused()
    assert faults(chat.page) == []
    chat.take_picture("widget-rating")
    asked.get_by_role("button", name="满意", exact=True).click()
    expect(chat.page.get_by_text("本页的聊天记录已清除")).to_be_visible()
    assert ratings(hall, session) == [4]

    chat.page.get_by_role("button", name="开始新会话").click()
    expect(chat.messages).to_have_count(1)
    chat.page.get_by_role("button", name="结束会话").first.click()
    chat.page.get_by_role("alertdialog").get_by_role("button", name="结束会话").click()
    expect(chat.page.get_by_text("本页的聊天记录已清除")).to_be_visible()  # nothing was said: nothing to rate


def test_how_far_a_case_has_come_is_seen_and_heard(chat: Chat, hall: RunningHall) -> None:
    chat.open()
    progress = {"kind": "progress", "text": "状态：审核中\n提交：2026-11-20", "receipt": "GD7K2M9Q4"}
    put(hall, chat.kept()["session"], {**progress, "stages": ["已提交", "审核中", "办结"], "stage": 1})
    stages = again(chat).page.get_by_role("list", name="办理阶段").get_by_role("listitem")
    expect(stages).to_have_text(["已提交", "审核中", "办结"])
    expect(stages.nth(1)).to_have_attribute("aria-current", "step")
    assert [stage.locator("svg").count() for stage in stages.all()] == [1, 0, 0]
    assert faults(chat.page) == []
    chat.take_picture("widget-stages")


# Hosts of other colours


@pytest.mark.parametrize("forced", [False, True], ids=["dark page", "colours of the reader's own"])
def test_on_a_dark_page_and_under_forced_colours_everything_can_be_read(
    browser: Browser, hall: RunningHall, forced: bool
) -> None:
    context = browser.new_context(
        viewport={"width": 1280, "height": 800},
        locale="zh-CN",
        color_scheme="dark",
        forced_colors="active" if forced else "none",
    )
    chat = Chat(context.new_page(), hall).visit()
    chat.page.evaluate(
        """() => {
          const root = document.documentElement;
          root.style.colorScheme = 'dark';
          for (const each of [root, document.body]) { each.style.background = '#101418'; each.style.color = '#eee'; }
        }"""
    )
    chat.open().ask(QUESTION).get_by_role("button", name="没帮助").click()
    if forced:  # the colours are not ours, and computed styles do not tell them
        assert violations(chat.page, "hrss-chat", without=("color-contrast",)) == []
    else:
        assert faults(chat.page) == []
        box = "document.querySelector('hrss-chat').shadowRoot.querySelector('textarea')"
        assert chat.page.evaluate(f"getComputedStyle({box}).colorScheme") == "light"
    chat.take_picture(f"widget-{'forced' if forced else 'dark'}")
    context.close()


def test_a_page_around_the_iframe_hands_over_who_is_signed_in(
    context: BrowserContext, hall: RunningHall
) -> None:
    elsewhere = f"http://localhost:{hall.environment['WEB_PORT']}"
    html = f'<!doctype html><iframe src="{hall.web}/frame/?province=gd" width=400 height=600></iframe>'

    def serve(route: Route) -> None:
        route.fulfill(body=html, content_type="text/html; charset=utf-8")

    context.grant_permissions(["local-network-access"])
    context.route(f"{elsewhere}/around", serve)
    context.route(f"{elsewhere}/favicon.ico", lambda route: route.fulfill(status=204))
    page = context.new_page()
    page.goto(f"{elsewhere}/around")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("log").get_by_role("article")).to_have_count(1)
    hand_over = "([token, origin]) => frames[0].postMessage({ type: 'hrss-identity', token }, origin)"
    page.evaluate(hand_over, [hall.identity_token("chenjing95"), hall.origin])
    expect(frame.locator(".note")).to_contain_text("陈*")

    # a frame inside it is not the page around it
    inner = page.frames[1]
    inner.evaluate("() => window.postMessage({ type: 'hrss-identity', token: null }, '*')")
    page.wait_for_timeout(500)
    expect(frame.locator(".note")).to_contain_text("陈*")


# Large mode

DEVICE = """
window.spoken = [];
Object.defineProperty(window, 'speechSynthesis', { value: {
  getVoices: () => [{ localService: false, lang: 'zh-CN', name: 'far' }, { localService: true, lang: 'zh-CN', name: 'near' }],
  speak: said => window.spoken.push([said.text, said.voice.name]), cancel() {}, addEventListener() {} } });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
window.SpeechRecognition = window.webkitSpeechRecognition = class {
  start() { setTimeout(() => { this.onresult({ results: [[{ transcript: '忘记密码' }]] }); this.onend(); }, 50); }
  stop() {} };
"""


def test_large_mode_reads_aloud_by_a_voice_of_the_device_and_takes_dictation(
    context: BrowserContext, new_chat: Callable[[], Chat]
) -> None:
    context.add_init_script(DEVICE)
    chat = new_chat().visit().open()
    aloud = chat.page.get_by_role("button", name="朗读").first
    expect(aloud).to_be_hidden()
    chat.page.get_by_role("button", name="大字").click()
    aloud.click()
    expect(aloud).to_have_attribute("aria-pressed", "true")
    answer = chat.ask(QUESTION)
    answer.get_by_role("button", name="下一步").click()
    answer.get_by_role("button", name="再说一遍").click()
    second = answer.locator(".stepped > li").nth(1).inner_text()
    spoken = chat.page.evaluate("window.spoken")
    assert [voice for _, voice in spoken] == ["near"] * 3
    assert "自动应答的程序" in spoken[0][0]
    assert [text for text, _ in spoken[1:]] == [second, second]
    chat.page.get_by_role("button", name="说话输入").click()
    expect(chat.box).to_have_value("忘记密码")
    expect(chat.messages).to_have_count(4)
    chat.assert_clean()


# A network that fails


def test_a_connection_that_drops_in_any_state_loses_and_doubles_nothing(
    context: BrowserContext, new_chat: Callable[[], Chat]
) -> None:
    chat = new_chat().visit()
    offline = chat.page.get_by_text("网络断开，正在重连…").first  # on the launcher it is also said

    def drop(act: Callable[[], object]) -> None:
        context.set_offline(True)
        act()
        expect(offline).to_be_visible()
        context.set_offline(False)
        expect(offline).to_be_hidden()

    drop(chat.launcher.click)  # opening
    expect(chat.messages).to_have_count(1)
    chat.box.fill("密码忘了")
    drop(lambda: chat.box.press("Enter"))  # sending
    expect(chat.messages).to_have_count(3)
    drop(chat.page.get_by_role("button", name="单位账号", exact=True).click)  # choosing
    expect(chat.page.locator(".number")).to_have_count(1)
    chat.box.fill("菜单")
    chat.box.press("Enter")
    drop(lambda: None)  # waiting
    expect(chat.messages.last).to_contain_text("您想了解哪一类")
    said = chat.page.locator(".said > .user .bubble").all_inner_texts()
    assert said == ["密码忘了", "单位账号", "菜单"]
    seqs = [message.get_attribute("data-seq") for message in chat.messages.all()]
    assert seqs == [str(seq) for seq in range(1, len(seqs) + 1)]
    expect(chat.page.locator(".draft")).to_have_count(0)
    assert all("Failed to load resource" in complaint for complaint in chat.complaints), chat.complaints
