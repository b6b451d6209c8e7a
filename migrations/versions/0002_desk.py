"""who did what at the desk"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("merchant", sa.Column("name", sa.String(length=80), nullable=False, server_default=""))
    op.add_column("order_event", sa.Column("by", sa.String(length=80), nullable=False, server_default=""))
    op.create_table(
        "staff_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merchant_id", sa.Integer(), nullable=True),
        sa.Column("who", sa.String(length=254), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchant.id"], name=op.f("fk_staff_act_merchant_id_merchant"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_staff_act_order_id_orders"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_act")),
    )
    op.create_index("ix_staff_act_newest", "staff_act", ["at", "id"])
    op.create_index(op.f("ix_staff_act_order_id"), "staff_act", ["order_id"])


def downgrade() -> None:
    op.drop_table("staff_act")
    op.drop_column("order_event", "by")
    op.drop_column("merchant", "name")
