"""callbacks without an attempt, and tries to sign in"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unmatched_callback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("content_type", sa.String(length=200), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("from_browser", sa.Boolean(), nullable=False),
        sa.Column("claim", sa.String(length=10), nullable=False),
        sa.Column("reference", sa.String(length=19), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=True),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=False),
        sa.Column("closing_words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unmatched_callback")),
    )
    op.create_index("uq_unmatched_callback_body", "unmatched_callback", ["secret_hash", "digest"], unique=True)
    op.create_index("ix_unmatched_callback_open", "unmatched_callback", ["closed_at", "received_at"])
    op.create_table(
        "sign_in_tries",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_sign_in_tries")),
    )
    op.create_index(op.f("ix_sign_in_tries_began"), "sign_in_tries", ["began"])


def downgrade() -> None:
    op.drop_table("sign_in_tries")
    op.drop_table("unmatched_callback")
