"""Alembic's door: runs on the caller's connection, or on the database the settings name."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.engine import Connection

from hrss.database import Database
from hrss.settings import Settings
from hrss.tables import Moment, metadata


def without_our_types(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """A migration is history: it must not change its meaning with today's `hrss.tables`."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Moment) else False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, render_item=without_our_types
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with Database(Settings.from_env().database_url).engine.begin() as own:
        run(own)
