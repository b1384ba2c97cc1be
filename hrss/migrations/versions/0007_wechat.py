"""WeChat: accounts, deliveries, and how far customer service was read."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wechat_accounts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("app", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=True),
        sa.Column("conversations", sa.Integer(), nullable=False),
        sa.Column("large", sa.Boolean(), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unsubscribed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_sends", sa.Integer(), nullable=False),
        sa.Column("message_sends_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("event_sends", sa.Integer(), nullable=False),
        sa.Column("event_sends_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_seq", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_wechat_accounts_conversation_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_wechat_accounts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_accounts")),
        sa.UniqueConstraint("conversation_id", name=op.f("uq_wechat_accounts_conversation_id")),
    )
    op.create_index(op.f("ix_wechat_accounts_key_id"), "wechat_accounts", ["key_id"])
    op.create_index(op.f("ix_wechat_accounts_person_id"), "wechat_accounts", ["person_id"])
    op.create_index(op.f("ix_wechat_accounts_seen_at"), "wechat_accounts", ["seen_at"])
    op.create_index(op.f("ix_wechat_accounts_unsubscribed_at"), "wechat_accounts", ["unsubscribed_at"])
    op.create_table(
        "wechat_deliveries",
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=True),
        sa.Column("parts", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["wechat_accounts.id"], name=op.f("fk_wechat_deliveries_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_wechat_deliveries_conversation_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_wechat_deliveries")),
    )
    op.create_index(
        op.f("ix_wechat_deliveries_account_id_kept"), "wechat_deliveries", ["account_id", "kept"]
    )
    op.create_index(
        op.f("ix_wechat_deliveries_settled_received_at"), "wechat_deliveries", ["settled", "received_at"]
    )
    op.create_table(
        "wechat_cursors",
        sa.Column("open_kfid", sa.String(length=64), nullable=False),
        sa.Column("cursor", sa.String(length=128), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("open_kfid", name=op.f("pk_wechat_cursors")),
    )


def downgrade() -> None:
    op.drop_table("wechat_cursors")
    op.drop_table("wechat_deliveries")
    op.drop_table("wechat_accounts")
