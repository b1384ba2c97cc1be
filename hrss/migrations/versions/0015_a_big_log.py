"""What the console asks of a log that has grown for years; and when a whole conversation was rated."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

INDEXES = (
    ("conversations", ["rated_at"]),
    ("audit_trail", ["did", "id"]),
    ("audit_trail", ["staff", "id"]),
)
ONLY_POSTGRESQL = (
    ("turns", ["entry", "received_at"]),
    ("turns", ["decision", "received_at"]),
    ("turns", ["stage", "received_at"]),
    ("feedback", ["helpful", "at"]),
)
# Every two characters that stand beside each other: words of Chinese are mostly of two.
PAIRS = """
CREATE FUNCTION hrss_pairs(words text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT array_agg(DISTINCT substr(words, place, 2)) FROM generate_series(1, length(words) - 1) AS place
$$
"""


def upgrade() -> None:
    op.add_column("conversations", sa.Column("rated_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE conversations SET rated_at = last_at WHERE rating IS NOT NULL")
    for table, columns in _indexes():
        op.create_index(_name(table, columns), table, columns)
    if op.get_bind().dialect.name == "postgresql":
        slow = sa.text("total_ms > 2000")
        op.create_index("ix_turns_slow", "turns", ["received_at"], postgresql_where=slow)
        op.execute(PAIRS)
        # What the bot says is the book's, and much longer: it is found by its entry. No partial index, for the
        # planner asks only whole ones how often a pair is said.
        op.execute(
            "CREATE INDEX ix_messages_pairs ON messages USING gin"
            " (hrss_pairs(CASE WHEN author <> 'bot' THEN lower(text) END))"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_messages_pairs", "messages")
        op.execute("DROP FUNCTION hrss_pairs(text)")
        op.drop_index("ix_turns_slow", "turns")
    for table, columns in _indexes():
        op.drop_index(_name(table, columns), table)
    op.drop_column("conversations", "rated_at")


def _indexes() -> tuple[tuple[str, list[str]], ...]:
    return INDEXES + (ONLY_POSTGRESQL if op.get_bind().dialect.name == "postgresql" else ())


def _name(table: str, columns: list[str]) -> str:
    return f"ix_{table}_{'_'.join(columns)}"
