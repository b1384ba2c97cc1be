"""
`python -m benchmarks.biglog`: how long the console's pages and filters take over a log of years, and what goes on beside them.

Fills the database of DATABASE_URL, which has to be an empty one, with invented conversations, and asks every page. With
PostgreSQL whatever is beyond the first 100 000 conversations is repeated by the server, under other ids and earlier;
that needs a superuser, and so does the filling itself.

    --conversations N   so many, of ten turns on average; 1 000 000
    --accounts N        so many accounts beside them; 5 000 000
    --measure           the database is filled already
    --only WORDS        pages whose name has these words
"""

from __future__ import annotations

import argparse
import base64
import os
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from itertools import chain

from benchmarks.biglog.beside import beside
from benchmarks.biglog.fill import fill
from benchmarks.biglog.pages import measure
from hrss.database import Database
from hrss.settings import Settings


def main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--conversations", type=int, default=1_000_000)
    parser.add_argument("--accounts", type=int, default=5_000_000)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--only", default="")
    chosen = parser.parse_args(given)
    key = base64.b64encode(b"benchmark".ljust(32)).decode()
    secret = {"VAULT_KEYS": f"benchmark:{key}", "LOOKUP_KEY": key, "CONSOLE_SECRET_KEY": key}
    settings = Settings.from_env({**os.environ, **secret})
    database, now = Database(settings.database_url), datetime.now(timezone.utc)
    if not chosen.measure:
        fill(database, settings, chosen.conversations, chosen.accounts, now)
    print("| page or filter | half | 95 of 100 |\n| --- | --- | --- |")
    for each in chain(measure(database, settings, now, chosen.only), beside(database, settings, chosen.only)):
        print(f"| {each.what} | {each.half:.1f} ms | {each.most:.1f} ms |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
