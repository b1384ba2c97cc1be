"""When what was said in a conversation was taken away, past its time."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KEPT = sa.text("emptied_at IS NULL")


def upgrade() -> None:
    op.add_column("conversations", sa.Column("emptied_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_conversations_kept", "conversations", ["last_at"], postgresql_where=KEPT, sqlite_where=KEPT)


def downgrade() -> None:
    op.drop_index("ix_conversations_kept", "conversations")
    op.drop_column("conversations", "emptied_at")
