"""editions of products, archived categories, and a ledger that begins with what is there"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

variant = sa.table("variant", sa.column("sku"), sa.column("on_hand"), sa.column("held"))
stock_move = sa.table(
    "stock_move",
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("sku"),
    sa.column("on_hand"),
    sa.column("held"),
    sa.column("reason"),
    sa.column("by"),
)


def upgrade() -> None:
    op.add_column("category", sa.Column("active", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("product", sa.Column("edition", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("stock_move", sa.Column("once", sa.String(length=32), nullable=True))
    op.create_index("ix_stock_move_once", "stock_move", ["once"], unique=True)
    op.create_index("ix_product_newest", "product", ["active", "position", "id"])
    op.create_table(
        "product_edit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_edit_product_id_product"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_edit")),
    )
    op.create_index("ix_product_edit_edition", "product_edit", ["product_id", "edition"], unique=True)
    open_the_ledger()


def open_the_ledger() -> None:
    """Write down what is there that no line explains yet: from here on the lines of a SKU add up to its stock."""
    known = (
        sa.select(
            stock_move.c.sku,
            sa.func.sum(stock_move.c.on_hand).label("on_hand"),
            sa.func.sum(stock_move.c.held).label("held"),
        )
        .group_by(stock_move.c.sku)
        .subquery()
    )
    on_hand = variant.c.on_hand - sa.func.coalesce(known.c.on_hand, 0)
    held = variant.c.held - sa.func.coalesce(known.c.held, 0)
    moment = sa.literal(datetime.now(UTC), sa.DateTime(timezone=True))
    unexplained = (
        sa.select(
            moment, variant.c.sku, on_hand, held, sa.literal("Opening stock", sa.String()), sa.literal("", sa.String())
        )
        .select_from(variant.outerjoin(known, known.c.sku == variant.c.sku))
        .where(sa.or_(on_hand != 0, held != 0))
        .order_by(variant.c.sku)
    )
    op.execute(stock_move.insert().from_select(["at", "sku", "on_hand", "held", "reason", "by"], unexplained))


def downgrade() -> None:
    op.drop_table("product_edit")
    op.drop_index("ix_product_newest", "product")
    op.drop_index("ix_stock_move_once", "stock_move")
    op.drop_column("stock_move", "once")
    op.drop_column("product", "edition")
    op.drop_column("category", "active")
