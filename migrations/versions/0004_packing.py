"""the collect code, and notes in the timeline"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("collect_code", sa.String(length=4), nullable=False, server_default=""))
    op.add_column("orders", sa.Column("collect_tries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("order_event", sa.Column("note", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("order_event", sa.Column("once", sa.String(length=40), nullable=True))
    op.create_index("ix_order_event_once", "order_event", ["once"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_order_event_once", table_name="order_event")
    op.drop_column("order_event", "once")
    op.drop_column("order_event", "note")
    op.drop_column("orders", "collect_tries")
    op.drop_column("orders", "collect_code")
