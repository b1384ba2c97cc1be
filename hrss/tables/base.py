"""What all tables share: names of constraints, moments in UTC, exact decimals, documents."""

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, DateTime, MetaData, Numeric, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator):
    """A point in time: goes in and comes out aware and in UTC, whether or not the database keeps a zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment without a time zone: {value!r}")
        return value.astimezone(timezone.utc)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        # SQLite gives back what it was given, without the zone: UTC, as bound above.
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


class Exact(TypeDecorator):
    """
    A decimal that comes out as it went in, to the last zero; a float is refused.

    PostgreSQL's NUMERIC without a scale keeps what it is given; SQLite would make a float of it, so there it is text.
    """

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | str | None:
        if value is None:
            return None
        if not isinstance(value, Decimal) or not value.is_finite():
            raise ValueError(f"not an exact decimal: {value!r}")
        return format(value, "f") if dialect.name == "sqlite" else value

    def process_result_value(self, value: Decimal | str | None, dialect: Dialect) -> Decimal | None:
        return Decimal(value) if isinstance(value, str) else value


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)
# An index that PostgreSQL alone has. SQLite counts no values: it would take one on a column of few values for a good one,
# and read half of the table where the conversation's own index finds ten rows.
ONLY_POSTGRESQL = {"only": "postgresql"}
# JSON null and SQL NULL would be two kinds of nothing: keep the second only.
Document = JSON(none_as_null=True)
Base: Any = registry(metadata=metadata).generate_base()
