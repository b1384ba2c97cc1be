"""Notices: what is to be said in conversations that are open; and who has proven to be whom, by whom it is."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("subject_kind", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_notices_conversation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_conversation_id"), "notices", ["conversation_id"])
    op.create_index(op.f("ix_notices_taken_at_id"), "notices", ["taken_at", "id"])
    op.create_index(op.f("ix_proofs_subject_kind_subject_id"), "proofs", ["subject_kind", "subject_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_proofs_subject_kind_subject_id"), table_name="proofs")
    op.drop_index(op.f("ix_notices_taken_at_id"), table_name="notices")
    op.drop_index(op.f("ix_notices_conversation_id"), table_name="notices")
    op.drop_table("notices")
