"""The environment, read once and proven at the start."""

import base64
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from dotenv import dotenv_values

from hrss.opening_hours import ALWAYS, HoursMalformed, OpeningHours

SECRETS_FILE = Path("var/secrets.env")
FILES = (Path(".env"), SECRETS_FILE)  # the earlier one wins
KEY_BYTES = 32
SHARED_SECRET_CHARACTERS = 32
RSA_BITS = 2048


class Setting(NamedTuple):
    name: str
    default: str | None  # None: there is none, the setting must be given
    meaning: str


SETTINGS = (
    Setting("DATABASE_URL", "sqlite:///var/hrss.db", "where the shared database is"),
    Setting("VAULT_KEYS", None, "id:base64 of 32 bytes, by commas; the first encrypts, all decrypt"),
    Setting(
        "LOOKUP_KEY", None, "base64 of 32 bytes; makes the keyed hashes that find a value without storing it"
    ),
    Setting(
        "WEB_ORIGINS",
        "http://localhost:5005,http://127.0.0.1:5005",
        "origins whose pages may chat, by commas",
    ),
    Setting("WEB_SESSIONS_PER_MINUTE", "120", "conversations that one address may open in a minute"),
    Setting(
        "WEB_SITE_SESSIONS_PER_MINUTE",
        "1200",
        "conversations that all pages of one origin may open in a minute",
    ),
    Setting("WEB_MESSAGES_PER_MINUTE", "40", "messages that one conversation may send in a minute"),
    Setting("SESSION_IDLE_MINUTES", "30", "a web session ends after so many minutes without a message"),
    Setting("WORDS_DAYS", "0", "what was said goes so many days after a conversation's last word; 0: never"),
    Setting(
        "STAFF_HOURS",
        "",
        "when people reach staff on working days: 09:00-12:00,14:00-17:30; empty: whenever one is there",
    ),
    Setting("WEB_PROXIES", "0", "proxies in front of the bot whose X-Forwarded-For is believed"),
    Setting("TURN_SECONDS", "30", "a message that is not answered after so many seconds gets an excuse"),
    Setting(
        "METRICS_TOKEN", "", "the bearer token that may read /metrics; empty: this machine alone, by no proxy"
    ),
    Setting(
        "IDENTITY_KEY",
        "",
        "checks the host page's identity tokens: HS256 secret or RS256 public key; empty: none accepted",
    ),
    Setting("IDENTITY_ISSUER", "hall", "the `iss` of those tokens"),
    Setting("IDENTITY_AUDIENCE", "hrss-assistant", "the `aud` of those tokens"),
    Setting("CONSOLE_SECRET_KEY", None, "signs the console's cookies; at least 32 characters"),
    Setting(
        "REDIS_URL", "", "several bots: by which they hear each other and count together; empty: one bot"
    ),
    Setting(
        "RABBITMQ_URL", "", "the RabbitMQ through which transcripts are told to others; empty: to nobody"
    ),
    Setting(
        "TRANSCRIPTS_EXCHANGE", "hrss.transcripts", "the topic exchange there that they are published to"
    ),
    Setting("TRANSCRIPTS_DATABASE_URL", "sqlite:///var/transcripts.db", "where the consumer writes them"),
    Setting("SMS_GATEWAY", "demo", "who sends messages: demo (an inbox in the database) or tencent"),
    Setting("TENCENT_SMS_SECRET_ID", "", "Tencent Cloud: the id of the API key"),
    Setting("TENCENT_SMS_SECRET_KEY", "", "Tencent Cloud: the API key"),
    Setting("TENCENT_SMS_APP_ID", "", "Tencent Cloud: SmsSdkAppId"),
    Setting("TENCENT_SMS_SIGN", "", "Tencent Cloud: the approved signature, without brackets"),
    Setting(
        "TENCENT_SMS_TEMPLATES", "", "Tencent Cloud: name:id by commas, for every name in sms_templates.yml"
    ),
    Setting("TENCENT_SMS_ENDPOINT", "https://sms.tencentcloudapi.com", "Tencent Cloud: where its API is"),
    Setting("WECHAT_APP_ID", "", "WeChat official account: its AppID; empty: the channel is off"),
    Setting("WECHAT_APP_SECRET", "", "WeChat: its AppSecret"),
    Setting("WECHAT_TOKEN", "", "WeChat: the Token of its server configuration"),
    Setting("WECHAT_AES_KEY", "", "WeChat: the EncodingAESKey, 43 characters"),
    Setting("WECHAT_MODE", "safe", "WeChat: safe (安全模式), or plain for development only"),
    Setting("WECHAT_API", "https://api.weixin.qq.com", "WeChat: where its API is"),
    Setting("WECHAT_WORK_CORP_ID", "", "WeCom (企业微信): its CorpID; empty: off"),
    Setting("WECHAT_WORK_SECRET", "", "WeCom: the secret of the application that serves customers"),
    Setting("WECHAT_WORK_TOKEN", "", "WeCom: the Token of its callback"),
    Setting("WECHAT_WORK_AES_KEY", "", "WeCom: the EncodingAESKey, 43 characters"),
    Setting("WECHAT_WORK_API", "https://qyapi.weixin.qq.com", "WeCom: where its API is"),
    Setting("WECHAT_PROVINCE", "", "the province of the accounts: gd, hn, or empty to ask"),
    Setting(
        "WECHAT_IDLE_MINUTES", "120", "a talk in WeChat begins anew after so many minutes without a word"
    ),
    Setting(
        "WECHAT_ADDRESS",
        "",
        "where people in WeChat reach the bot, for their slips: https://host; empty: none",
    ),
    Setting("WECHAT_CLOCK_SECONDS", "300", "how far the time of a callback may be from ours"),
)


