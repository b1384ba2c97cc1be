"""Conversations by their newest activity, as staff list them."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_conversations_last_at_id", "conversations", ["last_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_conversations_last_at_id", table_name="conversations")
