"""a variant may have a picture of its own"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    picture = sa.Column("picture_id", sa.Integer(), sa.ForeignKey("picture.id"), nullable=True)
    op.add_column("variant", picture, inline_references=True)
    op.create_index("ix_variant_picture_id", "variant", ["picture_id"])


def downgrade() -> None:
    op.drop_index("ix_variant_picture_id", "variant")
    op.drop_column("variant", "picture_id")
