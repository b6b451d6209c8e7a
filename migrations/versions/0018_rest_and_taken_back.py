"""the rest of an order that the buyer is asked for, what an order was before it was marked paid, and its discount use"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("rest_asked", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("orders", sa.Column("discount_claimed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("money_entry", sa.Column("before", sa.String(length=12), nullable=False, server_default=""))
    op.execute(
        "UPDATE orders SET discount_claimed = true"
        " WHERE discount_code_id IS NOT NULL AND payment IN ('awaiting', 'review', 'paid', 'refunded')"
    )


def downgrade() -> None:
    op.drop_column("money_entry", "before")
    op.drop_column("orders", "discount_claimed")
    op.drop_column("orders", "rest_asked")
