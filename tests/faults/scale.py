"""
`make scale`: several bots and two action servers behind nginx on this machine, checked by what was said.

First people talk in peace, and it is measured. Then they talk while a bot, an action server, the relay and the consumer of
transcripts are killed and others added. Afterwards every message must stand there once, in the order of its conversation,
with its own answer; who leaves words for staff has left them once; who listens by Server-Sent Events has heard everything
once; and the transcript store holds the same. Needs PostgreSQL, Redis, RabbitMQ and nginx.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from statistics import quantiles
from typing import Any

from sqlalchemy import func, select

from benchmarks.table import machine
from hrss.database import Database
from hrss.feed import store
from hrss.hall import Hall
from hrss.settings import Settings
from hrss.tables import Case, Turn
from tests.conftest import RunningHall, free_port, surroundings
from tests.faults.services import POSTGRESQL, Exchange, Way, exchange, redis_way, server, two_databases
from tests.faults.talking import Crowd, Listener, eventually
from tests.talk import Person

ROOT = Path(__file__).resolve().parent.parent.parent
TABLE = ROOT / "benchmarks" / "scale.md"
PATH = f"{os.environ['PATH']}:/usr/sbin"
ACTION_SERVERS = 2
LISTENERS = 3
TICKS = os.sysconf("SC_CLK_TCK")
NGINX = """
{user}
pid {folder}/nginx.pid;
error_log {folder}/nginx.error.log;
worker_processes 1;
daemon off;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    upstream bots {{ {bots} }}
    upstream actions {{ {actions} }}
    server {{
        listen 127.0.0.1:{web};
        location / {{
            proxy_pass http://bots; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $host:{web}; proxy_buffering off; proxy_connect_timeout 2s; proxy_read_timeout 60s;
        }}
    }}
    server {{
        listen 127.0.0.1:{action_port};
        location / {{ proxy_pass http://actions; proxy_read_timeout 60s; client_max_body_size 8m; }}
    }}
}}
"""


@dataclass(frozen=True)
class Measured:
    """One number of bots: how fast in peace, and that nothing was lost while processes were killed."""

    bots: int
    messages: int
    a_second: float
    median_ms: float
    p95_ms: float
    p99_ms: float
    bot_ms: float  # processor time of the bots a message
    action_ms: float
    cores_busy: float
    others_busy: float  # of which by processes that are none of ours
    messages_under_fire: int
    joined: int  # after how many of these others had joined
    moved: int  # conversations that more than one bot answered
    cut_off: int  # times that a listener lost its bot
    transcripts: int


class Scaled:
    """Bots and action servers, each on a port of its own, and nginx before them; relay and consumer beside them."""

    def __init__(self, folder: Path, urls: dict[str, str], broker: Exchange) -> None:
        self.folder, self.web, self._actions = folder, free_port(), free_port()
        origin = f"http://127.0.0.1:{self.web}"
        self.environment = {
            **surroundings(folder, **urls, REDIS_URL=f"redis://127.0.0.1:{redis_way().port}/7"),
            **broker.environment(folder),
            "WEB_ORIGINS": origin,
            "ACTION_ENDPOINT": f"http://127.0.0.1:{self._actions}/webhook",
        }
        self.bots: list[RunningHall] = []
        self.action_servers: list[RunningHall] = []
        self.feed = RunningHall(folder, self.environment)
        self._nginx: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.web}/webhooks/web"

    def add(self, process: str) -> RunningHall:
        among = self.bots if process == "bot" else self.action_servers
        folder = self.folder / f"{process}-{len(among)}-{free_port()}"
        folder.mkdir()
        ports = {"WEB_PORT": str(free_port()), "ACTIONS_PORT": str(free_port())}
        added = RunningHall(folder, {**self.environment, **ports})
        added.start(process)
        among.append(added)
        return added

    def spread(self) -> None:
        """Let nginx know who is there."""
        told = NGINX.format(
            # else root's worker is nobody, who may not write what is too large for its memory
            user="user root;" if os.geteuid() == 0 else "",
            folder=self.folder,
            bots=" ".join(f"server 127.0.0.1:{bot.environment['WEB_PORT']};" for bot in self.bots),
            actions=" ".join(
                f"server 127.0.0.1:{each.environment['ACTIONS_PORT']};" for each in self.action_servers
            ),
            web=self.web,
            action_port=self._actions,
        )
        (self.folder / "nginx.conf").write_text(told, encoding="utf-8")
        if self._nginx is None:
            command = ["nginx", "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)]
            self._nginx = subprocess.Popen(command, env={**os.environ, "PATH": PATH})
            time.sleep(1)
        else:
            self._nginx.send_signal(signal.SIGHUP)

    def processor(self, halls: Sequence[RunningHall]) -> float:
        """Seconds that the processes of these have taken so far."""
        return sum(_processor(process.pid) for hall in halls for process in hall.processes.values())

    def stop(self) -> None:
        for hall in (*self.bots, *self.action_servers, self.feed):
            hall.kill_what_runs()
        if self._nginx is not None:
            self._nginx.terminate()
            self._nginx.wait(10)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--bots", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--messages", type=int, default=20, help="that each of them sends in peace")
    wanted = parser.parse_args()
    if not nginx_is_here():
        print("scale: nginx is not here. Debian: apt-get install nginx-light. Then run this again.")
        return 1
    load = os.getloadavg()[0]
    found = []
    for bots in wanted.bots:
        with tempfile.TemporaryDirectory() as folder, server() as engine, exchange() as broker:
            way = Way(POSTGRESQL.host or "127.0.0.1", POSTGRESQL.port or 5432)
            with two_databases(engine, way) as urls:
                scaled = Scaled(Path(folder), urls, broker)
                try:
                    found.append(drill(scaled, Database(urls["DATABASE_URL"]), bots, wanted))
                finally:
                    scaled.stop()
        print(json.dumps(asdict(found[-1])), flush=True)
    TABLE.write_text(page(found, wanted, load), encoding="utf-8")
    print(
        f"scale: nothing lost, nothing twice, everything in order. {TABLE.relative_to(ROOT)} has the table."
    )
    return 0


def nginx_is_here() -> bool:
    """Whether nginx can be run; Debian's is installed where that is possible."""
    if shutil.which("nginx", path=PATH) is None and shutil.which("apt-get") and os.geteuid() == 0:
        print("scale: installing nginx-light", flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "update", "-qq"], **quiet)
        subprocess.run(["apt-get", "install", "-y", "-qq", "nginx-light"], **quiet)
    return shutil.which("nginx", path=PATH) is not None


