"""Trained models, what came out when they were measured, and which of them answers since when."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trained_models",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("made_by", sa.String(length=64), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["staff.username"], name="fk_trained_models_made_by"),
        sa.PrimaryKeyConstraint("id", name="pk_trained_models"),
    )
    op.create_table(
        "model_activations",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.String(length=16), nullable=False),
        sa.Column("thresholds", sa.JSON(), nullable=False),
        sa.Column("activated_by", sa.String(length=64), nullable=True),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["trained_models.id"], name="fk_model_activations_model_id"),
        sa.ForeignKeyConstraint(
            ["activated_by"], ["staff.username"], name="fk_model_activations_activated_by"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_model_activations"),
    )
    with op.batch_alter_table("trials") as trials:
        trials.add_column(sa.Column("note", sa.Text(), nullable=False, server_default=""))
        trials.add_column(sa.Column("model_id", sa.String(length=16), nullable=True))
        trials.create_foreign_key("fk_trials_model_id", "trained_models", ["model_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("trials") as trials:
        trials.drop_constraint("fk_trials_model_id", type_="foreignkey")
        trials.drop_column("model_id")
        trials.drop_column("note")
    op.drop_table("model_activations")
    op.drop_table("trained_models")
