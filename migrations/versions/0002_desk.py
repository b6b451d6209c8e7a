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
    op.add_column("product", sa.Column("option_1", sa.String(length=40), nullable=False, server_default=""))
    op.add_column("product", sa.Column("option_2", sa.String(length=40), nullable=False, server_default=""))
    op.add_column("product", sa.Column("option_3", sa.String(length=40), nullable=False, server_default=""))
    op.add_column("variant", sa.Column("value_1", sa.String(length=60), nullable=False, server_default=""))
    op.add_column("variant", sa.Column("value_2", sa.String(length=60), nullable=False, server_default=""))
    op.add_column("variant", sa.Column("value_3", sa.String(length=60), nullable=False, server_default=""))
    op.add_column("variant", sa.Column("low_at", sa.Integer(), nullable=False, server_default="3"))
    op.create_table(
        "stock_move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_stock_move_order_id_orders"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_move")),
    )
    op.create_index("ix_stock_move_newest", "stock_move", ["sku", "id"])
    op.create_index(op.f("ix_stock_move_order_id"), "stock_move", ["order_id"])
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
    op.drop_table("stock_move")
    op.drop_column("variant", "low_at")
    op.drop_column("variant", "value_3")
    op.drop_column("variant", "value_2")
    op.drop_column("variant", "value_1")
    op.drop_column("product", "option_3")
    op.drop_column("product", "option_2")
    op.drop_column("product", "option_1")
    op.drop_column("order_event", "by")
    op.drop_column("merchant", "name")