def drill(scaled: Scaled, database: Database, bots: int, wanted: argparse.Namespace) -> Measured:
    print(f"scale: starting {bots} bots and {ACTION_SERVERS} action servers", flush=True)
    for _ in range(ACTION_SERVERS):
        scaled.add("actions").wait_for("actions")
    for _ in range(bots):
        scaled.add("bot").wait_for("bot")
    scaled.spread()
    scaled.feed.start("relay")
    scaled.feed.start("consumer")
    with _crowd(scaled, wanted, 3).talking():
        pass  # nobody's first messages are timed
    peace = _crowd(scaled, wanted, wanted.messages)
    before = time.monotonic(), scaled.processor(scaled.bots), scaled.processor(scaled.action_servers), _busy()
    with peace.talking():
        pass
    eventually(lambda: not peace.open(database))
    seconds = time.monotonic() - before[0]
    by_bots = scaled.processor(scaled.bots) - before[1]
    by_actions = scaled.processor(scaled.action_servers) - before[2]
    busy, ours = (now - was for now, was in zip(_busy(), before[3]))
    peace.check(database)
    cuts = [1000 * seconds for seconds in quantiles(peace.waited, n=100)]
    # long enough for another bot to start meanwhile
    fire = _crowd(scaled, wanted, 2 * wanted.messages, pause=1.0)
    listeners = [Listener(person) for person in fire.people[:LISTENERS]]
    joined = under_fire(scaled, fire)
    fire.check(database)
    _check_words(scaled, database, [peace, fire])
    for listener in listeners:
        listener.check(database)
    return Measured(
        bots=bots,
        messages=peace.whole,
        a_second=round(peace.whole / seconds, 1),
        median_ms=round(cuts[49]),
        p95_ms=round(cuts[94]),
        p99_ms=round(cuts[98]),
        bot_ms=round(by_bots * 1000 / peace.whole, 1),
        action_ms=round(by_actions * 1000 / peace.whole, 1),
        cores_busy=round(busy / seconds, 2),
        others_busy=round(max(busy - ours, 0) / seconds, 2),
        messages_under_fire=fire.whole,
        joined=joined,
        moved=_moved(database, fire),
        cut_off=sum(listener.cut_off for listener in listeners),
        transcripts=_check_transcripts(scaled, database),
    )


def _crowd(scaled: Scaled, wanted: argparse.Namespace, messages: int, pause: float = 0.0) -> Crowd:
    people = [Person(scaled.address) for _ in range(wanted.people)]
    return Crowd(people, messages, pause=pause, as_in_life=True)


