"""what reports, the outbox page and forgetting look for"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_orders_forgetting", "orders", ["forgotten_at", "placed_at"])
    op.create_index("ix_payment_attempt_newest", "payment_attempt", ["created_at", "id"])
    op.create_index("ix_outbox_mail_recipient", "outbox_mail", ["recipient", "id"])


def downgrade() -> None:
    op.drop_index("ix_outbox_mail_recipient", "outbox_mail")
    op.drop_index("ix_payment_attempt_newest", "payment_attempt")
    op.drop_index("ix_orders_forgetting", "orders")
    op.drop_column("orders", "forgotten_at")
