"""Emergency notices (紧急通知)."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bulletins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=True),
        sa.Column("province", sa.String(length=8), nullable=True),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("alarm", sa.JSON(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.String(length=64), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["written_by"], ["staff.username"], name="fk_bulletins_written_by"),
        sa.ForeignKeyConstraint(["approved_by"], ["staff.username"], name="fk_bulletins_approved_by"),
        sa.ForeignKeyConstraint(["ended_by"], ["staff.username"], name="fk_bulletins_ended_by"),
        sa.PrimaryKeyConstraint("id", name="pk_bulletins"),
    )
    op.create_index("ix_bulletins_valid_until", "bulletins", ["valid_until"])


def downgrade() -> None:
    op.drop_index("ix_bulletins_valid_until", table_name="bulletins")
    op.drop_table("bulletins")
