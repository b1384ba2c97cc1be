"""The words that staff choose from, once they have changed them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vocabularies",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["staff.username"], name="fk_vocabularies_changed_by"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_vocabularies")),
    )


def downgrade() -> None:
    op.drop_table("vocabularies")
