"""who sits where, second factors, one-time links"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _of_a_merchant(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_merchant_id_merchant")
    return sa.ForeignKeyConstraint(["merchant_id"], ["merchant.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    op.add_column("merchant", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_staff_act_of_person", "staff_act", ["merchant_id", "id"])
    op.create_table(
        "sitting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("browser", sa.String(length=60), nullable=False),
        _of_a_merchant("sitting"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sitting")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sitting_token_hash")),
    )
    op.create_index(op.f("ix_sitting_merchant_id"), "sitting", ["merchant_id"])
    op.create_table(
        "second_factor",
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        _of_a_merchant("second_factor"),
        sa.PrimaryKeyConstraint("merchant_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        _of_a_merchant("recovery_code"),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_merchant_id"), "recovery_code", ["merchant_id"])
    op.create_table(
        "code_try",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("merchant_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _of_a_merchant("code_try"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_try")),
    )
    op.create_index("ix_code_try_of_person", "code_try", ["merchant_id", "at"])
    op.create_table(
        "one_time_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=254), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_link")),
        sa.UniqueConstraint("kind", "email", name=op.f("uq_one_time_link_kind_email")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_one_time_link_token_hash")),
    )
    op.create_table(
        "failed_sign_ins",
        sa.Column("merchant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "day", name=op.f("pk_failed_sign_ins")),
    )


def downgrade() -> None:
    for table in ("failed_sign_ins", "one_time_link", "code_try", "recovery_code", "second_factor", "sitting"):
        op.drop_table(table)
    op.drop_index("ix_staff_act_of_person", "staff_act")
    op.drop_column("merchant", "seen_at")
