"""the money book, and what a person has to look at"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SUMS = ("received", "given_back", "due_back", "short")


def upgrade() -> None:
    for name in SUMS:
        op.add_column("orders", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_orders_refund_due", "orders", ["refund_due"])
    op.create_index("ix_payment_attempt_state", "payment_attempt", ["state", "created_at"])
    op.create_table(
        "money_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.CheckConstraint(
            "(kind IN ('callback','by_hand') AND amount > 0) OR (kind IN ('refund','correction') AND amount < 0)",
            name=op.f("ck_money_entry_kind"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_money_entry_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["payment_attempt.id"], name=op.f("fk_money_entry_attempt_id_payment_attempt")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_money_entry")),
        sa.UniqueConstraint("code", name=op.f("uq_money_entry_code")),
    )
    op.create_index(op.f("ix_money_entry_order_id"), "money_entry", ["order_id"])
    op.create_index(op.f("ix_money_entry_attempt_id"), "money_entry", ["attempt_id"])
    op.create_index("ix_money_entry_kind_at", "money_entry", ["kind", "at"])
    op.create_table(
        "offered_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_offered_code_order_id_orders"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offered_code")),
    )
    op.create_index("uq_offered_code_order_id_code", "offered_code", ["order_id", "code"], unique=True)
    op.create_index(op.f("ix_offered_code_code"), "offered_code", ["code"])
    op.create_table(
        "payment_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open_key", sa.String(length=60), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=False),
        sa.Column("closing_words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_payment_check_order_id_orders"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["payment_attempt.id"],
            name=op.f("fk_payment_check_attempt_id_payment_attempt"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_check")),
        sa.UniqueConstraint("open_key", name=op.f("uq_payment_check_open_key")),
    )
    op.create_index("ix_payment_check_open", "payment_check", ["closed_at", "opened_at"])
    op.create_index(op.f("ix_payment_check_order_id"), "payment_check", ["order_id"])
    _book_what_came_before()


def _book_what_came_before() -> None:
    """Money that came before there was a book: every paid attempt, and what follows from it for its order."""
    op.execute(
        """
        INSERT INTO money_entry (at, order_id, attempt_id, kind, amount, method, code, reason, "by")
        SELECT COALESCE(
                   (SELECT MIN(heard.received_at) FROM callback_record AS heard
                    WHERE heard.attempt_id = paid.id AND heard.claim = 'yes'),
                   paid.created_at
               ),
               paid.order_id, paid.id, 'callback', paid.amount, paid.method, NULL, '', ''
        FROM payment_attempt AS paid WHERE paid.state = 'paid'
        """
    )
    op.execute(
        """
        UPDATE orders SET received = COALESCE(
            (SELECT SUM(entry.amount) FROM money_entry AS entry WHERE entry.order_id = orders.id), 0
        )
        """
    )
    op.execute(
        """
        UPDATE orders SET due_back = CASE WHEN payment = 'paid' THEN received - total ELSE received END
        WHERE refund_due AND (payment <> 'paid' OR received > total)
        """
    )


def downgrade() -> None:
    op.drop_table("payment_check")
    op.drop_table("offered_code")
    op.drop_table("money_entry")
    op.drop_index("ix_payment_attempt_state", "payment_attempt")
    op.drop_index("ix_orders_refund_due", "orders")
    for name in reversed(SUMS):
        op.drop_column("orders", name)
