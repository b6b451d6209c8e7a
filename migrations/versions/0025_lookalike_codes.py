"""M-PESA codes that look the same on a phone's screen are found together"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("money_entry", sa.Column("lookalike", sa.String(length=10), nullable=True))
    op.create_index("ix_money_entry_lookalike", "money_entry", ["lookalike"])


def downgrade() -> None:
    op.drop_index("ix_money_entry_lookalike", table_name="money_entry")
    op.drop_column("money_entry", "lookalike")
