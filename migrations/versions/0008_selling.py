"""selling: days and limits of discount codes, pickup places, the shop's details, shared carts"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("discount_code", sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("discount_code", sa.Column("most_each", sa.Integer(), nullable=True))
    op.add_column("delivery_area", sa.Column("place", sa.String(length=200), nullable=False, server_default=""))
    op.add_column("delivery_area", sa.Column("hours", sa.String(length=80), nullable=False, server_default=""))
    op.add_column("orders", sa.Column("pickup_place", sa.String(length=300), nullable=False, server_default=""))
    op.create_index(op.f("ix_orders_discount_code_id"), "orders", ["discount_code_id"])
    op.create_table(
        "shop_details",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=12), nullable=False),
        sa.Column("whatsapp", sa.String(length=12), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("tagline", sa.String(length=160), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("address", sa.String(length=250), nullable=False),
        sa.Column("logo", sa.String(length=120), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_shop_details_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_details")),
    )
    op.create_table(
        "shared_cart",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=7), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_cart")),
        sa.UniqueConstraint("code", name=op.f("uq_shared_cart_code")),
    )
    op.create_index(op.f("ix_shared_cart_expires_at"), "shared_cart", ["expires_at"])
    op.create_table(
        "shared_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shared_line_quantity")),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["shared_cart.id"], name=op.f("fk_shared_line_cart_id_shared_cart"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_line")),
    )
    op.create_index(op.f("ix_shared_line_cart_id"), "shared_line", ["cart_id"])


def downgrade() -> None:
    op.drop_table("shared_line")
    op.drop_table("shared_cart")
    op.drop_table("shop_details")
    op.drop_index(op.f("ix_orders_discount_code_id"), table_name="orders")
    op.drop_column("orders", "pickup_place")
    op.drop_column("delivery_area", "hours")
    op.drop_column("delivery_area", "place")
    op.drop_column("discount_code", "most_each")
    op.drop_column("discount_code", "starts_at")
