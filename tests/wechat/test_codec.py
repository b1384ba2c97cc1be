"""The envelope and the messages, against the vectors Tencent publishes and against wechatpy."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path

import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidSignatureException

from bot.channels.wechat.envelope import BrokenEnvelope, Envelope, is_signed, signature
from bot.channels.wechat.messages import (
    BrokenMessage,
    Incoming,
    read_fields,
    read_message,
    sealed_reply,
    text_reply,
)

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
TOKEN, KEY = VECTORS["token"], base64.b64decode(VECTORS["encoding_aes_key"] + "=")
ASKED = Incoming("oAsks", "gh_account", 1, "text", "", {"FromUserName": "oAsks", "MsgId": "1"})


def envelope(name: str) -> Envelope:
    return Envelope(TOKEN, KEY, VECTORS[name]["appid"])


def test_v1_the_published_signature_of_the_verification() -> None:
    vector = VECTORS["get"]

    assert signature(TOKEN, vector["timestamp"], vector["nonce"]) == vector["signature"]


def test_v3_the_published_signature_of_a_plain_message() -> None:
    vector = VECTORS["plain_post"]

    assert is_signed(vector["signature"], TOKEN, vector["timestamp"], vector["nonce"])


@pytest.mark.parametrize(("name", "length"), [("safe_post_json", 167), ("safe_post_xml", 292)])
def test_v3_the_published_messages_open(name: str, length: int) -> None:
    vector = VECTORS[name]
    encrypted = vector.get("encrypt") or read_fields(vector["body"].encode())["Encrypt"]

    assert envelope(name).is_sealed(vector["msg_signature"], vector["timestamp"], vector["nonce"], encrypted)
    assert len(envelope(name).open(encrypted)) == length


@pytest.mark.parametrize("name", ["safe_reply_json", "safe_reply_xml"])
def test_r3_the_published_replies_are_reproduced_byte_for_byte(name: str) -> None:
    vector = VECTORS[name]
    sealed = envelope(name).seal(vector["message"].encode(), random=vector["random"].encode())

    assert sealed == vector["encrypt"]
    assert envelope(name).signed(vector["timestamp"], vector["nonce"], sealed) == vector["msg_signature"]


def test_r3_every_reply_is_sealed_with_fresh_randomness() -> None:
    sealing = envelope("safe_reply_xml")

    assert sealing.seal(b"once") != sealing.seal(b"once")


@given(st.text(min_size=1, max_size=300))
def test_r2_whatever_is_said_arrives_as_it_was_with_an_independent_reader(text: str) -> None:
    app_id = "wx0123456789abcdef"
    sealing = Envelope(TOKEN, KEY, app_id)
    encrypted = sealing.seal(text_reply(ASKED, text, now=1_700_000_000))
    body = sealed_reply(encrypted, sealing.signed("1700000000", "5", encrypted), "1700000000", "5")
    oracle = WeChatCrypto(TOKEN, VECTORS["encoding_aes_key"], app_id)
    outer = xmltodict.parse(body)["xml"]
    clear = xmltodict.parse(
        oracle.decrypt_message(body, outer["MsgSignature"], outer["TimeStamp"], outer["Nonce"]),
        strip_whitespace=False,
    )["xml"]

    writable = "".join(
        sign
        for sign in text
        if sign in "\t\n\r"
        or (sign >= " " and sign not in "\ufffe\uffff" and not "\ud800" <= sign <= "\udfff")
    )
    assert (clear["Content"] or "") == writable.replace("\r\n", "\n").replace("\r", "\n")
    assert (clear["ToUserName"], clear["FromUserName"], clear["MsgType"]) == ("oAsks", "gh_account", "text")
    assert clear["CreateTime"] == "1700000000"


@pytest.mark.parametrize("text", ["]]>", "a]]>b]]>", "<b>&amp;</b>", "👩‍👩‍👧‍👦\n𠮷野家"])
def test_r2_what_xml_trips_over_survives(text: str) -> None:
    assert xmltodict.parse(text_reply(ASKED, text, now=1))["xml"]["Content"] == text


@given(st.binary(max_size=200))
def test_v3_no_garbage_opens(content: bytes) -> None:
    with pytest.raises(BrokenEnvelope):
        envelope("safe_post_xml").open(base64.b64encode(content).decode())


@given(st.text(max_size=60))
def test_v3_no_garbage_that_is_no_base64_opens(content: str) -> None:
    with pytest.raises(BrokenEnvelope):
        envelope("safe_post_xml").open(content)


def test_v3_what_was_sealed_for_another_receiver_does_not_open() -> None:
    foreign = Envelope(TOKEN, KEY, "wxsomeoneelse00000").seal(b"<xml/>")

    with pytest.raises(BrokenEnvelope, match="receiver"):
        envelope("safe_post_xml").open(foreign)


@pytest.mark.parametrize("place", [0, 20, 40, -1])
def test_v3_a_changed_byte_is_found(place: int) -> None:
    sealing = envelope("safe_post_xml")
    encrypted = bytearray(base64.b64decode(sealing.seal(b"<xml>1</xml>" * 3)))
    before = sealing.signed("1", "2", base64.b64encode(encrypted).decode())
    encrypted[place] ^= 1

    assert not sealing.is_sealed(before, "1", "2", base64.b64encode(encrypted).decode())
    with pytest.raises(InvalidSignatureException):
        WeChatCrypto(TOKEN, VECTORS["encoding_aes_key"], VECTORS["safe_post_xml"]["appid"]).decrypt_message(
            {"Encrypt": base64.b64encode(encrypted).decode()}, before, "1", "2"
        )


def test_v2_empty_parts_are_never_signed() -> None:
    assert not is_signed(signature("", "", ""), "", "", "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<xml>",
        b"<html></html>",
        b"<xml><A>1</A><A>2</A></xml>",
        b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><A>&a;</A></xml>',
        b'<!DOCTYPE xml SYSTEM "http://127.0.0.1/x"><xml><A>1</A></xml>',
        b'<?xml version="1.0" encoding="no-such"?><xml></xml>',
        "<xml><A>\ud800</A></xml>".encode("utf-8", "surrogatepass"),
        secrets.token_bytes(64),
    ],
    ids=range(9),
)
def test_v6_no_doctype_no_entity_no_other_form(body: bytes) -> None:
    with pytest.raises(BrokenMessage):
        read_fields(body)


def test_a_message_id_beyond_what_floats_hold_stays_what_it_is() -> None:
    message = read_message(
        b"<xml><ToUserName>a</ToUserName><FromUserName>b</FromUserName><CreateTime>1</CreateTime>"
        b"<MsgType>text</MsgType><Content>1</Content><MsgId>9007199254740993</MsgId><Idx>1</Idx></xml>"
    )

    assert message.key == "wx-9007199254740993"


def test_o2_events_of_one_second_differ_by_what_happened() -> None:
    def event(name: str, key: str) -> str:
        return read_message(
            f"<xml><ToUserName>a</ToUserName><FromUserName>b</FromUserName><CreateTime>1</CreateTime>"
            f"<MsgType>event</MsgType><Event>{name}</Event><EventKey>{key}</EventKey></xml>".encode()
        ).key

    assert event("CLICK", "x") == event("click", "x")
    assert len({event("CLICK", "x"), event("CLICK", "y"), event("SCAN", "x")}) == 3
