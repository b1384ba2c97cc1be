import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select, update

from hrss import retention
from hrss.database import Database
from hrss.errors import SessionUnknown, TokenUnknown
from hrss.identifiers import Kind
from hrss.settings import Settings, SettingsError
from hrss.tables import Conversation, VaultValue
from hrss.vault import TOKEN, Tokenised, Vault

PHONE, OTHER_PHONE = "13800138000", "13900139000"
RESIDENT_ID = "440106199001010019"


def tokenise(
    database: Database, vault: Vault, conversation_id: str, text: str, **asked: frozenset[Kind]
) -> Tokenised:
    with database.transaction() as session:
        return vault.tokenise(session, conversation_id, text, **asked)


def test_a_value_becomes_a_token_that_only_its_conversation_resolves(
    database: Database,
    vault: Vault,
    conversation: Conversation,
    now: datetime,
    another_conversation: Callable[..., Conversation],
) -> None:
    other = another_conversation()

    tokenised = tokenise(database, vault, conversation.id, f"我是{RESIDENT_ID}，电话 138-0013-8000。")

    assert Tokenised("我是〔身份证#1〕，电话 〔手机#1〕。", ("〔身份证#1〕", "〔手机#1〕"), ()) == tokenised
    with database.reading() as session:
        assert vault.resolve(session, conversation.id, "〔身份证#1〕") == RESIDENT_ID
        assert vault.resolve(session, conversation.id, "〔手机#1〕") == PHONE
        for token in ("〔手机#2〕", "〔银行卡#1〕", "手机#1", "〔手机#01〕", "〔车牌#1〕", ""):
            with pytest.raises(TokenUnknown):
                vault.resolve(session, conversation.id, token)
        with pytest.raises(TokenUnknown):
            vault.resolve(session, other.id, "〔手机#1〕")


def test_the_same_value_keeps_its_token_however_it_is_typed(
    database: Database, vault: Vault, conversation: Conversation
) -> None:
    first = tokenise(database, vault, conversation.id, f"{PHONE}，不对，是{OTHER_PHONE}")
    again = tokenise(database, vault, conversation.id, "+86 139 0013 9000 和 １３８００１３８０００")

    assert first.tokens == ("〔手机#1〕", "〔手机#2〕")
    assert again.tokens == ("〔手机#2〕", "〔手机#1〕")


def test_no_value_stands_in_the_database(
    database: Database, vault: Vault, conversation: Conversation
) -> None:
    tokenise(database, vault, conversation.id, f"{PHONE} {RESIDENT_ID} 密码是Geheim77")

    with database.reading() as session:
        rows = [
            b"".join(str(getattr(row, column.key)).encode() for column in VaultValue.__table__.columns)
            + row.sealed
            for row in session.scalars(select(VaultValue))
        ]
    assert len(rows) == 2
    for value in (PHONE, RESIDENT_ID, "Geheim77"):
        assert not any(value.encode() in row for row in rows)


def test_a_row_moved_to_another_conversation_or_token_does_not_decrypt(
    database: Database,
    vault: Vault,
    conversation: Conversation,
    now: datetime,
    another_conversation: Callable[..., Conversation],
) -> None:
    other = another_conversation()
    tokenise(database, vault, conversation.id, f"{PHONE} {OTHER_PHONE}")

    with database.transaction() as session:
        first = VaultValue.number == 1
        session.execute(update(VaultValue).where(first).values(conversation_id=other.id))
        session.execute(update(VaultValue).where(VaultValue.number == 2).values(number=3))

    with database.reading() as session:
        with pytest.raises(InvalidTag):
            vault.resolve(session, other.id, "〔手机#1〕")
        with pytest.raises(InvalidTag):
            vault.resolve(session, conversation.id, "〔手机#3〕")


def test_a_typed_token_stands_for_nothing(
    database: Database, vault: Vault, conversation: Conversation
) -> None:
    tokenise(database, vault, conversation.id, PHONE)

    forged = tokenise(database, vault, conversation.id, f"把〔手机#1〕换成{OTHER_PHONE}")

    assert forged.text == "把［手机#1］换成〔手机#2〕"
    assert forged.tokens == ("〔手机#2〕",)


def test_no_character_normalises_into_a_token(
    database: Database, vault: Vault, conversation: Conversation
) -> None:
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    alike = [c for c in characters if set("〔〕") & set(unicodedata.normalize("NFKC", c))]
    assert len(alike) > 2

    for left in alike:
        for right in alike:
            typed = tokenise(database, vault, conversation.id, f"{left}手机#1{right}").text
            assert not TOKEN.search(unicodedata.normalize("NFKC", typed))


def test_a_password_is_masked_but_never_kept(
    database: Database, vault: Vault, conversation: Conversation
) -> None:
    tokenised = tokenise(database, vault, conversation.id, "密码是Geheim77，旧密码是Geheim66")

    assert (
        Tokenised("密码是〔密码#1〕，旧密码是〔密码#1〕", ("〔密码#1〕",) * 2, (Kind.PASSWORD,)) == tokenised
    )
    with database.reading() as session:
        assert session.scalars(select(VaultValue)).all() == []
        with pytest.raises(TokenUnknown):
            vault.resolve(session, conversation.id, "〔密码#1〕")


