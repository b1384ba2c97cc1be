"""Our client of WeChat's API against the fake one: tokens, errors, menus, media."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest

from bot.channels.wechat import menu
from bot.channels.wechat.api import ApiError, MediaTooLarge, OfficialAccountApi, Unreachable, WorkApi
from bot.channels.wechat.rendering import LONGEST, as_text, compose, split
from hrss.settings import WechatApp
from tests.wechat.api import FakeApi

T = TypeVar("T")
SEND, TOKEN = "/cgi-bin/message/custom/send", "/cgi-bin/stable_token"
PART = {"text": "您好"}


@pytest.fixture
def fake() -> Iterator[FakeApi]:
    api = FakeApi()
    api.spoke("someone")
    yield api
    api.close()


def with_api(fake: FakeApi, do: Callable[[OfficialAccountApi], Awaitable[T]], **changed: Any) -> T:
    told = {"app_id": fake.app_id, "secret": fake.secret, "api": fake.url, **changed}

    async def run() -> T:
        api = OfficialAccountApi(WechatApp(token="t", aes_key=bytes(32), **told))
        try:
            return await do(api)
        finally:
            await api.close()

    return asyncio.run(run())


def sending(
    count: int = 1, part: dict[str, Any] = PART
) -> Callable[[OfficialAccountApi], Awaitable[list[Any]]]:
    async def do(api: OfficialAccountApi) -> list[Any]:
        sent = [api.send("someone", part, message_id="x") for _ in range(count)]
        return list(await asyncio.gather(*sent, return_exceptions=True))

    return do


def test_a1_fifty_at_once_fetch_one_token(fake: FakeApi) -> None:
    with_api(fake, sending(50))

    [call] = fake.of(TOKEN)
    assert call.body == {
        "grant_type": "client_credential",
        "appid": fake.app_id,
        "secret": fake.secret,
        "force_refresh": False,
    }


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a2_a_refused_token_is_replaced_once_and_the_message_sent_once_more(fake: FakeApi, code: int) -> None:
    async def twice(api: OfficialAccountApi) -> None:
        await api.send("someone", PART, message_id="x")
        fake.invalidate_token()
        fake.refusals[SEND] = [code]
        await api.send("someone", PART, message_id="y")

    with_api(fake, twice)

    assert len(fake.of(TOKEN)) == 2
    assert [call.answer["errcode"] for call in fake.of(SEND)] == [0, code, 0]


def test_a2_a_token_that_stays_bad_ends_it(fake: FakeApi) -> None:
    fake.refuses_always[SEND] = 40001
    [failed] = with_api(fake, sending())

    assert isinstance(failed, ApiError) and failed.code == 40001
    assert len(fake.of(SEND)) == 2
    assert [call.body["force_refresh"] for call in fake.of(TOKEN)] == [False, False, True]


@pytest.mark.parametrize("code", [45015, 45047, 48001, 40003, 43004, 45009, 40164])
def test_a3_what_will_not_get_better_is_not_tried_again(fake: FakeApi, code: int) -> None:
    fake.refuses_always[SEND] = code
    [failed] = with_api(fake, sending())

    assert isinstance(failed, ApiError) and failed.code == code
    assert len(fake.of(SEND)) == 1


def test_a3_an_account_that_may_not_send_does_not_ask_again_and_again(fake: FakeApi) -> None:
    fake.refuses_always[SEND] = 48001

    async def often(api: OfficialAccountApi) -> None:
        for _ in range(3):
            with pytest.raises(ApiError):
                await api.send("someone", PART, message_id="x")

    with_api(fake, often)

    assert len(fake.of(SEND)) == 1


def test_a_busy_server_is_asked_once_more(fake: FakeApi) -> None:
    fake.refusals[SEND] = [-1]

    assert with_api(fake, sending()) == [None]
    assert len(fake.of(SEND)) == 2


def test_a5_no_character_is_escaped_on_the_wire(fake: FakeApi) -> None:
    with_api(fake, sending(part={"text": "您好😀"}))

    assert "您好😀".encode() in fake.of(SEND)[0].raw


def test_options_are_a_menu_to_tap_and_numbers_where_there_is_none(fake: FakeApi) -> None:
    part = {"text": "哪一个？", "options": [{"id": "a", "label": "甲", "number": 1}], "tail": "回复数字"}
    fake.refusals[SEND] = [40008]
    with_api(fake, sending(part=part))
    with_api(fake, sending(part=part))
    first, second, third = (call.body for call in fake.of(SEND))

    assert first["msgmenu"]["list"] == [{"id": "a", "content": "1. 甲"}]
    assert second["text"]["content"] == "哪一个？\n\n1. 甲\n回复数字"
    assert third["msgtype"] == "msgmenu"


def test_a8_errors_of_the_typing_state_are_nothing(fake: FakeApi) -> None:
    fake.refusals["/cgi-bin/message/custom/typing"] = [45072, 45080, 45081]

    async def often(api: OfficialAccountApi) -> None:
        for _ in range(4):
            await api.typing("someone")

    with_api(fake, often)


@pytest.mark.parametrize(("app_id", "secret", "code"), [("wxother", None, 40013), (None, "wrong", 40125)])
def test_wrong_credentials_are_said_and_not_hammered(
    fake: FakeApi, app_id: str | None, secret: str | None, code: int
) -> None:
    [failed] = with_api(fake, sending(), app_id=app_id or fake.app_id, secret=secret or fake.secret)

    assert isinstance(failed, ApiError) and failed.code == code
    assert len(fake.of(TOKEN)) == 1


def test_an_unreachable_server_is_no_refusal_and_its_words_hold_no_token(fake: FakeApi) -> None:
    with_api(fake, sending())
    [failed] = with_api(fake, sending(), api="http://127.0.0.1:1")

    assert isinstance(failed, Unreachable)
    assert "token" not in str(failed) and fake.secret not in str(failed)


def test_a7_media_comes_whole_or_not_at_all(fake: FakeApi) -> None:
    fake.media["photo"] = b"\xff\xd8\xff" + bytes(1000)
    fake.media["huge"] = bytes(10 * 1024 * 1024 + 1)
    fake.media["video"] = b'{"video_url": "https://example.com/"}'

    assert with_api(fake, lambda api: api.media("photo")) == fake.media["photo"]
    with pytest.raises(MediaTooLarge):
        with_api(fake, lambda api: api.media("huge"))
    for media_id, code in (("expired", 40007), ("video", 0)):
        with pytest.raises(ApiError) as error:
            with_api(fake, lambda api: api.media(media_id))  # noqa: B023
        assert error.value.code == code


def test_the_menu_is_published_as_wechat_takes_it(fake: FakeApi) -> None:
    with_api(fake, lambda api: api.publish_menu(menu.for_publishing()))
    [call] = fake.of("/cgi-bin/menu/create")
    top = call.body["button"]

    assert 1 <= len(top) <= 3
    assert all(len(each["name"]) <= 4 and 1 <= len(each["sub_button"]) <= 5 for each in top)
    for button in (each for entry in top for each in entry["sub_button"]):
        assert button["type"] == "click" and len(button["name"]) <= 8 and menu.keys()[button["key"]]


def test_a_message_to_a_customer_carries_an_id_of_ours(fake: FakeApi) -> None:
    app = WechatApp(app_id="ww1", secret="s", token="t", aes_key=bytes(32), api=fake.url)

    async def run() -> None:
        api = WorkApi(app)
        await api.send("wk1/wm1", PART, message_id="m1")
        with pytest.raises(ApiError):
            await api.send("wk1/wm1", PART, message_id="m1")
        await api.close()

    asyncio.run(run())

    assert fake.of("/cgi-bin/kf/send_msg")[0].body == {
        "touser": "wm1",
        "open_kfid": "wk1",
        "msgid": "m1",
        "msgtype": "text",
        "text": {"content": "您好"},
    }


@pytest.mark.parametrize(
    "text",
    [
        "字" * 3000,
        "一句话。" * 400,
        "a" * 5000,
        "👩‍👩‍👧‍👦" * 300,
        "é" * 900,
        "🇨🇳" * 500,
        "段落\n\n" * 500,
        "𠮷" * 1500,
    ],
    ids=["one word", "sentences", "letters", "families", "accents", "flags", "paragraphs", "four bytes"],
)
def test_r4_a_long_text_is_cut_where_nothing_breaks(text: str) -> None:
    pieces = split(text)

    assert all(0 < len(piece) <= LONGEST and len(piece.encode()) <= 2048 for piece in pieces)
    assert "".join("".join(piece.split()) for piece in pieces) == "".join(text.split())
    assert not any(piece.startswith(("\u0301", "\u200d")) or piece.endswith("\u200d") for piece in pieces)
    if "🇨🇳" in text:
        assert all(piece.count("🇨") == piece.count("🇳") for piece in (p.replace("🇨🇳", "") for p in pieces))


def test_where_nothing_is_said_there_is_no_message() -> None:
    assert compose([], []) == []
    assert compose([{"text": "还有。"}], []) == [{"text": "还有。"}]


def test_a4_a_turn_with_four_buttons_and_three_paragraphs_is_one_message() -> None:
    options = [{"id": str(n), "label": f"选项{n}", "payload": "/x"} for n in range(4)]
    said = [{"text": "第一段"}, {"text": "第二段"}, {"text": "第三段", "options": options}]
    [part] = compose([], said)

    assert as_text(part).splitlines()[-5:-1] == ["1. 选项0", "2. 选项1", "3. 选项2", "4. 选项3"]
    assert "payload" not in str(part)


def test_what_is_too_long_for_two_messages_says_so_and_offers_its_options_last() -> None:
    said = [{"text": "很长的话。" * 300, "options": [{"id": "1", "label": "好", "payload": "/x"}]}]
    parts = compose([], said)

    assert len(parts) == 3
    assert "继续" in as_text(parts[1]) and "继续" not in as_text(parts[0])
    assert [bool(part.get("options")) for part in parts] == [False, False, True]
    assert all(len(as_text(part)) <= LONGEST and len(as_text(part).encode()) <= 2048 for part in parts)
