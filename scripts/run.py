"""Start the processes of the Procfile that are needed, say where they are once they answer, and stop them together."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from honcho.environ import parse_procfile
from honcho.manager import Manager

ROOT = Path(__file__).resolve().parent.parent
PORTS = {"bot": "WEB_PORT", "actions": "ACTIONS_PORT", "console": "CONSOLE_PORT"}
DEFAULTS = {"WEB_PORT": "5005", "ACTIONS_PORT": "5055", "CONSOLE_PORT": "8080"}
FED = ("relay", "consumer")  # only where transcripts are told to others
PATIENCE_SECONDS = 120


def main() -> int:
    environment = surroundings()
    for process, name in PORTS.items():
        if is_taken(int(environment[name])):
            port = environment[name]
            print(
                f"run: port {port} of {process} is taken. Stop what uses it, or choose another: {name}=… make run",
                file=sys.stderr,
            )
            return 1
    fed = transcripts_are_told()
    manager = Manager()
    for process, command in parse_procfile((ROOT / "Procfile").read_text()).processes.items():
        if process in FED and not fed:
            continue
        manager.add_process(process, f"exec {command}", quiet=False, env=environment, cwd=str(ROOT))
    threading.Thread(target=announce, args=(environment,), daemon=True).start()
    manager.loop()
    return int(manager.returncode or 0)


def transcripts_are_told() -> bool:
    sys.path.insert(0, str(ROOT))
    from hrss.settings import TranscriptFeed

    return TranscriptFeed.from_env() is not None


def surroundings() -> dict[str, str]:
    """Return the environment of the processes: this one's, with what belongs together derived from the ports."""
    environment = {**DEFAULTS, **os.environ}
    web = environment["WEB_PORT"]
    environment.setdefault("WEB_ORIGINS", f"http://localhost:{web},http://127.0.0.1:{web}")
    environment.setdefault("ACTION_ENDPOINT", f"http://127.0.0.1:{environment['ACTIONS_PORT']}/webhook")
    environment.setdefault("TRACKER_DATABASE_URL", "sqlite:///var/tracker.db")
    environment["PATH"] = os.pathsep.join([str(ROOT / ".venv" / "bin"), environment.get("PATH", "")])
    environment["PYTHONPATH"] = str(ROOT)
    environment["PYTHONUNBUFFERED"] = "1"
    return environment


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def announce(environment: dict[str, str]) -> None:
    """Print the addresses when every process answers."""
    checks = {
        "bot": f"http://127.0.0.1:{environment['WEB_PORT']}/webhooks/web/ready",
        "actions": f"http://127.0.0.1:{environment['ACTIONS_PORT']}/health",
        "console": f"http://127.0.0.1:{environment['CONSOLE_PORT']}/health",
    }
    deadline = time.monotonic() + PATIENCE_SECONDS
    while checks and time.monotonic() < deadline:
        checks = {process: address for process, address in checks.items() if not answers(address)}
        time.sleep(0.3)
    if checks:
        print(
            f"run: {', '.join(checks)} did not answer within {PATIENCE_SECONDS} s; see the lines above",
            file=sys.stderr,
        )
        return
    web = environment["WEB_PORT"]
    print(
        "\n  人社办事助手 is ready. Ctrl-C stops it."
        f"\n    demo page, Guangdong  http://localhost:{web}/webhooks/web/demo/?province=gd"
        f"\n    demo page, Henan      http://localhost:{web}/webhooks/web/demo/?province=hn"
        f"\n    staff console         http://localhost:{environment['CONSOLE_PORT']}/\n",
        flush=True,
    )


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
