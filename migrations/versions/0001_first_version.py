"""The first version of all tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None
AWAITING = sa.text("(NOT payment <> 'awaiting')")
UNPROVEN = sa.text("(kind IN ('placed', 'failed', 'order_link', 'free', 'back_in_stock'))")


def upgrade() -> None:
    op.create_table(
        "cart",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("area", sa.String(length=12), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("answers_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cart")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_cart_token_hash")),
    )
    op.create_index("ix_cart_answers_at", "cart", ["answers_at"], unique=False)
    op.create_index("ix_cart_updated_at", "cart", ["updated_at"], unique=False)

    op.create_table(
        "category",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("blurb", sa.String(length=200), nullable=False),
        sa.Column("image", sa.String(length=120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category")),
        sa.UniqueConstraint("slug", name=op.f("uq_category_slug")),
    )
    op.create_table(
        "content_page",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_page")),
        sa.UniqueConstraint("slug", name=op.f("uq_content_page_slug")),
    )
    op.create_table(
        "home_section",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("heading", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("image", sa.String(length=120), nullable=False),
        sa.Column("alt", sa.String(length=200), nullable=False),
        sa.Column("button", sa.String(length=40), nullable=False),
        sa.Column("link", sa.String(length=200), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('banner','facts','newest','featured','category','categories','text')",
            name=op.f("ck_home_section_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_home_section_category_id_category"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_home_section")),
    )
    op.create_index("ix_home_section_category_id", "home_section", ["category_id"], unique=False)
    op.create_table(
        "delivery_area",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("fee", sa.Integer(), nullable=False),
        sa.Column("free_from", sa.Integer(), nullable=True),
        sa.Column("delivery_time", sa.String(length=40), nullable=False),
        sa.Column("calendar", sa.String(length=20), nullable=True),
        sa.Column("pickup", sa.Boolean(), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("hours", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("fee >= 0 AND free_from > 0", name=op.f("ck_delivery_area_fee")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_area")),
        sa.UniqueConstraint("code", name=op.f("uq_delivery_area_code")),
    )
    op.create_table(
        "discount_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("minimum_subtotal", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("max_uses_per_buyer", sa.Integer(), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('percent', 'fixed')", name=op.f("ck_discount_code_kind")),
        sa.CheckConstraint("value > 0 AND (kind = 'fixed' OR value <= 100)", name=op.f("ck_discount_code_value")),
        sa.CheckConstraint("uses >= 0", name=op.f("ck_discount_code_uses")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_discount_code_category_id_category")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discount_code")),
        sa.UniqueConstraint("code", name=op.f("uq_discount_code_code")),
    )
    op.create_index("ix_discount_code_category_id", "discount_code", ["category_id"], unique=False)
    op.create_table(
        "idempotency_key",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_idempotency_key")),
    )
    op.create_index("ix_idempotency_key_at", "idempotency_key", ["at"], unique=False)

    op.create_table(
        "login_throttle",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_login_throttle")),
    )
    op.create_index("ix_login_throttle_began", "login_throttle", ["began"], unique=False)

    op.create_table(
        "old_slug",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_old_slug")),
    )
    op.create_index("ix_old_slug_address", "old_slug", ["kind", "slug"], unique=True)

    op.create_table(
        "one_time_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_link")),
        sa.UniqueConstraint("kind", "email", name=op.f("uq_one_time_link_kind_email")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_one_time_link_token_hash")),
    )
    op.create_table(
        "shared_cart",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=7), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_cart")),
        sa.UniqueConstraint("code", name=op.f("uq_shared_cart_code")),
    )
    op.create_index("ix_shared_cart_expires_at", "shared_cart", ["expires_at"], unique=False)

    op.create_table(
        "store_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=12), nullable=False),
        sa.Column("whatsapp", sa.String(length=12), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("tagline", sa.String(length=160), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("address", sa.String(length=250), nullable=False),
        sa.Column("logo", sa.String(length=120), nullable=False),
        sa.Column("stand_in", sa.String(length=120), nullable=False),
        sa.Column("colour", sa.String(length=7), nullable=False),
        sa.Column("corners", sa.String(length=10), nullable=False),
        sa.Column("typeface", sa.String(length=10), nullable=False),
        sa.Column("announcement", sa.String(length=160), nullable=False),
        sa.Column("closed_until", sa.Date(), nullable=True),
        sa.Column("closed_days", sa.Text(), nullable=False),
        sa.Column("hours", sa.String(length=160), nullable=False),
        sa.Column("kra_pin", sa.String(length=11), nullable=False),
        sa.Column("facebook", sa.String(length=160), nullable=False),
        sa.Column("instagram", sa.String(length=160), nullable=False),
        sa.Column("tiktok", sa.String(length=160), nullable=False),
        sa.Column("verification_threshold", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_store_settings_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_settings")),
    )
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
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(length=80), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unmatched_callback")),
    )
    op.create_index("ix_unmatched_callback_open", "unmatched_callback", ["resolved_at", "received_at"], unique=False)
    op.create_index("uq_unmatched_callback_body", "unmatched_callback", ["secret_hash", "digest"], unique=True)

    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("session_key", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("session_key", name=op.f("uq_users_session_key")),
    )
    op.create_table(
        "cart_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("shown_price", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity >= 0 AND removed >= 0", name=op.f("ck_cart_line_counts")),
        sa.ForeignKeyConstraint(["cart_id"], ["cart.id"], name=op.f("fk_cart_line_cart_id_cart"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cart_line")),
    )
    op.create_index("ix_cart_line_sku", "cart_line", ["cart_id", "sku"], unique=True)

    op.create_table(
        "import_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=43), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_import_draft_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_draft")),
        sa.UniqueConstraint("token", name=op.f("uq_import_draft_token")),
    )
    op.create_index("ix_import_draft_created_at", "import_draft", ["created_at"], unique=False)
    op.create_index("ix_import_draft_user_id", "import_draft", ["user_id"], unique=False)

    op.create_table(
        "kept_form",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_kept_form_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_kept_form")),
    )
    op.create_index("ix_kept_form_at", "kept_form", ["at"], unique=False)

    op.create_table(
        "login_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("browser", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_login_session_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_login_session_token_hash")),
    )
    op.create_index("ix_login_session_user_id", "login_session", ["user_id"], unique=False)

    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=12), nullable=False),
        sa.Column("token", sa.String(length=40), nullable=False),
        sa.Column("checkout_key", sa.String(length=40), nullable=False),
        sa.Column("payment", sa.String(length=12), nullable=False),
        sa.Column("fulfilment", sa.String(length=12), nullable=False),
        sa.Column("paid_late", sa.Boolean(), nullable=False),
        sa.Column("refund_due", sa.Boolean(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("refunded", sa.Integer(), nullable=False),
        sa.Column("refund_due_amount", sa.Integer(), nullable=False),
        sa.Column("shortfall", sa.Integer(), nullable=False),
        sa.Column("remaining_requested", sa.Integer(), nullable=False),
        sa.Column("open_warning", sa.Boolean(), nullable=False),
        sa.Column("attempts_opened", sa.Integer(), nullable=False),
        sa.Column("collection_code", sa.String(length=4), nullable=False),
        sa.Column("collection_code_tries", sa.Integer(), nullable=False),
        sa.Column("full_name", sa.String(length=120), nullable=False),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("location", sa.String(length=250), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("receiver_name", sa.String(length=120), nullable=False),
        sa.Column("receiver_phone", sa.String(length=12), nullable=False),
        sa.Column("area_name", sa.String(length=80), nullable=False),
        sa.Column("area_delivery_time", sa.String(length=40), nullable=False),
        sa.Column("delivery_calendar", sa.String(length=20), nullable=True),
        sa.Column("deliver_from", sa.Date(), nullable=True),
        sa.Column("deliver_by", sa.Date(), nullable=True),
        sa.Column("pickup", sa.Boolean(), nullable=False),
        sa.Column("pickup_place", sa.String(length=300), nullable=False),
        sa.Column("subtotal", sa.Integer(), nullable=False),
        sa.Column("discount", sa.Integer(), nullable=False),
        sa.Column("delivery_fee", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("discount_code", sa.String(length=40), nullable=False),
        sa.Column("discount_claimed", sa.Boolean(), nullable=False),
        sa.Column("discount_code_id", sa.Integer(), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fulfilment_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_verified_by", sa.String(length=80), nullable=False),
        sa.Column("receipt_email", sa.String(length=10), nullable=False),
        sa.Column("anonymised_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "fulfilment IN ('unfulfilled','packed','sent','delivered','collected')", name=op.f("ck_orders_fulfilment")
        ),
        sa.CheckConstraint(
            "payment IN ('awaiting','paid','review','expired','cancelled','refunded')", name=op.f("ck_orders_payment")
        ),
        sa.CheckConstraint(
            "subtotal - discount + delivery_fee = total AND total >= 0 AND discount <= subtotal",
            name=op.f("ck_orders_sum"),
        ),
        sa.ForeignKeyConstraint(
            ["discount_code_id"], ["discount_code.id"], name=op.f("fk_orders_discount_code_id_discount_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("checkout_key", name=op.f("uq_orders_checkout_key")),
        sa.UniqueConstraint("number", name=op.f("uq_orders_number")),
        sa.UniqueConstraint("token", name=op.f("uq_orders_token")),
    )
    op.create_index("ix_orders_anonymise", "orders", ["anonymised_at", "placed_at"], unique=False)
    op.create_index("ix_orders_area", "orders", ["area_name", "placed_at", "id"], unique=False)
    op.create_index("ix_orders_discount_code_id", "orders", ["discount_code_id"], unique=False)
    op.create_index("ix_orders_email", "orders", ["email"], unique=False)
    op.create_index("ix_orders_expiry", "orders", ["payment", "expires_at"], unique=False)
    op.create_index("ix_orders_newest", "orders", ["placed_at", "id"], unique=False)
    op.create_index("ix_orders_paid", "orders", ["paid_at", "id"], unique=False)
    op.create_index("ix_orders_phone_number", "orders", ["phone_number"], unique=False)
    op.create_index("ix_orders_refund_due", "orders", ["refund_due"], unique=False)
    op.create_index(
        "ix_orders_done",
        "orders",
        ["placed_at", "id"],
        unique=False,
        sqlite_where=sa.text("(fulfilment IN ('delivered', 'collected'))"),
        postgresql_where=sa.text("(fulfilment IN ('delivered', 'collected'))"),
    )
    op.create_index(
        "ix_orders_open_of_email",
        "orders",
        [sa.text("lower(email)")],
        unique=False,
        sqlite_where=AWAITING,
        postgresql_where=AWAITING,
    )
    op.create_index(
        "ix_orders_open_of_phone",
        "orders",
        ["phone_number"],
        unique=False,
        sqlite_where=sa.text("(NOT payment <> 'awaiting')"),
        postgresql_where=sa.text("(NOT payment <> 'awaiting')"),
    )
    op.create_index(
        "ix_orders_sent",
        "orders",
        ["placed_at", "id"],
        unique=False,
        sqlite_where=sa.text("(NOT fulfilment <> 'sent')"),
        postgresql_where=sa.text("(NOT fulfilment <> 'sent')"),
    )
    op.create_index(
        "ix_orders_to_collect",
        "orders",
        ["placed_at", "id"],
        unique=False,
        sqlite_where=sa.text("(NOT payment <> 'paid' AND fulfilment = 'packed' AND pickup)"),
        postgresql_where=sa.text("(NOT payment <> 'paid' AND fulfilment = 'packed' AND pickup)"),
    )
    op.create_index(
        "ix_orders_to_pack",
        "orders",
        ["placed_at", "id"],
        unique=False,
        sqlite_where=sa.text("(NOT payment <> 'paid' AND fulfilment = 'unfulfilled')"),
        postgresql_where=sa.text("(NOT payment <> 'paid' AND fulfilment = 'unfulfilled')"),
    )
    op.create_index(
        "ix_orders_to_send",
        "orders",
        ["placed_at", "id"],
        unique=False,
        sqlite_where=sa.text("(NOT payment <> 'paid' AND fulfilment = 'packed' AND NOT pickup)"),
        postgresql_where=sa.text("(NOT payment <> 'paid' AND fulfilment = 'packed' AND NOT pickup)"),
    )
    op.create_index(
        "ix_orders_unverified",
        "orders",
        ["total"],
        unique=False,
        sqlite_where=sa.text(
            "(NOT payment <> 'paid' AND fulfilment IN ('unfulfilled', 'packed') AND payment_verified_at IS NULL)"
        ),
        postgresql_where=sa.text(
            "(NOT payment <> 'paid' AND fulfilment IN ('unfulfilled', 'packed') AND payment_verified_at IS NULL)"
        ),
    )
    op.create_index(
        "ix_orders_waiting",
        "orders",
        ["placed_at", "id"],
        unique=False,
        sqlite_where=sa.text("(NOT payment <> 'awaiting')"),
        postgresql_where=sa.text("(NOT payment <> 'awaiting')"),
    )
    op.create_index(
        "ix_orders_warned",
        "orders",
        ["placed_at", "id"],
        unique=False,
        sqlite_where=sa.text("(open_warning)"),
        postgresql_where=sa.text("(open_warning)"),
    )

    op.create_table(
        "product",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("search_words", sa.String(length=200), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("featured", sa.Boolean(), nullable=False),
        sa.Column("option_1", sa.String(length=40), nullable=False),
        sa.Column("option_2", sa.String(length=40), nullable=False),
        sa.Column("option_3", sa.String(length=40), nullable=False),
        sa.Column("needs_options", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("review_count", sa.Integer(), nullable=False),
        sa.Column("review_stars", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('draft', 'published', 'hidden', 'archived')", name=op.f("ck_product_status")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_product_category_id_category")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("slug", name=op.f("uq_product_slug")),
    )
    op.create_index("ix_product_newest", "product", ["status", "position", "id"], unique=False)
    op.create_index("ix_product_shelf", "product", ["category_id", "status", "position"], unique=False)

    op.create_table(
        "product_search_term",
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column(
            "word", sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "stem", sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["product.id"],
            name=op.f("fk_product_search_term_product_id_product"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("product_id", "word", name=op.f("pk_product_search_term")),
    )
    op.create_index(
        "ix_product_search_term_stem", "product_search_term", ["stem", "product_id", "weight"], unique=False
    )
    op.create_index(
        "ix_product_search_term_word", "product_search_term", ["word", "product_id", "weight"], unique=False
    )

    op.create_table(
        "recovery_code",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_recovery_code_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_index("ix_recovery_code_user_id", "recovery_code", ["user_id"], unique=False)

    op.create_table(
        "shared_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cart_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shared_line_quantity")),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["shared_cart.id"], name=op.f("fk_shared_line_cart_id_shared_cart"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_line")),
    )
    op.create_index("ix_shared_line_cart_id", "shared_line", ["cart_id"], unique=False)

    op.create_table(
        "two_factor",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_two_factor_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_two_factor")),
    )
    op.create_table(
        "two_factor_try",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_two_factor_try_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_two_factor_try")),
    )
    op.create_index("ix_two_factor_try_of_user", "two_factor_try", ["user_id", "at"], unique=False)

    op.create_table(
        "audit_log_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("who", sa.String(length=254), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_audit_log_entry_order_id_orders"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_audit_log_entry_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log_entry")),
    )
    op.create_index("ix_audit_log_entry_newest", "audit_log_entry", ["at", "id"], unique=False)
    op.create_index("ix_audit_log_entry_of_user", "audit_log_entry", ["user_id", "id"], unique=False)
    op.create_index("ix_audit_log_entry_order_id", "audit_log_entry", ["order_id"], unique=False)

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
    op.create_index("ix_offered_code_code", "offered_code", ["code"], unique=False)
    op.create_index("uq_offered_code_order_id_code", "offered_code", ["order_id", "code"], unique=True)

    op.create_table(
        "order_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("for_buyer", sa.Boolean(), nullable=False),
        sa.Column("warning", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Boolean(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_event_order_id_orders"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_event")),
    )
    op.create_index("ix_order_event_idempotency_key", "order_event", ["idempotency_key"], unique=True)
    op.create_index("ix_order_event_order_id", "order_event", ["order_id"], unique=False)

    op.create_table(
        "order_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("image", sa.String(length=120), nullable=False),
        sa.Column("unit_price", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("refunded", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("quantity > 0 AND unit_price >= 0", name=op.f("ck_order_line_counts")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_line_order_id_orders"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_line")),
    )
    op.create_index("ix_order_line_order_id", "order_line", ["order_id"], unique=False)

    op.create_table(
        "order_search_term",
        sa.Column(
            "word", sa.String(length=60).with_variant(sa.String(length=60, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_search_term_order_id_orders"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("word", "order_id", name=op.f("pk_order_search_term")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_order_search_term_of_order", "order_search_term", ["order_id", "word"], unique=False)

    op.create_table(
        "outbox_email",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("idempotency_key", sa.String(length=80), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("encrypted", sa.Boolean(), nullable=False),
        sa.Column("message_id", sa.String(length=120), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("unanswered", sa.Integer(), nullable=False),
        sa.Column("delays", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kept_as_file", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_outbox_email_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_email")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_outbox_email_idempotency_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_email_message_id")),
    )
    op.create_index(
        "ix_outbox_email_due",
        "outbox_email",
        ["next_try_at"],
        unique=False,
        sqlite_where=sa.text("(sent_at IS NULL AND ended_at IS NULL)"),
        postgresql_where=sa.text("(sent_at IS NULL AND ended_at IS NULL)"),
    )
    op.create_index(
        "ix_outbox_email_unproven",
        "outbox_email",
        [sa.text("lower(recipient)"), "written_at"],
        unique=False,
        sqlite_where=UNPROVEN,
        postgresql_where=UNPROVEN,
    )
    op.create_index("ix_outbox_email_order_id", "outbox_email", ["order_id"], unique=False)
    op.create_index("ix_outbox_email_recipient", "outbox_email", ["recipient", "id"], unique=False)
    op.create_index("ix_outbox_email_state", "outbox_email", ["sent_at", "ended_at"], unique=False)

    op.create_table(
        "payment_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Integer(), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("checkout_link", sa.String(length=2048), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("create_error", sa.String(length=40), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("reported_amount", sa.Integer(), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("transaction_code", sa.String(length=40), nullable=False),
        sa.CheckConstraint(
            "state IN ('creating','create_failed','open','paid','failed','review','superseded')",
            name=op.f("ck_payment_attempt_state"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_attempt_amount")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_payment_attempt_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_attempt")),
        sa.UniqueConstraint("checkout_link", name=op.f("uq_payment_attempt_checkout_link")),
        sa.UniqueConstraint("reference", name=op.f("uq_payment_attempt_reference")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_payment_attempt_secret_hash")),
    )
    op.create_index("ix_payment_attempt_newest", "payment_attempt", ["created_at", "id"], unique=False)
    op.create_index("ix_payment_attempt_order_id", "payment_attempt", ["order_id"], unique=False)
    op.create_index("ix_payment_attempt_state", "payment_attempt", ["state", "created_at"], unique=False)

    op.create_table(
        "product_edit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_edit_product_id_product"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_edit")),
    )
    op.create_index("ix_product_edit_version", "product_edit", ["product_id", "version"], unique=True)

    op.create_table(
        "product_image",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=120), nullable=False),
        sa.Column("alt", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_image_product_id_product"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_image")),
    )
    op.create_index("ix_product_image_place", "product_image", ["product_id", "position"], unique=True)

    op.create_table(
        "stock_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("idempotency_key", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_stock_entry_order_id_orders"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_entry")),
    )
    op.create_index("ix_stock_entry_idempotency_key", "stock_entry", ["idempotency_key"], unique=True)
    op.create_index("ix_stock_entry_newest", "stock_entry", ["sku", "id"], unique=False)
    op.create_index("ix_stock_entry_order_id", "stock_entry", ["order_id"], unique=False)

    op.create_table(
        "callback_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("claim", sa.String(length=10), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=True),
        sa.Column("row", sa.String(length=4), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("alert", sa.Boolean(), nullable=False),
        sa.Column("spool_name", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["payment_attempt.id"], name=op.f("fk_callback_record_attempt_id_payment_attempt")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_record")),
        sa.UniqueConstraint("spool_name", name=op.f("uq_callback_record_spool_name")),
    )
    op.create_index("ix_callback_record_attempt", "callback_record", ["attempt_id", "id"], unique=False)

    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=True),
        sa.Column("lookalike", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("before", sa.String(length=12), nullable=False),
        sa.CheckConstraint(
            "(kind IN ('callback','by_hand') AND amount > 0) OR (kind IN ('refund','correction') AND amount < 0)",
            name=op.f("ck_ledger_entry_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["payment_attempt.id"], name=op.f("fk_ledger_entry_attempt_id_payment_attempt")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_ledger_entry_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("code", name=op.f("uq_ledger_entry_code")),
    )
    op.create_index("ix_ledger_entry_attempt_id", "ledger_entry", ["attempt_id"], unique=False)
    op.create_index("ix_ledger_entry_kind_at", "ledger_entry", ["kind", "at"], unique=False)
    op.create_index("ix_ledger_entry_lookalike", "ledger_entry", ["lookalike"], unique=False)
    op.create_index("ix_ledger_entry_order_id", "ledger_entry", ["order_id"], unique=False)

    op.create_table(
        "review_flag",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open_key", sa.String(length=60), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(length=80), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["payment_attempt.id"],
            name=op.f("fk_review_flag_attempt_id_payment_attempt"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_review_flag_order_id_orders"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_flag")),
        sa.UniqueConstraint("open_key", name=op.f("uq_review_flag_open_key")),
    )
    op.create_index("ix_review_flag_open", "review_flag", ["resolved_at", "opened_at"], unique=False)
    op.create_index("ix_review_flag_order_id", "review_flag", ["order_id"], unique=False)

    op.create_table(
        "variant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.Column("was_price", sa.Integer(), nullable=True),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("value_1", sa.String(length=60), nullable=False),
        sa.Column("value_2", sa.String(length=60), nullable=False),
        sa.Column("value_3", sa.String(length=60), nullable=False),
        sa.Column("low_stock_threshold", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("0 <= held AND held <= on_hand", name=op.f("ck_variant_stock")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_variant_price")),
        sa.CheckConstraint("was_price > price", name=op.f("ck_variant_was_price")),
        sa.ForeignKeyConstraint(["image_id"], ["product_image.id"], name=op.f("fk_variant_image_id_product_image")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_variant_product_id_product"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variant")),
        sa.UniqueConstraint("sku", name=op.f("uq_variant_sku")),
    )
    op.create_index("ix_variant_image_id", "variant", ["image_id"], unique=False)
    op.create_index("ix_variant_product_id", "variant", ["product_id"], unique=False)

    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reply", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("1 <= stars AND stars <= 5", name=op.f("ck_review_stars")),
        sa.CheckConstraint("state IN ('waiting', 'shown', 'hidden')", name=op.f("ck_review_state")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_review_product_id_product"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_review_order_id_orders"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    op.create_index("ix_review_of_order", "review", ["order_id", "product_id"], unique=True)
    op.create_index("ix_review_of_product", "review", ["product_id", "state", "id"], unique=False)
    op.create_index("ix_review_state", "review", ["state", "id"], unique=False)

    op.create_table(
        "back_in_stock_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("variant_id", sa.Integer(), nullable=False),
        sa.Column("contact", sa.String(length=254), nullable=False),
        sa.Column("by_email", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_back_in_stock_request_variant_id_variant"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_back_in_stock_request")),
    )
    op.create_index("ix_back_in_stock_request_asked_at", "back_in_stock_request", ["asked_at"], unique=False)
    op.create_index("ix_back_in_stock_request_contact", "back_in_stock_request", ["contact"], unique=False)
    op.create_index("ix_back_in_stock_request_kind", "back_in_stock_request", ["by_email", "variant_id"], unique=False)
    op.create_index("ix_back_in_stock_request_once", "back_in_stock_request", ["variant_id", "contact"], unique=True)


def downgrade() -> None:
    op.drop_table("back_in_stock_request")
    op.drop_table("review")
    op.drop_table("variant")
    op.drop_table("review_flag")
    op.drop_table("ledger_entry")
    op.drop_table("callback_record")
    op.drop_table("stock_entry")
    op.drop_table("product_search_term")
    op.drop_table("product_image")
    op.drop_table("product_edit")
    op.drop_table("payment_attempt")
    op.drop_table("outbox_email")
    op.drop_table("order_search_term")
    op.drop_table("order_line")
    op.drop_table("order_event")
    op.drop_table("offered_code")
    op.drop_table("audit_log_entry")
    op.drop_table("two_factor_try")
    op.drop_table("two_factor")
    op.drop_table("shared_line")
    op.drop_table("recovery_code")
    op.drop_table("product")
    op.drop_table("orders")
    op.drop_table("login_session")
    op.drop_table("kept_form")
    op.drop_table("import_draft")
    op.drop_table("cart_line")
    op.drop_table("users")
    op.drop_table("unmatched_callback")
    op.drop_table("store_settings")
    op.drop_table("shared_cart")
    op.drop_table("one_time_link")
    op.drop_table("old_slug")
    op.drop_table("login_throttle")
    op.drop_table("idempotency_key")
    op.drop_table("discount_code")
    op.drop_table("delivery_area")
    op.drop_table("home_section")
    op.drop_table("content_page")
    op.drop_table("category")
    op.drop_table("cart")
