"""A rolling upgrade: bots of the version before and of this one serve the same people, on PostgreSQL and Redis."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hrss.database import Database
from hrss.settings import Settings
from tests.conftest import ROOT, RunningHall, free_port, surroundings
from tests.faults.services import POSTGRESQL, Way, redis_way, server, two_databases
from tests.faults.talking import REGISTERED, TO_STAFF, Crowd, words_left
from tests.talk import Person

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]  # a model of the version before is trained

REDIS_DATABASE = 9
TABLES = "hrss/migrations/versions"
TO_THE_NEW, TO_THE_OLD = "三号柜台一直没有人", "五号柜台一直没有人"


def of_git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture(scope="module")
def version_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code as it was before the newest tables were added, with its own model; in the libraries of today."""
    added = of_git("log", "-1", "--diff-filter=A", "--format=%H", "--", TABLES)
    if not added or of_git("rev-parse", "--is-shallow-repository") == "true":
        pytest.fail("This drill needs the history: git fetch --unshallow")
    folder = tmp_path_factory.mktemp("before")
    packed = folder / "code.tar"
    of_git("archive", "--output", str(packed), f"{added}^")
    subprocess.run(["tar", "-xf", str(packed), "-C", str(folder)], check=True)
    surrounded = {**surroundings(folder), "PYTHONPATH": str(folder)}
    subprocess.run([sys.executable, "-m", "bot", "train"], cwd=folder, env=surrounded, check=True)
    return folder


@dataclass
class Upgrade:
    before: RunningHall
    after: RunningHall
    database: Database

    @property
    def doors(self) -> list[str]:
        return [self.before.web, self.after.web]

    def crowd(self) -> Crowd:
        crowd = Crowd([Person(self.before.web) for _ in range(3)], 8, pause=0.3)
        crowd.doors = self.doors
        return crowd


@pytest.fixture
def upgrade(version_before: Path, model: Path, tmp_path: Path) -> Iterator[Upgrade]:
    """The version before serves alone; this one is not started yet."""
    direct = Way(POSTGRESQL.host or "127.0.0.1", POSTGRESQL.port or 5432)
    redis = f"redis://127.0.0.1:{redis_way().port}/{REDIS_DATABASE}"
    with server() as engine, two_databases(engine, direct) as urls:
        here, there = tmp_path / "before", tmp_path / "after"
        here.mkdir()
        there.mkdir()
        environment, port = surroundings(here, **urls, REDIS_URL=redis), str(free_port())
        environment["WEB_ORIGINS"] += f",http://127.0.0.1:{port}"
        made = Upgrade(
            RunningHall(here, environment, version_before),
            RunningHall(there, {**environment, "WEB_PORT": port}),
            Database(urls["DATABASE_URL"]),
        )
        try:
            for process in ("actions", "bot"):
                made.before.start(process)
            made.before.wait()
            yield made
        finally:
            for each in (made.before, made.after):
                each.kill_what_runs()
            made.database.close()


def test_an_upgrade_under_load_loses_no_turn_and_nobody_begins_anew(upgrade: Upgrade) -> None:
    """Tables first, then a bot beside the old one, then the action server, then the old bot goes."""
    waiting = Person(upgrade.before.web)
    waiting.say(TO_STAFF)  # and will say the words to the other version

    alone = Crowd([Person(upgrade.before.web) for _ in range(3)], 8, pause=0.3)
    with alone.talking():
        upgrade.after.start("bot")  # it brings the tables up to its version while the other serves
        alone.wait_until(4)
    alone.check(upgrade.database)
    upgrade.after.wait_for("bot")

    both = upgrade.crowd()
    with both.talking():
        both.wait_until(4)
        waiting.web = upgrade.after.web
        assert REGISTERED in waiting.say(TO_THE_NEW)[-1]["text"]
        other = Person(upgrade.after.web)
        other.say(TO_STAFF)
        other.web = upgrade.before.web
        assert REGISTERED in other.say(TO_THE_OLD)[-1]["text"]
    both.check(upgrade.database)

    late = upgrade.crowd()
    with late.talking():
        late.wait_until(4)
        upgrade.before.stop("actions")
        upgrade.after.start("actions")
        late.wait_until(10)
        assert late.count < late.whole, "the old bot goes in the middle"
        upgrade.before.stop("bot")
        late.doors = [upgrade.after.web]
        upgrade.after.wait()
    late.check(upgrade.database)

    left = words_left(upgrade.database, Settings.from_env(upgrade.before.environment))
    assert sorted(left) == sorted([TO_THE_NEW, TO_THE_OLD])
