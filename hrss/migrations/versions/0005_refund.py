"""Refunds from assessment to public notice, and appointments at Henan's counters."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# NUMERIC without a scale keeps a figure as it was given; SQLite would make a float of it.
EXACT = sa.Numeric().with_variant(sa.Text(), "sqlite")

FIGURES = (
    "id, batch, line, province, year, uscc, insured_number, org_name, "
    "contributions, layoff_rate, refund_ratio, amount, account_name, bank"
)
# What may never change of a row (None: nothing of it), for as long as its table is there.
KEPT = {
    "regulations": None,
    "refund_confirmations": None,
    "refund_assessments": FIGURES,
    "regulation_readings": "id, reader, province, year, version, delivered_at",
    "confirmation_slips": "number, confirmation_id, digest, issued_at",
}
# An assessment that nobody has approved may be taken back with its batch; the others stay.
STAYING = {
    table: "(SELECT approved_at FROM refund_batches WHERE number = OLD.batch) IS NOT NULL"
    if table == "refund_assessments"
    else None
    for table in KEPT
}
NOTICED = """
    SELECT y.noticed_at {into} FROM refund_assessments a
    JOIN refund_years y ON y.province = a.province AND y.year = a.year
    WHERE a.id = NEW.assessment_id
"""


def _sqlite() -> list[str]:
    made = [
        f"""
        CREATE TRIGGER {table}_kept BEFORE UPDATE {f"OF {columns}" if columns else ""} ON {table}
        BEGIN SELECT RAISE(ABORT, '{table} is kept as it is'); END
        """
        for table, columns in KEPT.items()
    ]
    made += [
        f"""
        CREATE TRIGGER {table}_stays BEFORE DELETE ON {table} {f"WHEN {when}" if when else ""}
        BEGIN SELECT RAISE(ABORT, '{table} stays'); END
        """
        for table, when in STAYING.items()
    ]
    return [
        *made,
        f"""
        CREATE TRIGGER refund_confirmations_before_notice BEFORE INSERT ON refund_confirmations
        WHEN ({NOTICED.format(into="")}) IS NOT NULL
        BEGIN SELECT RAISE(ABORT, 'the public notice is published'); END
        """,
        """
        CREATE TRIGGER refund_years_noticed_once BEFORE UPDATE ON refund_years WHEN OLD.noticed_at IS NOT NULL
        BEGIN SELECT RAISE(ABORT, 'the public notice is published'); END
        """,
        """
        CREATE TRIGGER refund_years_stay BEFORE DELETE ON refund_years WHEN OLD.noticed_at IS NOT NULL
        BEGIN SELECT RAISE(ABORT, 'the public notice is published'); END
        """,
    ]


def _postgresql() -> list[str]:
    made = [
        """
        CREATE FUNCTION hrss_row_is_kept() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '% is kept as it is', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$
        """,
        # The year is locked: a notice that is being published either waits for this confirmation or is seen by it.
        f"""
        CREATE FUNCTION refund_is_not_noticed() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE noticed timestamptz;
        BEGIN
            {NOTICED.format(into="INTO noticed")} FOR SHARE OF y;
            IF noticed IS NOT NULL THEN
                RAISE EXCEPTION 'the public notice is published' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        END $$
        """,
        """
        CREATE TRIGGER refund_confirmations_before_notice BEFORE INSERT ON refund_confirmations
        FOR EACH ROW EXECUTE FUNCTION refund_is_not_noticed()
        """,
        """
        CREATE TRIGGER refund_years_noticed_once BEFORE UPDATE OR DELETE ON refund_years
        FOR EACH ROW WHEN (OLD.noticed_at IS NOT NULL) EXECUTE FUNCTION hrss_row_is_kept()
        """,
        """
        CREATE FUNCTION refund_assessment_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (SELECT approved_at FROM refund_batches WHERE number = OLD.batch) IS NOT NULL THEN
                RAISE EXCEPTION 'refund_assessments stays' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN OLD;
        END $$
        """,
    ]
    for table, columns in KEPT.items():
        changed = f"UPDATE OF {columns}" if columns else "UPDATE"
        deleted = "refund_assessment_stays" if table == "refund_assessments" else "hrss_row_is_kept"
        made += [
            f"CREATE TRIGGER {table}_kept BEFORE {changed} ON {table} FOR EACH ROW EXECUTE FUNCTION hrss_row_is_kept()",
            f"CREATE TRIGGER {table}_stays BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {deleted}()",
            f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION hrss_row_is_kept()",
        ]
    return made


def upgrade() -> None:
    op.create_table(
        "refund_years",
        sa.Column("province", sa.String(length=8), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("noticed_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("province", "year", name=op.f("pk_refund_years")),
    )
    op.create_table(
        "regulations",
        sa.Column("province", sa.String(length=8), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(length=128), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("province", "year", "version", name=op.f("pk_regulations")),
    )
    op.create_table(
        "counter_bookings",
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("org_name", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("phone_lookup", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(length=64), nullable=True),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_counter_bookings_conversation_id")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_counter_bookings")),
    )
    op.create_index(op.f("ix_counter_bookings_key_id"), "counter_bookings", ["key_id"], unique=False)
    op.create_index(op.f("ix_counter_bookings_uscc"), "counter_bookings", ["uscc"], unique=False)
    op.create_index(
        "uq_counter_bookings_open",
        "counter_bookings",
        ["uscc"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "refund_batches",
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("province", sa.String(length=8), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("assessments", sa.Integer(), nullable=False),
        sa.Column("imported_by", sa.String(length=64), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["province", "year"],
            ["refund_years.province", "refund_years.year"],
            name=op.f("fk_refund_batches_province_year"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_refund_batches")),
    )
    op.create_table(
        "regulation_readings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("reader", sa.String(length=96), nullable=False),
        sa.Column("province", sa.String(length=8), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["province", "year", "version"],
            ["regulations.province", "regulations.year", "regulations.version"],
            name=op.f("fk_regulation_readings_province_year_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regulation_readings")),
    )
    op.create_index(
        "uq_regulation_readings_unused",
        "regulation_readings",
        ["reader", "province", "year", "version"],
        unique=True,
        sqlite_where=sa.text("used_at IS NULL"),
        postgresql_where=sa.text("used_at IS NULL"),
    )
    op.create_table(
        "refund_assessments",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("batch", sa.String(length=16), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("province", sa.String(length=8), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("insured_number", sa.String(length=32), nullable=False),
        sa.Column("org_name", sa.String(length=128), nullable=False),
        sa.Column("contributions", EXACT, nullable=False),
        sa.Column("layoff_rate", EXACT, nullable=False),
        sa.Column("refund_ratio", EXACT, nullable=False),
        sa.Column("amount", EXACT, nullable=False),
        sa.Column("account_name", sa.String(length=128), nullable=False),
        sa.Column("bank", sa.String(length=128), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "contributions >= '0' AND amount >= '0'", name="ck_refund_assessments_not_negative"
        ),
        sa.ForeignKeyConstraint(
            ["batch"], ["refund_batches.number"], name=op.f("fk_refund_assessments_batch")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_assessments")),
        sa.UniqueConstraint(
            "province", "year", "uscc", name=op.f("uq_refund_assessments_province_year_uscc")
        ),
    )
    op.create_index(op.f("ix_refund_assessments_batch"), "refund_assessments", ["batch"], unique=False)
    op.create_index(op.f("ix_refund_assessments_key_id"), "refund_assessments", ["key_id"], unique=False)
    op.create_table(
        "refund_evidence",
        sa.Column("photo_id", sa.String(length=32), nullable=False),
        sa.Column("assessment_id", sa.String(length=32), nullable=False),
        sa.Column("attached_by", sa.String(length=96), nullable=False),
        sa.Column("attached_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["refund_assessments.id"], name=op.f("fk_refund_evidence_assessment_id")
        ),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_refund_evidence_photo_id")),
        sa.PrimaryKeyConstraint("photo_id", name=op.f("pk_refund_evidence")),
    )
    op.create_index(
        op.f("ix_refund_evidence_assessment_id"), "refund_evidence", ["assessment_id"], unique=False
    )
    op.create_table(
        "refund_tasks",
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("assessment_id", sa.String(length=32), nullable=False),
        sa.Column("decision", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reading_id", sa.String(length=32), nullable=False),
        sa.Column("saved_by", sa.String(length=96), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["refund_assessments.id"], name=op.f("fk_refund_tasks_assessment_id")
        ),
        sa.ForeignKeyConstraint(
            ["reading_id"], ["regulation_readings.id"], name=op.f("fk_refund_tasks_reading_id")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_refund_tasks")),
    )
    op.create_index(op.f("ix_refund_tasks_assessment_id"), "refund_tasks", ["assessment_id"], unique=False)
    op.create_index(
        "uq_refund_tasks_open",
        "refund_tasks",
        ["assessment_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "refund_confirmations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assessment_id", sa.String(length=32), nullable=False),
        sa.Column("decision", sa.String(length=8), nullable=False),
        sa.Column("task_number", sa.String(length=16), nullable=True),
        sa.Column("regulation_version", sa.Integer(), nullable=True),
        sa.Column("confirmed_by", sa.String(length=96), nullable=True),
        sa.Column("conversation_id", sa.String(length=64), nullable=True),
        sa.Column("staff", sa.String(length=64), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["refund_assessments.id"], name=op.f("fk_refund_confirmations_assessment_id")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_refund_confirmations_conversation_id")
        ),
        sa.ForeignKeyConstraint(
            ["task_number"], ["refund_tasks.number"], name=op.f("fk_refund_confirmations_task_number")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_confirmations")),
        sa.UniqueConstraint("task_number", name=op.f("uq_refund_confirmations_task_number")),
    )
    op.create_index(
        op.f("ix_refund_confirmations_assessment_id"), "refund_confirmations", ["assessment_id"], unique=False
    )
    op.create_table(
        "confirmation_slips",
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("confirmation_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["confirmation_id"],
            ["refund_confirmations.id"],
            name=op.f("fk_confirmation_slips_confirmation_id"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_confirmation_slips")),
        sa.UniqueConstraint("confirmation_id", name=op.f("uq_confirmation_slips_confirmation_id")),
    )
    op.create_index(op.f("ix_confirmation_slips_key_id"), "confirmation_slips", ["key_id"], unique=False)

    for statement in _sqlite() if op.get_bind().dialect.name == "sqlite" else _postgresql():
        op.execute(statement)


def downgrade() -> None:
    op.drop_index(op.f("ix_confirmation_slips_key_id"), table_name="confirmation_slips")
    op.drop_table("confirmation_slips")
    op.drop_index(op.f("ix_refund_confirmations_assessment_id"), table_name="refund_confirmations")
    op.drop_table("refund_confirmations")
    op.drop_index(
        "uq_refund_tasks_open",
        table_name="refund_tasks",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index(op.f("ix_refund_tasks_assessment_id"), table_name="refund_tasks")
    op.drop_table("refund_tasks")
    op.drop_index(op.f("ix_refund_evidence_assessment_id"), table_name="refund_evidence")
    op.drop_table("refund_evidence")
    op.drop_index(op.f("ix_refund_assessments_key_id"), table_name="refund_assessments")
    op.drop_index(op.f("ix_refund_assessments_batch"), table_name="refund_assessments")
    op.drop_table("refund_assessments")
    op.drop_index(
        "uq_regulation_readings_unused",
        table_name="regulation_readings",
        sqlite_where=sa.text("used_at IS NULL"),
        postgresql_where=sa.text("used_at IS NULL"),
    )
    op.drop_table("regulation_readings")
    op.drop_table("refund_batches")
    op.drop_index(
        "uq_counter_bookings_open",
        table_name="counter_bookings",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index(op.f("ix_counter_bookings_uscc"), table_name="counter_bookings")
    op.drop_index(op.f("ix_counter_bookings_key_id"), table_name="counter_bookings")
    op.drop_table("counter_bookings")
    op.drop_table("regulations")
    op.drop_table("refund_years")

    if op.get_bind().dialect.name == "postgresql":
        for function in ("hrss_row_is_kept", "refund_is_not_noticed", "refund_assessment_stays"):
            op.execute(f"DROP FUNCTION {function}()")
