"""
`make scale`: several bots and two action servers behind nginx on this machine, checked by what was said.

People talk through nginx while bots are killed and others added. Afterwards every message must stand there once, in the
order of its conversation, with its own answer. Needs PostgreSQL, Redis and nginx.
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
from datetime import datetime, timezone
from pathlib import Path
from statistics import quantiles

from hrss.database import Database
from hrss.tables import Turn
from tests.conftest import RunningHall, free_port, surroundings
from tests.faults.services import POSTGRESQL, Way, redis_way, server, two_databases
from tests.faults.talking import Crowd, eventually
from tests.talk import Person

ROOT = Path(__file__).resolve().parent.parent.parent
ACTION_SERVERS = 2
NGINX = """
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


class Scaled:
    """Bots and action servers, each on a port of its own, and nginx before them."""

    def __init__(self, folder: Path, urls: dict[str, str]) -> None:
        self.folder, self.web, self._actions = folder, free_port(), free_port()
        origin = f"http://127.0.0.1:{self.web}"
        self._environment = {
            **surroundings(folder, **urls, REDIS_URL=f"redis://127.0.0.1:{redis_way().port}/7"),
            "WEB_ORIGINS": origin,
            "ACTION_ENDPOINT": f"http://127.0.0.1:{self._actions}/webhook",
        }
        self.bots: list[RunningHall] = []
        self.action_servers: list[RunningHall] = []
        self._nginx: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.web}/webhooks/web"

    def add(self, process: str) -> RunningHall:
        among = self.bots if process == "bot" else self.action_servers
        folder = self.folder / f"{process}-{len(among)}-{free_port()}"
        folder.mkdir()
        ports = {"WEB_PORT": str(free_port()), "ACTIONS_PORT": str(free_port())}
        added = RunningHall(folder, {**self._environment, **ports})
        added.start(process)
        among.append(added)
        return added

    def spread(self) -> None:
        """Let nginx know who is there."""
        told = NGINX.format(
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
            self._nginx = subprocess.Popen(
                command, env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
            )
            time.sleep(1)
        else:
            self._nginx.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        for hall in (*self.bots, *self.action_servers):
            for process in list(hall.processes):
                hall.stop(process, signal.SIGKILL)
        if self._nginx is not None:
            self._nginx.terminate()
            self._nginx.wait(10)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bots", type=int, default=2)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--messages", type=int, default=30, help="that each of them sends")
    parser.add_argument("--result", type=Path, help="write what was measured to this JSON file")
    wanted = parser.parse_args()
    if shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        print(
            "scale: nginx is not here. Install it (Debian: apt-get install nginx-light), then run this again."
        )
        return 1
    with tempfile.TemporaryDirectory() as folder, server() as engine:
        way = Way(POSTGRESQL.host or "127.0.0.1", POSTGRESQL.port or 5432)
        with two_databases(engine, way) as urls:
            scaled = Scaled(Path(folder), urls)
            try:
                found = drill(scaled, Database(urls["DATABASE_URL"]), wanted)
            finally:
                scaled.stop()
    print(json.dumps(found, ensure_ascii=False, indent=2))
    if wanted.result:
        wanted.result.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0


def drill(scaled: Scaled, database: Database, wanted: argparse.Namespace) -> dict[str, object]:
    print(f"scale: starting {wanted.bots} bots and {ACTION_SERVERS} action servers", flush=True)
    for _ in range(ACTION_SERVERS):
        scaled.add("actions").wait_for("actions")
    for _ in range(wanted.bots):
        scaled.add("bot").wait_for("bot")
    scaled.spread()
    crowd = Crowd([Person(scaled.address) for _ in range(wanted.people)], wanted.messages, pause=0.1)
    quarter = crowd.whole // 4
    began = time.monotonic()
    with crowd.talking():
        crowd.wait_until(quarter)
        print(f"scale: a bot and an action server are killed after {crowd.count} messages", flush=True)
        scaled.bots.pop(0).stop("bot", signal.SIGKILL)
        scaled.action_servers.pop(0).stop("actions", signal.SIGKILL)
        crowd.wait_until(2 * quarter)
        print(f"scale: others are added after {crowd.count} messages", flush=True)
        scaled.add("actions")
        added = scaled.add("bot")
        added.wait_for("bot")
        scaled.spread()
        print(f"scale: they serve after {crowd.count} messages", flush=True)
    seconds = time.monotonic() - began
    eventually(lambda: len(scaled.bots) == wanted.bots)
    crowd.check(database)
    with database.reading() as session:
        took = [row.total_ms for row in session.query(Turn.total_ms).filter(Turn.total_ms.is_not(None))]
        holders = session.query(Turn.held_by).distinct().count()
    cuts = quantiles(took, n=100)
    print("scale: nothing lost, nothing twice, everything in order", flush=True)
    return {
        "on": datetime.now(timezone.utc).date().isoformat(),
        "bots": wanted.bots,
        "action_servers": ACTION_SERVERS,
        "cores": os.cpu_count(),
        "people": wanted.people,
        "messages": crowd.whole,
        "answered_by_processes": holders,
        "seconds": round(seconds, 1),
        "messages_a_second": round(crowd.whole / seconds, 1),
        "answer_ms": {"median": round(cuts[49], 1), "p95": round(cuts[94], 1), "p99": round(cuts[98], 1)},
        "lost": 0,
        "twice": 0,
        "out_of_order": 0,
    }


if __name__ == "__main__":
    sys.exit(main())
