"""The bot's commands: `train` makes its model, `serve` starts the Rasa server, `ask` reads questions from standard input."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from bot.without_tensorflow import leave_out

MODELS = Path("models")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "serve", help="start the Rasa server with its channels, and nothing else of Rasa's HTTP API"
    )
    commands.add_parser(
        "train", help="train a model from config.yml, domain.yml, data/ and the book, into models/"
    )
    commands.add_parser("wechat-menu", help="publish the menu of the WeChat official account")
    ask = commands.add_parser("ask", help="answer questions from standard input, one a line")
    ask.add_argument("--json", action="store_true", help="print one JSON object a line")
    ask.add_argument("--model", type=Path, help="a trained model; the newest of models/ when not given")
    wanted = parser.parse_args()
    # before anything of Rasa is loaded: it reads these at import
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    if wanted.command != "train":
        # a message is too little to share: the threads of numpy's algebra would only wait for each other, busily
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    leave_out()
    try:
        if wanted.command == "serve":
            serve()
        elif wanted.command == "train":
            return train()
        elif wanted.command == "wechat-menu":
            return publish_menu()
        else:
            answer_lines(wanted.model, as_json_lines=wanted.json)
    except NoModel as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


class NoModel(Exception):
    """There is no trained model to load."""


def newest_model() -> Path:
    models = sorted(MODELS.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not models:
        raise NoModel("There is no trained model in models/. `make setup` trains one.")
    return models[-1]


def serve() -> None:
    from rasa.core.run import serve_application
    from rasa.core.utils import AvailableEndpoints

    from bot import hall, processor, server
    from bot.once import do_once
    from bot.tracker_store import without_fallback
    from faq.shelf import install, stock
    from hrss import logs
    from hrss.database import limit_waiting

    logs.configure()
    without_fallback()
    do_once()
    processor.use()
    web = os.environ.setdefault("WEB_PORT", "5005")
    os.environ.setdefault(
        "ACTION_ENDPOINT", f"http://127.0.0.1:{os.environ.get('ACTIONS_PORT', '5055')}/webhook"
    )
    os.environ.setdefault("TRACKER_DATABASE_URL", "sqlite:///var/tracker.db")
    hall.database().migrate()
    stock(hall.database())
    model = newest_model()
    hall.use_model(install(hall.database(), model))
    limit_waiting()
    serve_application(
        model_path=str(model),
        interface=os.environ.get("WEB_HOST", "127.0.0.1"),
        port=int(web),
        credentials="credentials.yml",
        endpoints=AvailableEndpoints.read_endpoints("endpoints.yml"),
        enable_api=False,
        server_listeners=[(server.guard, "before_server_start")],
    )


def train() -> int:
    """As `rasa train --force` does; only without TensorFlow, which nothing of the pipeline needs."""
    from rasa.model_training import train as train_model

    trained = train_model(
        "domain.yml", "config.yml", ["data"], str(MODELS), force_training=True, fixed_model_name="model"
    )
    return trained.code


def publish_menu() -> int:
    from bot import hall
    from bot.channels.wechat import menu
    from bot.channels.wechat.api import ApiError, OfficialAccountApi, Unreachable

    app = hall.settings().wechat
    if app is None:
        print("WECHAT_APP_ID is not set: there is no account to publish a menu to.", file=sys.stderr)
        return 1

    async def publish() -> None:
        api = OfficialAccountApi(app)
        try:
            await api.publish_menu(menu.for_publishing())
        finally:
            await api.close()

    try:
        asyncio.run(publish())
    except (ApiError, Unreachable) as error:
        print(f"The menu was not published: {error}.", file=sys.stderr)
        return 1
    print("The menu is published. WeChat shows it to those who open the account anew.")
    return 0


def answer_lines(model: Path | None, *, as_json_lines: bool) -> None:
    from bot import hall
    from bot.ask import Asker
    from faq.shelf import stock
    from faq.understanding import as_json
    from hrss import logs

    logs.configure(logging.WARNING, sys.stderr)  # standard output is for the answers

    hall.database().migrate()
    stock(hall.database())
    asker = Asker(model or newest_model())
    for line in sys.stdin:
        if not line.strip():
            continue
        reading = asyncio.run(asker.ask(line))
        print(as_json(reading) if as_json_lines else asker.in_words(reading), flush=True)


if __name__ == "__main__":
    sys.exit(main())
