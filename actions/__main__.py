"""The action server: `python -m actions`. It listens on this machine only."""

import os

from rasa_sdk.endpoint import run

from hrss import logs
from hrss.database import limit_waiting

if __name__ == "__main__":  # the action server imports every module of this package, this one too
    os.environ.setdefault("SANIC_HOST", "127.0.0.1")
    logs.configure()
    limit_waiting()
    run("actions", port=int(os.environ.get("ACTIONS_PORT", "5055")))
