"""Which process answers an open turn, and that it still does."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("turns") as turns:
        turns.add_column(sa.Column("held_by", sa.String(length=32), nullable=True))
        turns.add_column(sa.Column("held_beat", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("turns") as turns:
        turns.drop_column("held_beat")
        turns.drop_column("held_by")