class SettingsError(Exception):
    """A setting is missing or malformed: says which one, and what to do."""


@dataclass(frozen=True)
class TencentSms:
    """How Tencent Cloud knows us, and which of its templates says what."""

    secret_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    app_id: str
    sign: str
    templates: dict[str, str]
    endpoint: str


@dataclass(frozen=True)
class WechatApp:
    """How one of our accounts at WeChat or WeCom is called back, and where its API is."""

    app_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: bytes = field(repr=False)
    api: str
    plain: bool = False  # 明文模式: for development only


@dataclass(frozen=True)
class TranscriptFeed:
    """By which RabbitMQ transcripts are told to others, and where our own consumer writes them."""

    rabbitmq_url: str = field(repr=False)
    exchange: str
    database_url: str = field(repr=False)

    @classmethod
    def from_env(cls) -> "TranscriptFeed | None":
        """Without the keys that `Settings` asks for: a consumer may run where nobody has them."""
        found = _found([os.environ, *map(dotenv_values, FILES)])
        return _transcript_feed({name: (value or "").strip() for name, value in found.items()})


@dataclass(frozen=True)
class Settings:
    """What `SETTINGS` says, in the types the code needs. Secrets stay out of its repr."""

    database_url: str = field(repr=False)
    vault_keys: dict[str, bytes] = field(repr=False)
    lookup_key: bytes = field(repr=False)
    web_origins: tuple[str, ...]
    web_sessions_per_minute: int
    web_site_sessions_per_minute: int
    web_messages_per_minute: int
    session_idle: timedelta
    identity_key: str = field(repr=False)
    console_secret_key: str = field(repr=False)
    redis_url: str = field(repr=False)
    words_kept: timedelta = timedelta(0)  # nothing: until they are erased
    staff_hours: OpeningHours = ALWAYS
    identity_issuer: str = "hall"
    identity_audience: str = "hrss-assistant"
    web_proxies: int = 0
    turn_seconds: int = 30
    metrics_token: str = field(default="", repr=False)
    transcript_feed: TranscriptFeed | None = None  # None: off
    tencent_sms: TencentSms | None = None  # None: the demo inbox
    wechat: WechatApp | None = None  # None: off
    wechat_work: WechatApp | None = None
    wechat_province: str | None = None
    wechat_idle: timedelta = timedelta(minutes=120)
    wechat_address: str = ""
    wechat_clock_seconds: int = 300

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """
        Read the process environment, and from the files what it lacks; or only `environ`, when given.

        An empty variable counts as lacking.
        """
        sources: list[Mapping[str, str | None]]
        sources = [os.environ, *map(dotenv_values, FILES)] if environ is None else [environ]
        given: dict[str, str] = {}
        for name, value in _found(sources).items():
            if value is None:
                raise SettingsError(
                    f"{name} is not set. Set it, or run `python -m hrss init` for a fresh one."
                )
            given[name] = value.strip()
        return cls(
            database_url=given["DATABASE_URL"],
            vault_keys=_vault_keys(given["VAULT_KEYS"]),
            lookup_key=_key("LOOKUP_KEY", given["LOOKUP_KEY"]),
            web_origins=_origins(given["WEB_ORIGINS"]),
            web_sessions_per_minute=_count("WEB_SESSIONS_PER_MINUTE", given["WEB_SESSIONS_PER_MINUTE"]),
            web_site_sessions_per_minute=_count(
                "WEB_SITE_SESSIONS_PER_MINUTE", given["WEB_SITE_SESSIONS_PER_MINUTE"]
            ),
            web_messages_per_minute=_count("WEB_MESSAGES_PER_MINUTE", given["WEB_MESSAGES_PER_MINUTE"]),
            session_idle=_minutes("SESSION_IDLE_MINUTES", given["SESSION_IDLE_MINUTES"]),
            words_kept=timedelta(days=_count("WORDS_DAYS", given["WORDS_DAYS"], least=0)),
            staff_hours=_hours("STAFF_HOURS", given["STAFF_HOURS"]),
            identity_key=_identity_key(given["IDENTITY_KEY"]),
            console_secret_key=_shared_secret("CONSOLE_SECRET_KEY", given["CONSOLE_SECRET_KEY"]),
            redis_url=given["REDIS_URL"],
            identity_issuer=given["IDENTITY_ISSUER"],
            identity_audience=given["IDENTITY_AUDIENCE"],
            web_proxies=_count("WEB_PROXIES", given["WEB_PROXIES"], least=0),
            turn_seconds=_count("TURN_SECONDS", given["TURN_SECONDS"]),
            metrics_token=_optional_secret("METRICS_TOKEN", given["METRICS_TOKEN"]),
            transcript_feed=_transcript_feed(given),
            tencent_sms=_tencent_sms(given),
            wechat=_wechat_app(given, "WECHAT", "APP_ID", "APP_SECRET"),
            wechat_work=_wechat_app(given, "WECHAT_WORK", "CORP_ID", "SECRET"),
            wechat_province=_province("WECHAT_PROVINCE", given["WECHAT_PROVINCE"]),
            wechat_idle=_minutes("WECHAT_IDLE_MINUTES", given["WECHAT_IDLE_MINUTES"]),
            wechat_address=_https("WECHAT_ADDRESS", given["WECHAT_ADDRESS"]),
            wechat_clock_seconds=_count("WECHAT_CLOCK_SECONDS", given["WECHAT_CLOCK_SECONDS"]),
        )


