import base64
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from hrss.settings import SETTINGS, Settings, SettingsError, write_fresh_secrets

KEY = base64.b64encode(b"k" * 32).decode()
GIVEN = {"VAULT_KEYS": f"k1:{KEY}", "LOOKUP_KEY": KEY, "CONSOLE_SECRET_KEY": "c" * 40}


@pytest.fixture(autouse=True)
def in_an_empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for setting in SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)


def test_what_is_not_given_has_its_default() -> None:
    settings = Settings.from_env(GIVEN)

    assert settings.database_url == "sqlite:///var/hrss.db"
    assert settings.web_origins == ("http://localhost:5005", "http://127.0.0.1:5005")
    assert timedelta(minutes=30) == settings.session_idle
    assert "" == settings.identity_key == settings.redis_url


def test_the_first_vault_key_is_the_first_in_the_list() -> None:
    settings = Settings.from_env(GIVEN | {"VAULT_KEYS": f"new:{KEY}, old:{KEY}"})

    assert list(settings.vault_keys) == ["new", "old"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VAULT_KEYS", ""),
        ("VAULT_KEYS", KEY),
        ("VAULT_KEYS", "k1:too short"),
        ("VAULT_KEYS", f"k1:{KEY},k1:{KEY}"),
        ("LOOKUP_KEY", ""),
        ("LOOKUP_KEY", "c2hvcnQ="),
        ("LOOKUP_KEY", "密"),
        ("CONSOLE_SECRET_KEY", ""),
        ("CONSOLE_SECRET_KEY", "short"),
        ("IDENTITY_KEY", "short"),
        ("SESSION_IDLE_MINUTES", "half an hour"),
        ("SESSION_IDLE_MINUTES", "0"),
        ("STAFF_HOURS", "9 to 5"),
        ("WEB_SESSIONS_PER_MINUTE", "many"),
        ("WEB_ORIGINS", "hall.example"),
        ("WEB_ORIGINS", "https://hall.example/chat"),
    ],
)
def test_what_is_missing_or_malformed_is_named_and_never_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_env(GIVEN | {name: value})

    assert str(refused.value).startswith(name)
    assert KEY not in str(refused.value)


def test_files_fill_what_the_environment_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    write_fresh_secrets()
    Path(".env").write_text("SESSION_IDLE_MINUTES=10\nREDIS_URL=redis://file\nCONSOLE_SECRET_KEY=" + "e" * 40)
    monkeypatch.setenv("REDIS_URL", "redis://environment")
    monkeypatch.setenv("LOOKUP_KEY", "")

    settings = Settings.from_env()

    assert timedelta(minutes=10) == settings.session_idle
    assert settings.redis_url == "redis://environment"
    assert settings.console_secret_key == "e" * 40
    assert len(settings.lookup_key) == 32


def test_fresh_secrets_are_their_owners_alone_and_never_overwritten() -> None:
    path = Path("var/secrets.env")

    assert write_fresh_secrets()
    written = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    assert not write_fresh_secrets()
    assert written == path.read_text()


def test_secrets_stay_out_of_what_is_printed() -> None:
    printed = repr(Settings.from_env(GIVEN | {"IDENTITY_KEY": "i" * 40}))

    assert not any(secret in printed for secret in ("kkkk", KEY, "cccc", "iiii"))


WECHAT = {
    "WECHAT_APP_ID": "wx0123456789abcdef",
    "WECHAT_APP_SECRET": "secret",
    "WECHAT_TOKEN": "token",
    "WECHAT_AES_KEY": "A" * 43,
}


def test_wechat_is_off_unless_an_account_is_named_and_then_complete() -> None:
    assert Settings.from_env(GIVEN).wechat is None
    app = Settings.from_env(GIVEN | WECHAT).wechat

    assert app is not None and not app.plain
    assert (app.app_id, app.api, len(app.aes_key)) == (
        "wx0123456789abcdef",
        "https://api.weixin.qq.com",
        32,
    )
    assert "secret" not in repr(app) and "token='" not in repr(app)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WECHAT_APP_SECRET", ""),
        ("WECHAT_TOKEN", ""),
        ("WECHAT_AES_KEY", ""),
        ("WECHAT_AES_KEY", "A" * 42),
        ("WECHAT_AES_KEY", "!" * 43),
        ("WECHAT_MODE", "compatible"),
        ("WECHAT_API", "http://api.weixin.qq.com"),
        ("WECHAT_PROVINCE", "广东"),
        ("WECHAT_ADDRESS", "http://hall.example"),
        ("WECHAT_IDLE_MINUTES", "0"),
        ("WECHAT_CLOCK_SECONDS", "soon"),
    ],
)
def test_a_wechat_account_that_is_half_there_is_refused_by_the_name_of_what_is_wrong(
    name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env(GIVEN | WECHAT | {name: value})
