"""The console as it runs, over a database in a file, with one member of staff."""

import base64
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import pytest
import waitress
from argon2 import PasswordHasher
from flask import Flask
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from console.app import create_app
from hrss import staff
from hrss.database import Database
from hrss.settings import Settings
from hrss.staff import Role
from tests.conftest import RunningHall, demo_of, free_port
from tests.console.office import is_complaint
from tests.console.staff_browser import PASSWORD, USERNAME, Browser


@pytest.fixture(scope="session", autouse=True)
def cheap_hashing() -> Iterator[None]:
    """Passwords hashed in no time: signing in is a part of every test here, and how slow it is is argon2's own affair."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(staff, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    key = base64.b64encode(b"k" * 32).decode()
    return Settings.from_env(
        {
            "DATABASE_URL": f"sqlite:///{tmp_path / 'hrss.db'}",
            "VAULT_KEYS": f"k1:{key}",
            "LOOKUP_KEY": key,
            "CONSOLE_SECRET_KEY": "c" * 40,
        }
    )


@pytest.fixture(scope="session")
def staffed(cheap_hashing: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file with the member of staff, to copy: making one a run is enough."""
    path = tmp_path_factory.mktemp("console") / "staffed.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    with database.transaction() as session:
        staff.add(session, USERNAME, "林晓雨", Role.TRAINER, PASSWORD, datetime.now(timezone.utc))
    database.close()
    return path


@pytest.fixture
def database(settings: Settings, staffed: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copy(staffed, tmp_path / "hrss.db")
    database = Database(settings.database_url)
    yield database
    database.close()


@pytest.fixture
def app(settings: Settings, database: Database) -> Flask:
    return create_app(settings, database)


@pytest.fixture
def stranger(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def colleague(app: Flask) -> Browser:
    browser = Browser(app.test_client())
    assert browser.sign_in().status_code == 302
    return browser


@pytest.fixture(scope="session")
def office(hall: RunningHall) -> Iterator[str]:
    """The console over the running bot's database; its address."""
    demo_of(hall)
    with console_of(hall) as address:
        yield address


@contextmanager
def console_of(hall: RunningHall) -> Iterator[str]:
    """A console over this bot's database, with one member of staff a role, until the block is left; its address."""
    settings = Settings.from_env(hall.environment)
    database = Database(settings.database_url)
    with database.transaction() as session:
        for role in Role:
            staff.add(session, f"day_{role.value}", role.value, role, PASSWORD, datetime.now(timezone.utc))
    port = free_port()
    server = waitress.create_server(create_app(settings, database), host="127.0.0.1", port=port, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{port}"
    server.close()
    database.close()


@pytest.fixture
def sign_in(browser: Chromium, office: str) -> Iterator[Callable[[Role], Page]]:
    """A page of their own for who has this role; at the end, none of them has complained about anything."""
    contexts, complaints = [], []

    def as_role(role: Role) -> Page:
        context = browser.new_context(
            viewport={"width": 1280, "height": 800}, base_url=office, locale="zh-CN"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if is_complaint(said) else None)
        page.goto("/sign-in")
        page.get_by_label("用户名").fill(f"day_{role.value}")
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        return page

    yield as_role
    for context in contexts:
        context.close()
    assert complaints == []
