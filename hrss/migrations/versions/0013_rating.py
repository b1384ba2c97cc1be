"""How people found a whole conversation (好差评)."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("rating", sa.Integer()))


def downgrade() -> None:
    op.drop_column("conversations", "rating")
