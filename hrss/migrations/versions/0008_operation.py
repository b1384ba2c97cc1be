"""What is closed, who lives, which request brought a turn, and from where a conversation comes."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STILL_CLOSED = sa.text("reopened_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "closures",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.String(length=64), nullable=False),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopened_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closures")),
    )
    op.create_index(
        "uq_closures_kind_name",
        "closures",
        ["kind", "name"],
        unique=True,
        sqlite_where=STILL_CLOSED,
        postgresql_where=STILL_CLOSED,
    )
    op.create_table(
        "heartbeats",
        sa.Column("process", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("process", name=op.f("pk_heartbeats")),
    )
    op.add_column("turns", sa.Column("request_id", sa.String(length=64), nullable=True))
    op.add_column("conversations", sa.Column("address_lookup", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("conversations", "address_lookup")
    op.drop_column("turns", "request_id")
    op.drop_table("heartbeats")
    op.drop_index("uq_closures_kind_name", table_name="closures")
    op.drop_table("closures")
