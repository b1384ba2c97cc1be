"""Changes of the book on their way, their trials, what they are tried with, and questions that were put aside."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.add_column("book_versions", sa.Column("published_by", sa.String(length=64), nullable=True))
    op.create_table(
        "book_changes",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("entry_id", sa.String(length=128), nullable=False),
        sa.Column("base", sa.JSON(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["staff.username"], name="fk_book_changes_made_by"),
        sa.ForeignKeyConstraint(["approved_by"], ["staff.username"], name="fk_book_changes_approved_by"),
        sa.ForeignKeyConstraint(["version"], ["book_versions.number"], name="fk_book_changes_version"),
        sa.PrimaryKeyConstraint("id", name="pk_book_changes"),
    )
    op.create_index(
        "uq_book_changes_entry_id",
        "book_changes",
        ["entry_id"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "trials",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("bodies", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["staff.username"], name="fk_trials_made_by"),
        sa.PrimaryKeyConstraint("id", name="pk_trials"),
    )
    op.create_index("ix_trials_made_at", "trials", ["made_at"])
    op.create_table(
        "saved_questions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("province", sa.String(length=8), nullable=True),
        sa.Column("decision", sa.String(length=32), nullable=False),
        sa.Column("entry", sa.String(length=128), nullable=True),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["staff.username"], name="fk_saved_questions_made_by"),
        sa.PrimaryKeyConstraint("id", name="pk_saved_questions"),
    )
    op.create_table(
        "unknown_marks",
        sa.Column("heard", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("put", sa.String(length=16), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["staff.username"], name="fk_unknown_marks_made_by"),
        sa.PrimaryKeyConstraint("heard", name="pk_unknown_marks"),
    )


def downgrade() -> None:
    op.drop_table("unknown_marks")
    op.drop_table("saved_questions")
    op.drop_index("ix_trials_made_at", table_name="trials")
    op.drop_table("trials")
    op.drop_index("uq_book_changes_entry_id", table_name="book_changes")
    op.drop_table("book_changes")
    op.drop_column("book_versions", "published_by")
