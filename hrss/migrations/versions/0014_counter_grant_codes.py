"""A grant code may come from the counter, with no case; and its row has an id of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# SQLite makes the table anew, and would forget what it does not read back.
IS_ACCEPTED = sa.CheckConstraint("binding_state = 'accepted'", name="ck_binding_is_accepted")


def upgrade() -> None:
    with op.batch_alter_table("grant_codes") as codes:
        codes.add_column(sa.Column("id", sa.String(length=32), nullable=True))
        codes.add_column(sa.Column("staff", sa.String(length=64), nullable=True))
    op.execute("UPDATE grant_codes SET id = case_number")
    with op.batch_alter_table("grant_codes", table_args=_kept()) as codes:
        codes.drop_constraint("pk_grant_codes", type_="primary")
        codes.alter_column("id", existing_type=sa.String(length=32), nullable=False)
        codes.alter_column("case_number", existing_type=sa.String(length=16), nullable=True)
        codes.create_primary_key("pk_grant_codes", ["id"])
        codes.create_unique_constraint("uq_grant_codes_case_number", ["case_number"])


def downgrade() -> None:
    op.execute("DELETE FROM grant_codes WHERE case_number IS NULL")
    with op.batch_alter_table("grant_codes", table_args=_kept()) as codes:
        codes.drop_constraint("uq_grant_codes_case_number", type_="unique")
        codes.drop_constraint("pk_grant_codes", type_="primary")
        codes.alter_column("case_number", existing_type=sa.String(length=16), nullable=False)
        codes.create_primary_key("pk_grant_codes", ["case_number"])
    with op.batch_alter_table("grant_codes", table_args=_kept()) as codes:
        codes.drop_column("staff")
        codes.drop_column("id")


def _kept() -> tuple[sa.CheckConstraint, ...]:
    return (IS_ACCEPTED.copy(),) if op.get_bind().dialect.name == "sqlite" else ()
