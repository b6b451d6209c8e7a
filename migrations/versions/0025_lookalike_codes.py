"""M-PESA codes that look the same are found together; orders are found by address, note and total too"""

import sqlalchemy as sa
from alembic import op

from shop.orders.search_index import words_of
from shop.payments.mpesa_messages import lookalike

revision = "0025"
down_revision = "0016"
branch_labels = None
depends_on = None

AT_ONCE = 1000  # orders


def upgrade() -> None:
    op.add_column("money_entry", sa.Column("lookalike", sa.String(length=10), nullable=True))
    connection = op.get_bind()
    for entry in connection.execute(sa.text("SELECT id, code FROM money_entry WHERE code IS NOT NULL")).all():
        said = {"id": entry.id, "lookalike": lookalike(entry.code)}
        connection.execute(sa.text("UPDATE money_entry SET lookalike = :lookalike WHERE id = :id"), said)
    op.create_index("ix_money_entry_lookalike", "money_entry", ["lookalike"])
    note_all(connection)


def note_all(connection: sa.Connection) -> None:
    """Let the orders that are there be found by what new ones are: a thousand at a time, in three queries and an insert."""
    newest, of_orders = 0, sa.bindparam("ids", expanding=True)
    batch = sa.text("SELECT id, location, note, total FROM orders WHERE id > :newest ORDER BY id LIMIT :at_once")
    notes = sa.text("SELECT order_id, words FROM order_event WHERE note AND order_id IN :ids").bindparams(of_orders)
    known = sa.text("SELECT word, order_id FROM order_word WHERE order_id IN :ids").bindparams(of_orders)
    word = sa.table("order_word", sa.column("word"), sa.column("order_id"))
    while orders := connection.execute(batch, {"newest": newest, "at_once": AT_ONCE}).all():
        ids = {"ids": [order.id for order in orders]}
        wanted = {(one, order.id) for order in orders for one in words_of(order.location, order.note)}
        wanted |= {(str(order.total), order.id) for order in orders}
        wanted |= {(one, note.order_id) for note in connection.execute(notes, ids) for one in words_of(note.words)}
        there = {tuple(row) for row in connection.execute(known, ids)}
        rows = [
            {"word": one, "order_id": order_id} for one, order_id in sorted({(w[:60], i) for w, i in wanted} - there)
        ]
        if rows:
            connection.execute(sa.insert(word), rows)
        newest = orders[-1].id


def downgrade() -> None:
    """The words stay: nothing tells them from those that new orders were given before."""
    op.drop_index("ix_money_entry_lookalike", table_name="money_entry")
    op.drop_column("money_entry", "lookalike")
