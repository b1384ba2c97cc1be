"""How far the transcript of each conversation was told to others, and how much waits for each process."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ADDED = (("conversations", "told_seq"), ("conversations", "edition"), ("heartbeats", "behind"))


def upgrade() -> None:
    for table, column in ADDED:
        op.add_column(table, sa.Column(column, sa.Integer(), nullable=False, server_default="0"))
    untold = sa.text("told_seq < last_seq")
    op.create_index(
        "ix_conversations_untold", "conversations", ["last_at"], postgresql_where=untold, sqlite_where=untold
    )


def downgrade() -> None:
    op.drop_index("ix_conversations_untold", "conversations")
    for table, column in reversed(ADDED):
        op.drop_column(table, column)
