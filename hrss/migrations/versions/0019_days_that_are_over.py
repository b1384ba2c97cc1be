"""Days that are over are counted once; and which step of a run is its last, is known without looking for a later one."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

LAST = {"sqlite_where": sa.text("is_last = 1"), "postgresql_where": sa.text("is_last")}
INDEXES = (("ix_flow_steps_stand", ["flow", "ended", "asked", "at"]), ("ix_flow_steps_last", ["at"]))


def upgrade() -> None:
    op.create_table(
        "kept_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("province", sa.String(8), nullable=False),
        sa.Column("figures", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("day", "channel", "province", name="pk_kept_days"),
    )
    op.add_column("flow_steps", sa.Column("is_last", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.execute(
        "UPDATE flow_steps SET is_last = false WHERE EXISTS (SELECT 1 FROM flow_steps AS later"
        " WHERE later.run_id = flow_steps.run_id AND later.at > flow_steps.at)"
    )
    for name, columns in INDEXES:
        op.create_index(name, "flow_steps", columns, **LAST)


def downgrade() -> None:
    for name, _ in INDEXES:
        op.drop_index(name, "flow_steps")
    op.drop_column("flow_steps", "is_last")
    op.drop_table("kept_days")
