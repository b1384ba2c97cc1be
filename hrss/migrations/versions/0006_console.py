"""What staff do in the console: roles and second factors, verdicts, comments, tests, and conversations taken over."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

HELD = sa.text("state IN ('waiting', 'taken')")


def upgrade() -> None:
    with op.batch_alter_table("staff") as staff:
        staff.add_column(sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false()))
        staff.add_column(sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True))
        staff.add_column(sa.Column("session_key", sa.String(length=32), nullable=True))
        staff.add_column(sa.Column("code_used", sa.Integer(), nullable=True))
        staff.add_column(sa.Column("on_duty_until", sa.DateTime(timezone=True), nullable=True))
        staff.add_column(sa.Column("key_id", sa.String(length=32), nullable=True))
        staff.add_column(sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.execute(sa.text("UPDATE staff SET session_key = :key").bindparams(key=secrets.token_hex(16)))
    with op.batch_alter_table("staff") as staff:
        staff.alter_column("session_key", existing_type=sa.String(length=32), nullable=False)
        staff.alter_column("must_change", existing_type=sa.Boolean(), server_default=None)
    op.create_index("ix_staff_key_id", "staff", ["key_id"])

    with op.batch_alter_table("sms_outbox") as outbox:
        outbox.add_column(sa.Column("conversation_id", sa.String(length=64), nullable=True))
        outbox.create_foreign_key(
            "fk_sms_outbox_conversation_id", "conversations", ["conversation_id"], ["id"]
        )
    op.create_index("ix_sms_outbox_conversation_id", "sms_outbox", ["conversation_id"])
    op.create_index("ix_audit_trail_at", "audit_trail", ["at"])
    op.create_index("ix_audit_trail_conversation_id", "audit_trail", ["conversation_id"])
    op.create_index("ix_turns_received_at", "turns", ["received_at"])
    op.add_column("turns", sa.Column("lead", sa.Float(), nullable=True))

    op.create_table(
        "flow_steps",
        sa.Column("turn_id", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("flow", sa.String(length=64), nullable=False),
        sa.Column("asked", sa.String(length=64), nullable=True),
        sa.Column("ended", sa.String(length=16), nullable=True),
        sa.Column("refused", sa.String(length=64), nullable=True),
        sa.Column("known", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_flow_steps_conversation_id"
        ),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_flow_steps_turn_id"),
        sa.PrimaryKeyConstraint("turn_id", name="pk_flow_steps"),
    )
    op.create_index("ix_flow_steps_conversation_id", "flow_steps", ["conversation_id"])
    op.create_index("ix_flow_steps_run_id", "flow_steps", ["run_id"])
    op.create_index("ix_flow_steps_refused", "flow_steps", ["refused"])
    op.create_index("ix_flow_steps_flow_at", "flow_steps", ["flow", "at"])

    op.create_table(
        "verdicts",
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("staff", sa.String(length=64), nullable=False),
        sa.Column("quality", sa.Integer(), nullable=False),
        sa.Column("follow_up", sa.String(length=32), nullable=True),
        sa.Column("followed_up_by", sa.String(length=64), nullable=True),
        sa.Column("followed_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name="fk_verdicts_conversation_id"),
        sa.ForeignKeyConstraint(["staff"], ["staff.username"], name="fk_verdicts_staff"),
        sa.PrimaryKeyConstraint("conversation_id", "staff", name="pk_verdicts"),
    )
    op.create_index("ix_verdicts_follow_up_followed_up_at", "verdicts", ["follow_up", "followed_up_at"])
    op.create_table(
        "comments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("staff", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name="fk_comments_conversation_id"),
        sa.ForeignKeyConstraint(["staff"], ["staff.username"], name="fk_comments_staff"),
        sa.PrimaryKeyConstraint("id", name="pk_comments"),
    )
    op.create_index("ix_comments_conversation_id", "comments", ["conversation_id"])
    op.create_table(
        "saved_filters",
        sa.Column("staff", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["staff"], ["staff.username"], name="fk_saved_filters_staff"),
        sa.PrimaryKeyConstraint("staff", "name", name="pk_saved_filters"),
    )
    op.create_table(
        "regressions",
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_regressions_conversation_id"
        ),
        sa.ForeignKeyConstraint(["made_by"], ["staff.username"], name="fk_regressions_made_by"),
        sa.PrimaryKeyConstraint("conversation_id", name="pk_regressions"),
    )
    op.create_table(
        "handovers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.String(length=64), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("case_number", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["case_number"], ["cases.number"], name="fk_handovers_case_number"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_handovers_conversation_id"
        ),
        sa.ForeignKeyConstraint(["taken_by"], ["staff.username"], name="fk_handovers_taken_by"),
        sa.PrimaryKeyConstraint("id", name="pk_handovers"),
    )
    op.create_index("ix_handovers_conversation_id", "handovers", ["conversation_id"])
    op.create_index("ix_handovers_state_asked_at", "handovers", ["state", "asked_at"])
    op.create_index(
        "uq_handovers_held_conversation_id",
        "handovers",
        ["conversation_id"],
        unique=True,
        sqlite_where=HELD,
        postgresql_where=HELD,
    )


def downgrade() -> None:
    op.drop_table("handovers")
    op.drop_table("regressions")
    op.drop_table("saved_filters")
    op.drop_table("comments")
    op.drop_table("verdicts")
    op.drop_table("flow_steps")
    with op.batch_alter_table("turns") as turns:
        turns.drop_column("lead")
    op.drop_index("ix_turns_received_at", table_name="turns")
    op.drop_index("ix_audit_trail_conversation_id", table_name="audit_trail")
    op.drop_index("ix_audit_trail_at", table_name="audit_trail")
    op.drop_index("ix_sms_outbox_conversation_id", table_name="sms_outbox")
    with op.batch_alter_table("sms_outbox") as outbox:
        outbox.drop_constraint("fk_sms_outbox_conversation_id", type_="foreignkey")
        outbox.drop_column("conversation_id")
    op.drop_index("ix_staff_key_id", table_name="staff")
    with op.batch_alter_table("staff") as staff:
        for column in (
            "sealed",
            "key_id",
            "on_duty_until",
            "code_used",
            "session_key",
            "deactivated_at",
            "must_change",
        ):
            staff.drop_column(column)