def under_fire(scaled: Scaled, crowd: Crowd) -> int:
    """Kill one of each while they talk, and let others join; return how much was said by then."""
    with crowd.talking():
        bot, actions = scaled.add("bot"), scaled.add("actions")
        crowd.wait_until(crowd.whole // 4)
        print(f"scale: one of each is killed after {crowd.count} messages", flush=True)
        scaled.bots.pop(0).stop("bot", signal.SIGKILL)
        scaled.action_servers.pop(0).stop("actions", signal.SIGKILL)
        for process in ("relay", "consumer"):
            scaled.feed.stop(process, signal.SIGKILL)
            scaled.feed.start(process)
        actions.wait_for("actions")
        bot.wait_for("bot")
        scaled.spread()
        joined = crowd.count
        print(f"scale: others have joined after {joined} messages", flush=True)
    return joined


def _check_words(scaled: Scaled, database: Database, crowds: Sequence[Crowd]) -> None:
    """Who left words for staff has one case, with these words, once."""
    hall = Hall.open(Settings.from_env(scaled.environment), database)
    for crowd in crowds:
        for person, words in crowd.left.items():
            with database.reading() as session:
                theirs = select(Case).where(Case.conversation_id == person)
                [claim] = [hall.sealer.unseal_document(case) for case in session.scalars(theirs)]
            assert claim["words"].count(words) == 1, (person, claim)


def _moved(database: Database, crowd: Crowd) -> int:
    talks = [person.opened["session"] for person in crowd.people]
    holders = (
        select(Turn.conversation_id)
        .where(Turn.conversation_id.in_(talks))
        .group_by(Turn.conversation_id)
        .having(func.count(Turn.held_by.distinct()) > 1)
    )
    with database.reading() as session:
        return len(session.scalars(holders).all())


def _check_transcripts(scaled: Scaled, database: Database) -> int:
    kept = Database(scaled.environment["TRANSCRIPTS_DATABASE_URL"])

    def compared() -> store.Comparison:
        with database.reading() as records, kept.reading() as lines:
            return store.compare(records, lines)

    def all_is_told() -> bool:
        found = compared()
        return found.waiting == found.missing == 0

    eventually(all_is_told)
    found = compared()
    assert found.agrees, found
    with kept.reading() as lines:
        there = lines.scalar(select(func.count()).select_from(store.LINES))
    kept.close()
    assert there == found.told
    return int(there)


def page(found: Sequence[Measured], wanted: argparse.Namespace, load: float) -> str:
    """Return the table with the machine that it was measured on."""
    columns: dict[str, Any] = {
        "bots": lambda each: each.bots,
        "messages a second": lambda each: each.a_second,
        "answer, median / p95 / p99 (ms)": lambda each: f"{each.median_ms} / {each.p95_ms} / {each.p99_ms}",
        "processor of the bots a message (ms)": lambda each: each.bot_ms,
        "cores busy, of these by others": lambda each: f"{each.cores_busy} / {each.others_busy}",
        "under fire": lambda each: (
            f"{each.messages_under_fire} messages, others joined after {each.joined}: 0 lost, 0 twice, 0 out of order"
        ),
        "talks that moved": lambda each: each.moved,
        "lines in the transcript store": lambda each: f"{each.transcripts}, all agree",
    }
    lines = [columns, ["---"] * len(columns)]
    lines += [[str(cell(each)) for cell in columns.values()] for each in found]
    head = (
        f"# Several bots\n\nWritten by `make scale` on {datetime.now(timezone.utc):%Y-%m-%d}: {machine()}, "
        f"load {load:.1f} before it began. {wanted.people} people with {wanted.messages} messages each in peace, one after the other's answer, and twice as many "
        "while a bot, an action server, the relay and the consumer are killed and others added. Everything runs on this "
        "machine: bots, action servers, nginx, PostgreSQL, Redis, RabbitMQ and the people.\n\n"
    )
    return head + "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _busy() -> tuple[float, float]:
    """Core seconds that this machine has been busy, and that we were: this process and all that it started, with the services."""
    user, nice, system, _idle, _wait, irq, softirq, *_ = map(
        int, Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:]
    )
    whole = (user + nice + system + irq + softirq) / TICKS
    mine, names = 0.0, ("postgres", "redis-server", "beam.smp", "nginx")
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            before, after = stat.read_text(encoding="utf-8").rsplit(")", 1)
        except OSError:
            continue  # it has ended
        fields = after.split()
        parents[int(stat.parent.name)] = (
            before.split("(", 1)[1],
            int(fields[1]),
            (int(fields[11]) + int(fields[12])) / TICKS,
        )
    for pid, (name, _, seconds) in parents.items():
        above = pid
        while above in parents and above != os.getpid():
            above = parents[above][1]
        if above == os.getpid() or name.startswith(names):
            mine += seconds
    return whole, mine


if __name__ == "__main__":
    sys.exit(main())