def write_fresh_secrets(path: Path = SECRETS_FILE) -> bool:
    """Write new random secrets only their owner can read; leave a file that is there as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(
            "# Lose VAULT_KEYS or LOOKUP_KEY and what they encrypted is lost. Keep this file out of git.\n"
            f"VAULT_KEYS=k1:{_random_key()}\n"
            f"LOOKUP_KEY={_random_key()}\n"
            f"IDENTITY_KEY={secrets.token_urlsafe(KEY_BYTES)}\n"
            f"CONSOLE_SECRET_KEY={secrets.token_urlsafe(KEY_BYTES)}\n"
        )
    return True


def _found(sources: Sequence[Mapping[str, str | None]]) -> dict[str, str | None]:
    """Every setting by name, from the first source that has it."""
    return {
        setting.name: next(
            (value for source in sources if (value := source.get(setting.name))), setting.default
        )
        for setting in SETTINGS
    }


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _key(name: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:  # not base64, or not even ASCII
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingsError(
            f"{name} is not the base64 of {KEY_BYTES} bytes. "
            f"`openssl rand -base64 {KEY_BYTES}` makes such a key."
        )
    return key


def _vault_keys(text: str) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for item in text.split(","):
        key_id, colon, encoded = item.strip().partition(":")
        if not key_id or not colon:
            raise SettingsError(
                "VAULT_KEYS is not a list of id:key. Write each key as a short id, a colon and base64."
            )
        if key_id in keys:
            raise SettingsError(f"VAULT_KEYS has the id {key_id} twice. Give every key its own id.")
        keys[key_id] = _key("VAULT_KEYS", encoded)
    return keys


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(origin.strip() for origin in text.split(",") if origin.strip())
    for origin in origins:
        parts = urlsplit(origin)
        if (
            origin != f"{parts.scheme}://{parts.netloc}"
            or parts.scheme not in ("http", "https")
            or not parts.netloc
        ):
            raise SettingsError(
                f"WEB_ORIGINS has {origin!r}. Write https://host or https://host:port, without a path."
            )
    return origins


def _minutes(name: str, text: str) -> timedelta:
    return timedelta(minutes=_count(name, text))


def _hours(name: str, text: str) -> OpeningHours:
    try:
        return OpeningHours.parse(text)
    except HoursMalformed as malformed:
        raise SettingsError(
            f"{name} is {text!r}. Write spans of a day by commas, in their order: 09:00-12:00,14:00-17:30."
        ) from malformed


def _count(name: str, text: str, *, least: int = 1) -> int:
    if not text.isdecimal() or int(text) < least:
        raise SettingsError(f"{name} is {text!r}. Write a whole number from {least}.")
    return int(text)


def _identity_key(text: str) -> str:
    """A public key (RS256) in PEM, with real or written-out line ends; or a shared secret (HS256)."""
    if not text.startswith("-----BEGIN"):
        return _optional_secret("IDENTITY_KEY", text)
    pem = text.replace("\\n", "\n")
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError:
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < RSA_BITS:
        raise SettingsError(
            f"IDENTITY_KEY is not an RSA public key of at least {RSA_BITS} bits in PEM. "
            "`openssl rsa -pubout` writes it for a private key."
        )
    return pem


def _transcript_feed(given: Mapping[str, str]) -> TranscriptFeed | None:
    if not given["RABBITMQ_URL"]:
        return None
    if urlsplit(given["RABBITMQ_URL"]).scheme not in ("amqp", "amqps"):
        raise SettingsError("RABBITMQ_URL is not amqp or amqps. Write amqps://user:password@host/vhost.")
    return TranscriptFeed(
        given["RABBITMQ_URL"], given["TRANSCRIPTS_EXCHANGE"], given["TRANSCRIPTS_DATABASE_URL"]
    )


def _tencent_sms(given: Mapping[str, str]) -> TencentSms | None:
    if given["SMS_GATEWAY"] == "demo":
        return None
    if given["SMS_GATEWAY"] != "tencent":
        raise SettingsError(f"SMS_GATEWAY is {given['SMS_GATEWAY']!r}. Write demo or tencent.")
    for name, value in given.items():
        if name.startswith("TENCENT_SMS_") and not value:
            raise SettingsError(f"{name} is not set, and SMS_GATEWAY is tencent. Set it.")
    templates = dict(item.strip().partition(":")[::2] for item in given["TENCENT_SMS_TEMPLATES"].split(","))
    if not all(templates.values()):
        raise SettingsError(
            "TENCENT_SMS_TEMPLATES is not a list of name:id. Write code:1234567,login:1234568."
        )
    return TencentSms(
        secret_id=given["TENCENT_SMS_SECRET_ID"],
        secret_key=given["TENCENT_SMS_SECRET_KEY"],
        app_id=given["TENCENT_SMS_APP_ID"],
        sign=given["TENCENT_SMS_SIGN"],
        templates=templates,
        endpoint=given["TENCENT_SMS_ENDPOINT"],
    )


def _wechat_app(given: Mapping[str, str], family: str, id_name: str, secret_name: str) -> WechatApp | None:
    if not given[f"{family}_{id_name}"]:
        return None
    for name in (secret_name, "TOKEN", "AES_KEY"):
        if not given[f"{family}_{name}"]:
            raise SettingsError(f"{family}_{name} is not set, and {family}_{id_name} is. Set it.")
    mode = given.get(f"{family}_MODE", "safe")
    if mode not in ("safe", "plain"):
        raise SettingsError(f"{family}_MODE is {mode!r}. Write safe; plain is for development only.")
    try:
        aes_key = base64.b64decode(given[f"{family}_AES_KEY"] + "=", validate=True)
    except ValueError:
        aes_key = b""
    if len(aes_key) != KEY_BYTES:
        raise SettingsError(f"{family}_AES_KEY is not an EncodingAESKey. Copy all of its 43 characters.")
    return WechatApp(
        app_id=given[f"{family}_{id_name}"],
        secret=given[f"{family}_{secret_name}"],
        token=given[f"{family}_TOKEN"],
        aes_key=aes_key,
        api=_https(f"{family}_API", given[f"{family}_API"]),
        plain=mode == "plain",
    )


def _https(name: str, text: str) -> str:
    """An address of which what goes there is not read on the way; nothing stays nothing."""
    address = urlsplit(text)
    if text and address.scheme != "https" and address.hostname not in ("127.0.0.1", "localhost"):
        raise SettingsError(f"{name} is not https. Write https://host.")
    return text.rstrip("/")


def _province(name: str, text: str) -> str | None:
    if text not in ("", "gd", "hn"):
        raise SettingsError(f"{name} is {text!r}. Write gd, hn, or nothing.")
    return text or None


def _optional_secret(name: str, text: str) -> str:
    return _shared_secret(name, text) if text else ""


def _shared_secret(name: str, text: str) -> str:
    if len(text) < SHARED_SECRET_CHARACTERS:
        raise SettingsError(
            f"{name} is too short to be safe. Use at least {SHARED_SECRET_CHARACTERS} random characters, "
            "such as `openssl rand -base64 48` makes."
        )
    return text
