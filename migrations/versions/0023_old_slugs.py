"""addresses that were given out are kept; what has no picture shows a neutral one"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0025"
branch_labels = None
depends_on = None

LOGO, NEUTRAL = "img/logo.svg", "img/no-image.svg"


def upgrade() -> None:
    op.create_table(
        "old_slug",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_old_slug"),
    )
    op.create_index("ix_old_slug_address", "old_slug", ["kind", "slug"], unique=True)
    change_pictures(LOGO, NEUTRAL)


def downgrade() -> None:
    change_pictures(NEUTRAL, LOGO)
    op.drop_index("ix_old_slug_address", "old_slug")
    op.drop_table("old_slug")


def change_pictures(was: str, now: str) -> None:
    category = sa.table("category", sa.column("picture"))
    op.execute(category.update().where(category.c.picture == was).values(picture=now))
