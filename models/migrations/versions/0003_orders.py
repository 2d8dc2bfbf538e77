"""Orders, requests after the sale, carrier and status mappings"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.create_table(
        "after_sale",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("type", sa.String(length=30), nullable=False),
        sa.Column("status", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("line_ids", json, nullable=False),
        sa.Column("refund", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.Integer(), nullable=False),
        sa.Column("replenish", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.String(length=20), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_code", sa.String(length=40), nullable=False),
        sa.Column("parked_cause", sa.String(), nullable=False),
        sa.Column("parked_fix", sa.String(), nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "kind", "request_id"),
    )
    op.create_index(op.f("ix_after_sale_order_id"), "after_sale", ["order_id"], unique=False)
    op.create_table(
        "buyer",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("id_customer", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "user_id"),
    )
    op.create_table(
        "notice",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "key"),
    )
    op.create_table(
        "tiktok_order",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("reasons", json, nullable=False),
        sa.Column("order_type", sa.String(length=30), nullable=False),
        sa.Column("fulfillment_type", sa.String(length=60), nullable=False),
        sa.Column("shipping_type", sa.String(length=20), nullable=False),
        sa.Column("delivery_option_id", sa.String(length=40), nullable=False),
        sa.Column("warehouse_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("buyer_wants_cancel", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.Integer(), nullable=False),
        sa.Column("ship_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total_paid", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("total_expected", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("ledger", json, nullable=False),
        sa.Column("buyer_secret", sa.String(), nullable=False),
        sa.Column("corrections_secret", sa.String(), nullable=False),
        sa.Column("address_changed", sa.Boolean(), nullable=False),
        sa.Column("id_customer", sa.Integer(), nullable=True),
        sa.Column("id_address", sa.Integer(), nullable=True),
        sa.Column("id_cart", sa.Integer(), nullable=True),
        sa.Column("id_order", sa.Integer(), nullable=True),
        sa.Column("reference", sa.String(length=255), nullable=False),
        sa.Column("sending", sa.String(length=20), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("prestashop_state", sa.Integer(), nullable=False),
        sa.Column("prestashop_total", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("prestashop_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parcels", json, nullable=False),
        sa.Column("parked_code", sa.String(length=40), nullable=False),
        sa.Column("parked_cause", sa.String(), nullable=False),
        sa.Column("parked_fix", sa.String(), nullable=False),
        sa.Column("parked_request_id", sa.String(length=64), nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "id_cart"),
        sa.UniqueConstraint("connection_id", "id_order"),
        sa.UniqueConstraint("connection_id", "order_id"),
    )
    op.create_index("ix_order_created", "tiktok_order", ["connection_id", "created_at"], unique=False)
    op.create_index("ix_order_stage", "tiktok_order", ["connection_id", "stage"], unique=False)
    op.create_table(
        "order_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_key", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["order_key"], ["tiktok_order.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_order_event_order_key"), "order_event", ["order_key"], unique=False)
    op.create_table(
        "order_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("order_key", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.String(length=40), nullable=False),
        sa.Column("sku_id", sa.String(length=40), nullable=False),
        sa.Column("product_id", sa.String(length=40), nullable=False),
        sa.Column("seller_sku", sa.String(length=255), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("original", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("seller_discount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("platform_discount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("paid", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("tax", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("package_id", sa.String(length=40), nullable=False),
        sa.Column("tracking_number", sa.String(length=64), nullable=False),
        sa.Column("provider_id", sa.String(length=40), nullable=False),
        sa.Column("provider_name", sa.String(length=120), nullable=False),
        sa.Column("id_product", sa.Integer(), nullable=True),
        sa.Column("id_product_attribute", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["order_key"], ["tiktok_order.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "line_id"),
    )
    op.create_index(op.f("ix_order_line_order_key"), "order_line", ["order_key"], unique=False)
    op.create_index("ix_order_line_sku", "order_line", ["connection_id", "sku_id"], unique=False)
    op.add_column(
        "carrier_mapping",
        sa.Column("provider_name", sa.String(length=120), server_default=sa.text("''"), nullable=False),
    )
    op.add_column(
        "status_mapping",
        sa.Column("cancel_reason", sa.String(length=100), server_default=sa.text("''"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("status_mapping", "cancel_reason")
    op.drop_column("carrier_mapping", "provider_name")
    op.drop_index("ix_order_line_sku", table_name="order_line")
    op.drop_index(op.f("ix_order_line_order_key"), table_name="order_line")
    op.drop_table("order_line")
    op.drop_index(op.f("ix_order_event_order_key"), table_name="order_event")
    op.drop_table("order_event")
    op.drop_index("ix_order_stage", table_name="tiktok_order")
    op.drop_index("ix_order_created", table_name="tiktok_order")
    op.drop_table("tiktok_order")
    op.drop_table("notice")
    op.drop_table("buyer")
    op.drop_index(op.f("ix_after_sale_order_id"), table_name="after_sale")
    op.drop_table("after_sale")
