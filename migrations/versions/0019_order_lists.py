"""orders lie under a tab each for packing, sending and collecting, and remember their last step"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0017"
branch_labels = None
depends_on = None

BEFORE = {
    "ix_orders_to_pack": "(NOT payment <> 'paid' AND fulfilment IN ('unfulfilled', 'packed'))",
    "ix_orders_to_check": "(payment = 'review' OR refund_due OR open_warning)",
    "ix_orders_gone": "(fulfilment IN ('sent', 'delivered', 'collected'))",
}
AFTER = {
    "ix_orders_to_pack": "(NOT payment <> 'paid' AND fulfilment = 'unfulfilled')",
    "ix_orders_to_send": "(NOT payment <> 'paid' AND fulfilment = 'packed' AND NOT pickup)",
    "ix_orders_to_collect": "(NOT payment <> 'paid' AND fulfilment = 'packed' AND pickup)",
    "ix_orders_sent": "(NOT fulfilment <> 'sent')",
    "ix_orders_done": "(fulfilment IN ('delivered', 'collected'))",
    "ix_orders_warned": "(open_warning)",
}


def upgrade() -> None:
    exchange(BEFORE, AFTER)
    op.add_column("orders", sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("orders", "moved_at")
    exchange(AFTER, BEFORE)


def exchange(old: dict[str, str], new: dict[str, str]) -> None:
    for name in old:
        op.drop_index(name, "orders")
    for name, where in new.items():
        columns = ["placed_at", "id"]
        op.create_index(name, "orders", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
