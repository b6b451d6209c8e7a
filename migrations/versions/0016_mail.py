"""what became of each mail: refused for ever, unanswered, kept as a file; and where an order's receipt stands"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0020"
branch_labels = None
depends_on = None

WAITING = sa.text("(sent_at IS NULL AND ended_at IS NULL)")


def upgrade() -> None:
    for name in ("unanswered", "delays"):
        op.add_column("outbox_mail", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("outbox_mail", sa.Column("kept_as_file", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("outbox_mail", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE outbox_mail SET ended_at = next_try_at WHERE sent_at IS NULL AND tries >= 26")
    op.drop_index("ix_outbox_mail_due", "outbox_mail")
    op.create_index(
        "ix_outbox_mail_due", "outbox_mail", ["next_try_at"], sqlite_where=WAITING, postgresql_where=WAITING
    )
    op.create_index("ix_outbox_mail_state", "outbox_mail", ["sent_at", "ended_at"])
    op.add_column("orders", sa.Column("receipt_mail", sa.String(length=10), nullable=False, server_default=""))
    op.execute(
        "UPDATE orders SET receipt_mail = 'sent' WHERE id IN "
        "(SELECT order_id FROM outbox_mail WHERE kind IN ('paid', 'free') AND sent_at IS NOT NULL)"
    )


def downgrade() -> None:
    op.drop_column("orders", "receipt_mail")
    op.drop_index("ix_outbox_mail_state", "outbox_mail")
    op.drop_index("ix_outbox_mail_due", "outbox_mail")
    op.create_index("ix_outbox_mail_due", "outbox_mail", ["sent_at", "next_try_at"])
    for name in ("ended_at", "kept_as_file", "delays", "unanswered"):
        op.drop_column("outbox_mail", name)
