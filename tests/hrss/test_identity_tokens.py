"""The host page's tokens: who signed them, for whom, and for how long."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from hrss import identity_tokens, proofs
from hrss.errors import IdentityDiffers, IdentityTokenExpired, IdentityTokenInvalid
from hrss.identity_tokens import Claims, SignedIn
from hrss.settings import Settings, SettingsError
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Conversation
from tests.hrss.people import Talk
from tests.hrss.test_settings import GIVEN

SECRET = "s" * 40
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def claims(now: datetime, **changed: Any) -> dict[str, Any]:
    seconds = int(now.timestamp())
    given = {
        "sub": "chenjing95",
        "role": "person",
        "province": "gd",
        "iss": "hall",
        "aud": "hrss-assistant",
        "iat": seconds,
        "exp": seconds + 300,
        **changed,
    }
    return {name: value for name, value in given.items() if value is not None}


@pytest.fixture(params=["HS256", "RS256"])
def keys(request: pytest.FixtureRequest) -> tuple[str, str, str]:
    return ("HS256", SECRET, SECRET) if request.param == "HS256" else ("RS256", PRIVATE, PUBLIC)


def read(settings: Settings, key: str, token: str, now: datetime) -> Claims:
    return identity_tokens.read(replace(settings, identity_key=key), token, now=now)


def test_a_token_says_who_has_logged_in(
    settings: Settings, keys: tuple[str, str, str], now: datetime
) -> None:
    algorithm, signing, checking = keys

    found = read(settings, checking, jwt.encode(claims(now), signing, algorithm), now)

    assert Claims("chenjing95", SubjectKind.PERSON, "gd") == found


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "another"},
        {"aud": None},
        {"iss": "another"},
        {"iss": None},
        {"sub": None},
        {"role": None},
        {"role": "administrator"},
        {"role": "case"},
        {"province": None},
        {"exp": None},
        {"iat": None},
        {"exp": "soon"},
        {"exp": 10**18},
    ],
    ids=str,
)
def test_a_token_with_anything_else_in_it_is_invalid(
    settings: Settings, keys: tuple[str, str, str], now: datetime, changed: dict[str, Any]
) -> None:
    algorithm, signing, checking = keys
    payload = claims(now, **changed)
    if changed == {"exp": "soon"}:
        token = hs256(payload, SECRET) if algorithm == "HS256" else "x"
    else:
        token = jwt.encode(payload, signing, algorithm)

    with pytest.raises(IdentityTokenInvalid):
        read(settings, checking, token, now)


def test_a_token_lives_ten_minutes_at_most_and_not_beyond_its_end(settings: Settings, now: datetime) -> None:
    def token(**changed: Any) -> str:
        return jwt.encode(claims(now, **changed), SECRET, "HS256")

    seconds = int(now.timestamp())
    assert read(settings, SECRET, token(exp=seconds + 600), now)
    with pytest.raises(IdentityTokenInvalid):
        read(settings, SECRET, token(exp=seconds + 601), now)
    with pytest.raises(IdentityTokenInvalid):
        read(settings, SECRET, token(iat=seconds + 31), now)
    assert read(settings, SECRET, token(), now + timedelta(seconds=299))
    with pytest.raises(IdentityTokenExpired):
        read(settings, SECRET, token(), now + timedelta(seconds=300))


def hs256(payload: dict[str, Any], key: str, header: dict[str, str] | None = None) -> str:
    """Made by hand: libraries refuse to make the tokens of an attacker."""

    def part(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    head = part(json.dumps(header or {"alg": "HS256", "typ": "JWT"}).encode())
    signed = head + b"." + part(json.dumps(payload).encode())
    return (signed + b"." + part(hmac.new(key.encode(), signed, hashlib.sha256).digest())).decode()


def test_the_form_of_the_key_fixes_the_algorithm(settings: Settings, now: datetime) -> None:
    forged = hs256(claims(now), PUBLIC)  # the public key, known to all, used as an HS256 secret
    unsigned = jwt.encode(claims(now), None, "none")
    with_rsa = jwt.encode(claims(now), PRIVATE, "RS256")

    for key, token in ((PUBLIC, forged), (PUBLIC, unsigned), (SECRET, unsigned), (SECRET, with_rsa)):
        with pytest.raises(IdentityTokenInvalid):
            read(settings, key, token, now)
    assert read(settings, SECRET, hs256(claims(now), SECRET), now)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "..", "\ud800"])
def test_what_is_no_token_is_invalid(settings: Settings, now: datetime, token: str) -> None:
    with pytest.raises(IdentityTokenInvalid):
        read(settings, SECRET, token, now)


def test_a_tampered_token_is_invalid(settings: Settings, now: datetime) -> None:
    head, body, signature = jwt.encode(claims(now), SECRET, "HS256").split(".")
    _, other, _ = jwt.encode(claims(now, sub="zhaomin92"), SECRET, "HS256").split(".")

    with pytest.raises(IdentityTokenInvalid):
        read(settings, SECRET, ".".join((head, other, signature)), now)
    assert body != other


def test_without_a_key_no_token_is_valid(settings: Settings, now: datetime) -> None:
    with pytest.raises(IdentityTokenInvalid):
        read(settings, "", hs256(claims(now), ""), now)


def sign_in(talk: Talk, settings: Settings, **changed: Any) -> SignedIn:
    ours = replace(settings, identity_key=SECRET)
    token = jwt.encode(claims(talk.now, **changed), SECRET, "HS256")
    with talk.database.transaction() as session:
        return identity_tokens.sign_in(session, ours, talk.id, token=token, now=talk.now)


def test_a_persons_login_at_the_page_is_a_proof(talk: Talk, settings: Settings) -> None:
    chen = Subject(SubjectKind.PERSON, "demo_chenjing")

    assert SignedIn(chen, "陈*", "gd") == sign_in(talk, settings)
    assert [chen] == [proof.subject for proof in talk.ask(proofs.current)]
    assert sign_in(talk, settings).subject == chen


def test_an_organizations_login_is_one_too_and_says_whose_hall_it_is(talk: Talk, settings: Settings) -> None:
    with talk.database.transaction() as session:
        session.get(Conversation, talk.id).province = "hn"

    found = sign_in(talk, settings, sub="gzsljia", role="organization")

    jia = Subject(SubjectKind.ORGANIZATION, "demo_91440101MA00000156")
    assert SignedIn(jia, "广州示例甲贸易有限公司", "gd") == found
    with talk.database.reading() as session:
        assert session.get(Conversation, talk.id).province == "gd"


def test_a_conversation_belongs_to_one_login(talk: Talk, settings: Settings) -> None:
    sign_in(talk, settings)
    talk.later(minutes=16)  # the proof has lapsed; whose conversation it is has not

    for another in ({"sub": "zhaomin92"}, {"sub": "gzsljia", "role": "organization"}):
        with pytest.raises(IdentityDiffers):
            sign_in(talk, settings, **another)


@pytest.mark.parametrize(
    "nobody",
    [
        {"sub": "nobody"},
        {"sub": "demo_chenjing"},
        {"sub": "gzsljia"},
        {"sub": "gzsljia", "role": "organization", "province": "hn"},
        {"sub": "chenjing95", "province": "hn"},
    ],
    ids=str,
)
def test_a_login_nobody_has_proves_nothing(talk: Talk, settings: Settings, nobody: dict[str, Any]) -> None:
    with pytest.raises(IdentityTokenInvalid):
        sign_in(talk, settings, **nobody)


def test_an_rsa_key_in_the_settings_may_have_its_line_ends_written_out() -> None:
    settings = Settings.from_env({**GIVEN, "IDENTITY_KEY": PUBLIC.replace("\n", "\\n")})

    assert PUBLIC.strip() == settings.identity_key.strip()


@pytest.mark.parametrize(
    "key",
    [PRIVATE, "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----", "short"],
    ids=["private", "broken", "short"],
)
def test_a_key_that_checks_nothing_is_a_wrong_setting(key: str) -> None:
    with pytest.raises(SettingsError, match="IDENTITY_KEY"):
        Settings.from_env({**GIVEN, "IDENTITY_KEY": key})


def test_a_weak_rsa_key_is_a_wrong_setting() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    pem = weak.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    with pytest.raises(SettingsError, match="2048"):
        Settings.from_env({**GIVEN, "IDENTITY_KEY": pem})