def test_a_code_nobody_asked_for_is_told_apart_from_one_that_was(
    database: Database, vault: Vault, conversation: Conversation
) -> None:
    unasked = tokenise(database, vault, conversation.id, "验证码482915")
    asked = tokenise(database, vault, conversation.id, "她说是482915", asked_for=frozenset({Kind.SMS_CODE}))

    assert unasked.unasked == (Kind.SMS_CODE,)
    assert Tokenised("她说是〔验证码#1〕", ("〔验证码#1〕",), ()) == asked


@pytest.mark.parametrize(
    ("said", "warned"),
    [
        ("卡号是6217 0000 1234 5670", True),
        ("要银行卡号是吧，我发给你", True),
        ("那我把卡號告訴你", True),
        ("银行卡号怎么填", False),
        ("银行卡号要发给你吗", False),
        ("还是用银行卡那种吧", False),
    ],
)
def test_a_bank_card_is_nothing_for_a_chat(
    database: Database, vault: Vault, conversation: Conversation, said: str, warned: bool
) -> None:
    found = tokenise(database, vault, conversation.id, said)

    assert (Kind.BANK_CARD in found.unasked) is warned


def test_a_forgotten_conversation_resolves_nothing_and_leaves_others_alone(
    database: Database,
    vault: Vault,
    conversation: Conversation,
    now: datetime,
    another_conversation: Callable[..., Conversation],
) -> None:
    other = another_conversation()
    tokenise(database, vault, conversation.id, f"{PHONE} {RESIDENT_ID}")
    tokenise(database, vault, other.id, PHONE)

    with database.transaction() as session:
        assert vault.forget(session, conversation.id) == 2
        with pytest.raises(TokenUnknown):
            vault.resolve(session, conversation.id, "〔手机#1〕")
        assert vault.resolve(session, other.id, "〔手机#1〕") == PHONE


def test_rotation_moves_every_value_under_the_newest_key(
    database: Database, vault: Vault, settings: Settings, conversation: Conversation
) -> None:
    tokenise(database, vault, conversation.id, f"{PHONE} {OTHER_PHONE} {RESIDENT_ID}")
    both = Vault(replace(settings, vault_keys={"k2": b"2" * 32, **settings.vault_keys}))
    newest = Vault(replace(settings, vault_keys={"k2": b"2" * 32}))

    with database.reading() as session, pytest.raises(SettingsError, match="VAULT_KEYS lacks the key k1"):
        newest.resolve(session, conversation.id, "〔手机#1〕")
    rotated = []
    for _ in range(3):
        with database.transaction() as session:
            rotated.append(both.rotate(session, batch=2))

    assert rotated == [2, 1, 0]
    with database.reading() as session:
        assert newest.resolve(session, conversation.id, "〔手机#1〕") == PHONE
        assert newest.resolve(session, conversation.id, "〔手机#2〕") == OTHER_PHONE
    assert tokenise(database, newest, conversation.id, OTHER_PHONE).tokens == ("〔手机#2〕",)


def test_values_that_arrive_at_once_are_numbered_once_each(
    database: Database, vault: Vault, conversation: Conversation
) -> None:
    phones = [f"138001380{n // 2:02}" for n in range(24)]

    with ThreadPoolExecutor(12) as threads:
        tokens = list(threads.map(lambda p: tokenise(database, vault, conversation.id, p).tokens[0], phones))

    assert {f"〔手机#{n}〕" for n in range(1, 13)} == set(tokens)
    assert tokens[0::2] == tokens[1::2]
    with database.reading() as session:
        assert phones == [vault.resolve(session, conversation.id, token) for token in tokens]


def test_the_vault_keeps_nothing_for_a_conversation_that_does_not_exist(
    database: Database, vault: Vault
) -> None:
    with pytest.raises(SessionUnknown):
        tokenise(database, vault, "no such conversation", PHONE)


def test_what_a_conversation_typed_is_forgotten_when_it_ends_by_itself(
    database: Database, vault: Vault, conversation: Conversation
) -> None:
    [token] = tokenise(database, vault, conversation.id, PHONE).tokens
    with database.transaction() as session:
        retention.sweep(session, now=conversation.expires_at - timedelta(seconds=1))
        assert vault.resolve(session, conversation.id, token) == PHONE

    with database.transaction() as session:
        retention.sweep(session, now=conversation.expires_at)

    with database.reading() as session, pytest.raises(TokenUnknown):
        vault.resolve(session, conversation.id, token)


def test_an_answer_to_a_security_question_is_masked_whole_when_it_was_asked_for(
    database: Database, vault: Vault, conversation: Conversation
) -> None:
    tokenised = tokenise(
        database, vault, conversation.id, " 佛山 ", asked_for=frozenset({Kind.SECURITY_ANSWER})
    )

    assert tokenised.text == " 〔密保答案#1〕 "
    with database.reading() as session:
        assert vault.resolve(session, conversation.id, tokenised.tokens[0]) == "佛山"
