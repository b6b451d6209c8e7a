"""what one buyer has open, and what one address was written to today, are counted at each order"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

WAITING = sa.text("(NOT payment <> 'awaiting')")
UNPROVEN = sa.text("(kind IN ('placed', 'failed', 'link', 'free'))")


def upgrade() -> None:
    for name, buyer in (("phone", "phone_number"), ("email", sa.text("lower(email)"))):
        index = f"ix_orders_open_of_{name}"
        op.create_index(index, "orders", [buyer], sqlite_where=WAITING, postgresql_where=WAITING)
    to = [sa.text("lower(recipient)"), "written_at"]
    op.create_index("ix_outbox_mail_unproven", "outbox_mail", to, sqlite_where=UNPROVEN, postgresql_where=UNPROVEN)


def downgrade() -> None:
    op.drop_index("ix_outbox_mail_unproven", "outbox_mail")
    op.drop_index("ix_orders_open_of_email", "orders")
    op.drop_index("ix_orders_open_of_phone", "orders")
