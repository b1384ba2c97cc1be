"""Drafts of entries from manuals."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "entry_drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(length=200), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("nearest", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["staff.username"], name="fk_entry_drafts_made_by"),
        sa.PrimaryKeyConstraint("id", name="pk_entry_drafts"),
    )
    op.create_index("ix_entry_drafts_file", "entry_drafts", ["file"])


def downgrade() -> None:
    op.drop_index("ix_entry_drafts_file", table_name="entry_drafts")
    op.drop_table("entry_drafts")
