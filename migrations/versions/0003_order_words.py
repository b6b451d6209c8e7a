"""order words"""

import sqlalchemy as sa
from alembic import op

from shop.orders.search_index import spelled, words_of, words_of_row

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

AT_ONCE = 1000  # orders
LYING = {
    "ix_orders_to_pack": "(NOT payment <> 'paid' AND fulfilment IN ('unfulfilled', 'packed'))",
    "ix_orders_waiting": "(NOT payment <> 'awaiting')",
    "ix_orders_to_check": "(payment = 'review' OR refund_due OR open_warning)",
    "ix_orders_gone": "(fulfilment IN ('sent', 'delivered', 'collected'))",
}


def upgrade() -> None:
    op.add_column("orders", sa.Column("open_warning", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE orders SET open_warning = (1 = 1) WHERE payment IN ('awaiting', 'review')"
        " AND id IN (SELECT order_id FROM order_event WHERE warning)"
    )
    for name, where in LYING.items():
        op.create_index(
            name, "orders", ["placed_at", "id"], sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )
    op.create_index("ix_orders_area", "orders", ["area_name", "placed_at", "id"])
    op.create_index("ix_orders_paid", "orders", ["paid_at", "id"])
    word = op.create_table(
        "order_word",
        sa.Column(
            "word",
            sa.String(length=60).with_variant(sa.String(length=60, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_word_order_id_orders"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("word", "order_id", name=op.f("pk_order_word")),
        sqlite_with_rowid=False,
    )
    note_all(op.get_bind(), word)
    op.create_index("ix_order_word_of_order", "order_word", ["order_id", "word"])


def note_all(connection: sa.Connection, word: sa.Table) -> None:
    """Let every order that is there already be found: a thousand at a time, in three queries and one insert."""
    newest, of_orders = 0, sa.bindparam("ids", expanding=True)
    batch = sa.text(
        "SELECT id, number, full_name, phone_number, email FROM orders WHERE id > :newest ORDER BY id LIMIT :at_once"
    )
    goods = sa.text("SELECT order_id, name, sku FROM order_line WHERE order_id IN :ids").bindparams(of_orders)
    tries = sa.text("SELECT order_id, reference FROM payment_attempt WHERE order_id IN :ids").bindparams(of_orders)
    while orders := connection.execute(batch, {"newest": newest, "at_once": AT_ONCE}).all():
        words = {id: words_of_row(*said) for id, *said in orders}
        ids = {"ids": list(words)}
        for order_id, name, sku in connection.execute(goods, ids):
            words[order_id] |= {*words_of(name), spelled(sku)}
        for order_id, reference in connection.execute(tries, ids):
            words[order_id].add(str(reference))
        rows = [{"word": one[:60], "order_id": id} for id, several in words.items() for one in several if one]
        connection.execute(sa.insert(word), rows)
        newest = orders[-1].id


def downgrade() -> None:
    op.drop_table("order_word")
    op.drop_index("ix_orders_paid", "orders")
    op.drop_index("ix_orders_area", "orders")
    for name in LYING:
        op.drop_index(name, "orders")
    op.drop_column("orders", "open_warning")
