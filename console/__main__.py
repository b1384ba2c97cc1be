"""The staff console: `python -m console`."""

from __future__ import annotations

import os
import sys

import structlog
import waitress

from console.app import create_app
from hrss import logs
from hrss.database import Database, limit_waiting
from hrss.settings import Settings, SettingsError

log = structlog.get_logger()

THREADS = 8


def main() -> int:
    logs.configure()
    try:
        settings = Settings.from_env()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    host, port = os.environ.get("CONSOLE_HOST", "127.0.0.1"), os.environ.get("CONSOLE_PORT", "8080")
    limit_waiting()
    log.info("console.listening", address=f"http://{host}:{port}")
    waitress.serve(
        create_app(settings, Database(settings.database_url)),
        host=host,
        port=port,
        threads=THREADS,
        ident=None,
        # Only the proxy in front may say that a request came over https, and from whom.
        trusted_proxy=os.environ.get("CONSOLE_PROXY", "127.0.0.1"),
        trusted_proxy_headers={"x-forwarded-for", "x-forwarded-proto"},
        clear_untrusted_proxy_headers=True,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
