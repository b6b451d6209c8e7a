"""when a payment failed, and the code of its receipt"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payment_attempt", sa.Column("heard_amount", sa.Integer(), nullable=True))
    op.add_column("payment_attempt", sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True))
    code = sa.Column("transaction_code", sa.String(length=40), nullable=False, server_default="")
    op.add_column("payment_attempt", code)


def downgrade() -> None:
    op.drop_column("payment_attempt", "transaction_code")
    op.drop_column("payment_attempt", "failed_at")
    op.drop_column("payment_attempt", "heard_amount")
