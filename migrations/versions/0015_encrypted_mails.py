"""a mail that holds a one-time link is encrypted whole, and says so"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # what was sealed in the middle of a text opens no more: ask for a new link
    op.add_column("outbox_mail", sa.Column("encrypted", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("outbox_mail", "encrypted")
