"""the sum from which a payment is looked at before the goods leave, and who looked"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

UNSEEN = sa.text("(NOT payment <> 'paid' AND fulfilment IN ('unfulfilled', 'packed') AND seen_at IS NULL)")


def upgrade() -> None:
    op.add_column("shop_details", sa.Column("look_from", sa.Integer(), nullable=False, server_default="20000"))
    op.add_column("orders", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("orders", sa.Column("seen_by", sa.String(length=80), nullable=False, server_default=""))
    op.create_index("ix_orders_unseen", "orders", ["total"], sqlite_where=UNSEEN, postgresql_where=UNSEEN)


def downgrade() -> None:
    op.drop_index("ix_orders_unseen", table_name="orders")
    op.drop_column("orders", "seen_by")
    op.drop_column("orders", "seen_at")
    op.drop_column("shop_details", "look_from")
