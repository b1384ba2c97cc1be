"""People, organizations, accounts, proofs, cases, messages to phones, and the trail nobody can change."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# What is in the trail stays as it is. PostgreSQL could also truncate; SQLite cannot.
TRIGGERS = {
    "sqlite": [
        f"""
        CREATE TRIGGER audit_trail_no_{verb} BEFORE {verb} ON audit_trail
        BEGIN SELECT RAISE(ABORT, 'audit_trail is append-only'); END
        """
        for verb in ("update", "delete")
    ],
    "postgresql": [
        """
        CREATE FUNCTION audit_trail_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'audit_trail is append-only'; END $$
        """,
        """
        CREATE TRIGGER audit_trail_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_trail
        FOR EACH STATEMENT EXECUTE FUNCTION audit_trail_is_append_only()
        """,
    ],
}


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("lookup", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_what_lookup_at"), "attempts", ["what", "lookup", "at"], unique=False)
    op.create_table(
        "audit_trail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff", sa.String(length=64), nullable=True),
        sa.Column("conversation_id", sa.String(length=64), nullable=True),
        sa.Column("channel", sa.String(length=32), nullable=True),
        sa.Column("did", sa.String(length=64), nullable=False),
        sa.Column("subject_kind", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_trail")),
    )
    op.create_index(
        op.f("ix_audit_trail_subject_kind_subject_id"),
        "audit_trail",
        ["subject_kind", "subject_id"],
        unique=False,
    )
    op.create_table(
        "demo_inbox",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demo_inbox")),
    )
    op.create_index(op.f("ix_demo_inbox_at"), "demo_inbox", ["at"], unique=False)
    op.create_index(op.f("ix_demo_inbox_key_id"), "demo_inbox", ["key_id"], unique=False)
    op.create_table(
        "demo_records",
        sa.Column("system", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("system", "subject", name=op.f("pk_demo_records")),
    )
    op.create_table(
        "operations",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", "kind", name=op.f("pk_operations")),
    )
    op.create_table(
        "organizations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("province", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=True),
        sa.Column("org_code", sa.String(length=9), nullable=True),
        sa.Column("legal_representative", sa.String(length=64), nullable=False),
        sa.Column("is_real_name", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        sa.UniqueConstraint("province", "org_code", name=op.f("uq_organizations_province_org_code")),
        sa.UniqueConstraint("province", "uscc", name=op.f("uq_organizations_province_uscc")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("certificate_type", sa.String(length=16), nullable=False),
        sa.Column("certificate_lookup", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("certificate_lookup", name=op.f("uq_people_certificate_lookup")),
    )
    op.create_index(op.f("ix_people_key_id"), "people", ["key_id"], unique=False)
    op.create_table(
        "cases",
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("province", sa.String(length=8), nullable=True),
        sa.Column("subject_lookup", sa.String(length=64), nullable=False),
        sa.Column("phone_lookup", sa.String(length=64), nullable=True),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("taken_by", sa.String(length=64), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_cases_conversation_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_cases_person_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_cases")),
    )
    op.create_index(op.f("ix_cases_conversation_id"), "cases", ["conversation_id"], unique=False)
    op.create_index(op.f("ix_cases_key_id"), "cases", ["key_id"], unique=False)
    op.create_index(op.f("ix_cases_person_id"), "cases", ["person_id"], unique=False)
    op.create_index(op.f("ix_cases_state_submitted_at"), "cases", ["state", "submitted_at"], unique=False)
    op.create_index(
        "uq_cases_open_subject_lookup_kind",
        "cases",
        ["subject_lookup", "kind"],
        unique=True,
        sqlite_where=sa.text("state IN ('submitted', 'under_review', 'returned')"),
        postgresql_where=sa.text("state IN ('submitted', 'under_review', 'returned')"),
    )
    op.create_table(
        "org_accounts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organization_id", sa.String(length=32), nullable=False),
        sa.Column("province", sa.String(length=8), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=18), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_org_accounts_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_org_accounts")),
        sa.UniqueConstraint("province", "login", name=op.f("uq_org_accounts_province_login")),
        sa.UniqueConstraint("province", "number", name=op.f("uq_org_accounts_province_number")),
    )
    op.create_index(
        op.f("ix_org_accounts_organization_id"), "org_accounts", ["organization_id"], unique=False
    )
    op.create_table(
        "person_accounts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("province", sa.String(length=8), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("real_name_level", sa.Integer(), nullable=False),
        sa.Column("phone_lookup", sa.String(length=64), nullable=False),
        sa.Column("card_lookup", sa.String(length=64), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_person_accounts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_accounts")),
        sa.UniqueConstraint("province", "login", name=op.f("uq_person_accounts_province_login")),
    )
    op.create_index(op.f("ix_person_accounts_card_lookup"), "person_accounts", ["card_lookup"], unique=False)
    op.create_index(op.f("ix_person_accounts_key_id"), "person_accounts", ["key_id"], unique=False)
    op.create_index(op.f("ix_person_accounts_person_id"), "person_accounts", ["person_id"], unique=False)
    op.create_index(
        op.f("ix_person_accounts_phone_lookup"), "person_accounts", ["phone_lookup"], unique=False
    )
    op.create_table(
        "proofs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("how", sa.String(length=32), nullable=False),
        sa.Column("subject_kind", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_proofs_conversation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proofs")),
    )
    op.create_index(
        op.f("ix_proofs_conversation_id_given_at"), "proofs", ["conversation_id", "given_at"], unique=False
    )
    op.create_table(
        "sms_codes",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("phone_lookup", sa.String(length=64), nullable=False),
        sa.Column("subject_kind", sa.String(length=16), nullable=True),
        sa.Column("subject_id", sa.String(length=64), nullable=True),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_sms_codes_conversation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_codes")),
    )
    op.create_index(
        op.f("ix_sms_codes_conversation_id_sent_at"),
        "sms_codes",
        ["conversation_id", "sent_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_sms_codes_phone_lookup_sent_at"), "sms_codes", ["phone_lookup", "sent_at"], unique=False
    )
    op.create_table(
        "photos",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("case_number", sa.String(length=16), nullable=True),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_number"], ["cases.number"], name=op.f("fk_photos_case_number")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_photos_conversation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
    )
    op.create_index(op.f("ix_photos_case_number"), "photos", ["case_number"], unique=False)
    op.create_index(op.f("ix_photos_conversation_id"), "photos", ["conversation_id"], unique=False)
    op.create_index(op.f("ix_photos_key_id"), "photos", ["key_id"], unique=False)
    op.create_table(
        "primary_contacts",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("phone_lookup", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["org_accounts.id"], name=op.f("fk_primary_contacts_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_primary_contacts")),
    )
    op.create_index(op.f("ix_primary_contacts_key_id"), "primary_contacts", ["key_id"], unique=False)
    op.create_table(
        "security_answers",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("answer_lookup", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["person_accounts.id"], name=op.f("fk_security_answers_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "question", name=op.f("pk_security_answers")),
    )
    op.create_table(
        "sms_outbox",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("template", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("receipt", sa.String(length=128), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("case_number", sa.String(length=16), nullable=True),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_number"], ["cases.number"], name=op.f("fk_sms_outbox_case_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_outbox")),
    )
    op.create_index(op.f("ix_sms_outbox_case_number"), "sms_outbox", ["case_number"], unique=False)
    op.create_index(op.f("ix_sms_outbox_key_id"), "sms_outbox", ["key_id"], unique=False)
    op.create_index(op.f("ix_sms_outbox_state_queued_at"), "sms_outbox", ["state", "queued_at"], unique=False)
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index(op.f("ix_sms_outbox_state_queued_at"), table_name="sms_outbox")
    op.drop_index(op.f("ix_sms_outbox_key_id"), table_name="sms_outbox")
    op.drop_index(op.f("ix_sms_outbox_case_number"), table_name="sms_outbox")
    op.drop_table("sms_outbox")
    op.drop_table("security_answers")
    op.drop_index(op.f("ix_primary_contacts_key_id"), table_name="primary_contacts")
    op.drop_table("primary_contacts")
    op.drop_index(op.f("ix_photos_key_id"), table_name="photos")
    op.drop_index(op.f("ix_photos_conversation_id"), table_name="photos")
    op.drop_index(op.f("ix_photos_case_number"), table_name="photos")
    op.drop_table("photos")
    op.drop_index(op.f("ix_sms_codes_phone_lookup_sent_at"), table_name="sms_codes")
    op.drop_index(op.f("ix_sms_codes_conversation_id_sent_at"), table_name="sms_codes")
    op.drop_table("sms_codes")
    op.drop_index(op.f("ix_proofs_conversation_id_given_at"), table_name="proofs")
    op.drop_table("proofs")
    op.drop_index(op.f("ix_person_accounts_phone_lookup"), table_name="person_accounts")
    op.drop_index(op.f("ix_person_accounts_person_id"), table_name="person_accounts")
    op.drop_index(op.f("ix_person_accounts_key_id"), table_name="person_accounts")
    op.drop_index(op.f("ix_person_accounts_card_lookup"), table_name="person_accounts")
    op.drop_table("person_accounts")
    op.drop_index(op.f("ix_org_accounts_organization_id"), table_name="org_accounts")
    op.drop_table("org_accounts")
    op.drop_index(
        "uq_cases_open_subject_lookup_kind",
        table_name="cases",
        sqlite_where=sa.text("state IN ('submitted', 'under_review', 'returned')"),
        postgresql_where=sa.text("state IN ('submitted', 'under_review', 'returned')"),
    )
    op.drop_index(op.f("ix_cases_state_submitted_at"), table_name="cases")
    op.drop_index(op.f("ix_cases_person_id"), table_name="cases")
    op.drop_index(op.f("ix_cases_key_id"), table_name="cases")
    op.drop_index(op.f("ix_cases_conversation_id"), table_name="cases")
    op.drop_table("cases")
    op.drop_index(op.f("ix_people_key_id"), table_name="people")
    op.drop_table("people")
    op.drop_table("organizations")
    op.drop_table("operations")
    op.drop_table("demo_records")
    op.drop_index(op.f("ix_demo_inbox_key_id"), table_name="demo_inbox")
    op.drop_index(op.f("ix_demo_inbox_at"), table_name="demo_inbox")
    op.drop_table("demo_inbox")
    op.drop_index(op.f("ix_audit_trail_subject_kind_subject_id"), table_name="audit_trail")
    op.drop_table("audit_trail")
    op.drop_index(op.f("ix_attempts_what_lookup_at"), table_name="attempts")
    op.drop_table("attempts")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_trail_is_append_only()")
