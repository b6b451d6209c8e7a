"""old orders are found by their discount code too"""

import sqlalchemy as sa
from alembic import op

from shop.orders.search_index import words_of

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

AT_ONCE = 1000  # orders


def upgrade() -> None:
    connection = op.get_bind()
    newest, of_orders = 0, sa.bindparam("ids", expanding=True)
    batch = sa.text(
        "SELECT id, discount_code FROM orders WHERE discount_code <> '' AND id > :newest ORDER BY id LIMIT :at_once"
    )
    known = sa.text("SELECT word, order_id FROM order_word WHERE order_id IN :ids").bindparams(of_orders)
    word = sa.table("order_word", sa.column("word"), sa.column("order_id"))
    while orders := connection.execute(batch, {"newest": newest, "at_once": AT_ONCE}).all():
        there = {tuple(row) for row in connection.execute(known, {"ids": [order.id for order in orders]})}
        wanted = {(one[:60], order.id) for order in orders for one in words_of(order.discount_code)}
        rows = [{"word": one, "order_id": order_id} for one, order_id in sorted(wanted - there)]
        if rows:
            connection.execute(sa.insert(word), rows)
        newest = orders[-1].id


def downgrade() -> None:
    """The words stay: nothing tells them from those that new orders were given before."""
