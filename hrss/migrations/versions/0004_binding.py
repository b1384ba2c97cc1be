"""Bindings, grants, grant codes; the primary contact as one of those bound; 单位管理码."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

HELD = ["account_id", "person_id", "binding_state"]
ON = ["account_id", "person_id", "state"]
IS_ACCEPTED = "binding_state = 'accepted'"

# Once there is a primary contact there is always one.
TRIGGERS = {
    "sqlite": [
        """
        CREATE TRIGGER primary_contacts_stay BEFORE DELETE ON primary_contacts
        BEGIN SELECT RAISE(ABORT, 'a primary contact is replaced, never deleted'); END
        """
    ],
    "postgresql": [
        """
        CREATE FUNCTION primary_contacts_stay() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'a primary contact is replaced, never deleted'; END $$
        """,
        """
        CREATE TRIGGER primary_contacts_stay BEFORE DELETE OR TRUNCATE ON primary_contacts
        FOR EACH STATEMENT EXECUTE FUNCTION primary_contacts_stay()
        """,
    ],
}


def upgrade() -> None:
    op.create_table(
        "bindings",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('requested', 'accepted')", name=op.f("ck_bindings_state")),
        sa.ForeignKeyConstraint(["account_id"], ["org_accounts.id"], name=op.f("fk_bindings_account_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_bindings_person_id")),
        sa.PrimaryKeyConstraint("account_id", "person_id", name=op.f("pk_bindings")),
        sa.UniqueConstraint(
            "account_id", "person_id", "state", name=op.f("uq_bindings_account_id_person_id_state")
        ),
    )
    op.create_index(op.f("ix_bindings_person_id"), "bindings", ["person_id"], unique=False)
    op.create_table(
        "grants",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("business", sa.String(length=32), nullable=False),
        sa.Column("binding_state", sa.String(length=16), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        *_accepted_binding("grants"),
        sa.PrimaryKeyConstraint("account_id", "person_id", "business", name=op.f("pk_grants")),
    )
    op.create_table(
        "grant_codes",
        sa.Column("case_number", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("binding_state", sa.String(length=16), nullable=False),
        sa.Column("code_lookup", sa.String(length=64), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        *_accepted_binding("grant_codes", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["case_number"], ["cases.number"], name=op.f("fk_grant_codes_case_number")),
        sa.PrimaryKeyConstraint("case_number", name=op.f("pk_grant_codes")),
    )
    op.create_index(
        op.f("ix_grant_codes_account_id_person_id"), "grant_codes", ["account_id", "person_id"], unique=False
    )
    op.create_table(
        "acting_for",
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("binding_state", sa.String(length=16), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        *_accepted_binding("acting_for", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_acting_for_conversation_id")
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_acting_for")),
    )
    op.add_column("organizations", sa.Column("management_code", sa.String(length=20), nullable=True))
    op.create_index(
        "uq_organizations_province_management_code",
        "organizations",
        ["province", "management_code"],
        unique=True,
    )
    with op.batch_alter_table("primary_contacts") as contacts:
        contacts.add_column(sa.Column("person_id", sa.String(length=32), nullable=True))
        contacts.add_column(sa.Column("binding_state", sa.String(length=16), nullable=True))
        contacts.create_foreign_key(_foreign_key("primary_contacts"), "bindings", HELD, ON)
        contacts.create_check_constraint(op.f("ck_binding_is_accepted"), IS_ACCEPTED)
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER primary_contacts_stay ON primary_contacts")
        op.execute("DROP FUNCTION primary_contacts_stay()")
    else:
        op.execute("DROP TRIGGER primary_contacts_stay")
    with op.batch_alter_table("primary_contacts") as contacts:
        contacts.drop_constraint(op.f("ck_binding_is_accepted"), type_="check")
        contacts.drop_constraint(_foreign_key("primary_contacts"), type_="foreignkey")
        contacts.drop_column("binding_state")
        contacts.drop_column("person_id")
    op.drop_index("uq_organizations_province_management_code", table_name="organizations")
    op.drop_column("organizations", "management_code")
    op.drop_table("acting_for")
    op.drop_index(op.f("ix_grant_codes_account_id_person_id"), table_name="grant_codes")
    op.drop_table("grant_codes")
    op.drop_table("grants")
    op.drop_index(op.f("ix_bindings_person_id"), table_name="bindings")
    op.drop_table("bindings")


def _accepted_binding(table: str, **options: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.ForeignKeyConstraint(HELD, [f"bindings.{column}" for column in ON], name=_foreign_key(table), **options),
        sa.CheckConstraint(IS_ACCEPTED, name=op.f("ck_binding_is_accepted")),
    )


def _foreign_key(table: str) -> str:
    return str(op.f(f"fk_{table}_{'_'.join(HELD)}"))
