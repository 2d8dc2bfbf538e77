"""First schema"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "connection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("contact_email", sa.String(length=254), nullable=False),
        sa.Column("prestashop_url", sa.String(length=500), nullable=False),
        sa.Column("prestashop_key_secret", sa.String(), nullable=False),
        sa.Column("prestashop_version", sa.String(length=20), nullable=False),
        sa.Column("prestashop_timezone", sa.String(length=64), nullable=False),
        sa.Column("prestashop_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("region", sa.String(length=2), nullable=False),
        sa.Column("tiktok_api_url", sa.String(length=500), nullable=False),
        sa.Column("tiktok_auth_url", sa.String(length=500), nullable=False),
        sa.Column("app_key", sa.String(length=64), nullable=False),
        sa.Column("app_secret_secret", sa.String(), nullable=False),
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("shop_id", sa.String(length=64), nullable=False),
        sa.Column("shop_name", sa.String(length=255), nullable=False),
        sa.Column("shop_cipher", sa.String(length=255), nullable=False),
        sa.Column("category_version", sa.String(length=2), nullable=False),
        sa.Column("access_token_secret", sa.String(), nullable=False),
        sa.Column("access_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refresh_token_secret", sa.String(), nullable=False),
        sa.Column("refresh_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("open_id", sa.String(length=128), nullable=False),
        sa.Column("seller_name", sa.String(length=255), nullable=False),
        sa.Column("granted_scopes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("authorization", sa.String(length=20), nullable=False),
        sa.Column("last_call_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "assignment",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id_product", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=True),
        sa.Column("inputs_hash", sa.String(length=32), nullable=False),
        sa.Column("content_hash", sa.String(length=32), nullable=False),
        sa.Column("findings", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("reasons", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "id_product"),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assignment_template_id"), ["template_id"], unique=False)

    op.create_table(
        "brand",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("is_authorized", sa.Boolean(), nullable=False),
        sa.Column("is_t1", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "id"),
    )
    op.create_table(
        "brand_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("manufacturer", sa.String(length=255), nullable=False),
        sa.Column("brand_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "manufacturer"),
    )
    op.create_table(
        "carrier_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id_reference", sa.Integer(), nullable=False),
        sa.Column("delivery_option_id", sa.String(length=40), nullable=False),
        sa.Column("provider_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "id_reference", "delivery_option_id"),
    )
    op.create_table(
        "category",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("parent_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("is_leaf", sa.Boolean(), nullable=False),
        sa.Column("permission_statuses", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("details_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rules", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "id"),
    )
    op.create_table(
        "category_attribute",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(length=30), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("is_multiple_selection", sa.Boolean(), nullable=False),
        sa.Column("is_customizable", sa.Boolean(), nullable=False),
        sa.Column("value_data_format", sa.String(), nullable=False),
        sa.Column("values", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("requirement_conditions", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "category_id", "id"),
    )
    op.create_table(
        "category_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("manufacturer_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("supplier_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("category_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("markup", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("category_id", sa.String(length=40), nullable=False),
        sa.Column("package_weight", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("package_length", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("package_width", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("package_height", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("cod_allowed", sa.Boolean(), nullable=False),
        sa.Column("size_chart", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("certificates", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("manufacturer_gpsr_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("responsible_person_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "name"),
    )
    with op.batch_alter_table("category_template", schema=None) as batch_op:
        batch_op.create_index(
            "one_default_template",
            ["connection_id"],
            unique=True,
            sqlite_where=sa.text("is_default"),
            postgresql_where=sa.text("is_default"),
        )

    op.create_table(
        "delivery_option",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("warehouse_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(length=30), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "warehouse_id", "id"),
    )
    op.create_table(
        "listing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.String(length=40), nullable=False),
        sa.Column("id_product", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("audit_status", sa.String(length=30), nullable=False),
        sa.Column("status_reasons", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("content_hash", sa.String(length=32), nullable=False),
        sa.Column("content", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("update_time", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "id_product"),
        sa.UniqueConstraint("connection_id", "product_id"),
    )
    op.create_table(
        "media",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("use_case", sa.String(length=30), nullable=False),
        sa.Column("uri", sa.String(length=500), nullable=False),
        sa.Column("url", sa.String(length=1000), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "content_hash", "use_case"),
    )
    op.create_table(
        "plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("flow", sa.String(length=40), nullable=False),
        sa.Column("parameters", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "product",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id_product", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("supplier_reference", sa.String(), nullable=False),
        sa.Column("ean13", sa.String(), nullable=False),
        sa.Column("upc", sa.String(), nullable=False),
        sa.Column("isbn", sa.String(), nullable=False),
        sa.Column("mpn", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("available_for_order", sa.Boolean(), nullable=False),
        sa.Column("show_price", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("visibility", sa.String(), nullable=False),
        sa.Column("customizable", sa.Integer(), nullable=False),
        sa.Column("product_type", sa.String(), nullable=False),
        sa.Column("is_virtual", sa.Boolean(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("id_manufacturer", sa.Integer(), nullable=False),
        sa.Column("id_supplier", sa.Integer(), nullable=False),
        sa.Column("supplier_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("id_category_default", sa.Integer(), nullable=False),
        sa.Column("category_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("id_tax_rules_group", sa.Integer(), nullable=False),
        sa.Column("price", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("ecotax", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("weight", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("width", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("height", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("depth", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("minimal_quantity", sa.Integer(), nullable=False),
        sa.Column("pack_stock_type", sa.Integer(), nullable=False),
        sa.Column("bundle", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("name", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("description", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("description_short", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("image_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("features", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("out_of_stock", sa.Integer(), nullable=False),
        sa.Column("date_upd", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.Column("mirrored_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "id_product"),
    )
    op.create_table(
        "product_image",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id_image", sa.Integer(), nullable=False),
        sa.Column("id_product", sa.Integer(), nullable=False),
        sa.Column("image_type", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("refused", sa.String(length=60), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "id_image"),
    )
    with op.batch_alter_table("product_image", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_product_image_id_product"), ["id_product"], unique=False)

    op.create_table(
        "settings_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "version"),
    )
    op.create_table(
        "shipping_provider",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("delivery_option_id", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "delivery_option_id", "id"),
    )
    op.create_table(
        "shop_record",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("resource", sa.String(length=40), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "resource", "id"),
    )
    op.create_table(
        "specific_price",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("id_product", sa.Integer(), nullable=False),
        sa.Column("id_product_attribute", sa.Integer(), nullable=False),
        sa.Column("id_shop", sa.Integer(), nullable=False),
        sa.Column("id_shop_group", sa.Integer(), nullable=False),
        sa.Column("id_currency", sa.Integer(), nullable=False),
        sa.Column("id_country", sa.Integer(), nullable=False),
        sa.Column("id_group", sa.Integer(), nullable=False),
        sa.Column("id_customer", sa.Integer(), nullable=False),
        sa.Column("id_specific_price_rule", sa.Integer(), nullable=False),
        sa.Column("price", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("from_quantity", sa.Integer(), nullable=False),
        sa.Column("reduction", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("reduction_tax", sa.Boolean(), nullable=False),
        sa.Column("reduction_type", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "id"),
    )
    with op.batch_alter_table("specific_price", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_specific_price_id_product"), ["id_product"], unique=False)

    op.create_table(
        "status_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("direction", sa.String(length=20), nullable=False),
        sa.Column("tiktok_status", sa.String(length=40), nullable=False),
        sa.Column("id_order_state", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "direction", "tiktok_status", "id_order_state"),
    )
    op.create_table(
        "taxonomy_refresh",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("categories", sa.Integer(), nullable=False),
        sa.Column("brands", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id"),
    )
    op.create_table(
        "variant",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id_product", sa.Integer(), nullable=False),
        sa.Column("id_product_attribute", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("supplier_reference", sa.String(), nullable=False),
        sa.Column("ean13", sa.String(), nullable=False),
        sa.Column("upc", sa.String(), nullable=False),
        sa.Column("isbn", sa.String(), nullable=False),
        sa.Column("mpn", sa.String(), nullable=False),
        sa.Column("price", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("ecotax", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("weight", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("minimal_quantity", sa.Integer(), nullable=False),
        sa.Column("default_on", sa.Boolean(), nullable=False),
        sa.Column("option_value_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("image_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.Column("mirrored_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "id_product", "id_product_attribute"),
    )
    op.create_table(
        "warehouse",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(length=30), nullable=False),
        sa.Column("effect_status", sa.String(length=30), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "id"),
    )
    op.create_table(
        "watermark",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "name"),
    )
    op.create_table(
        "attribute_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("group", sa.String(length=20), nullable=False),
        sa.Column("attribute_id", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("source_key", sa.String(length=255), nullable=False),
        sa.Column("fixed_values", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("free_text", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["template_id"], ["category_template.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("template_id", "attribute_id"),
    )
    op.create_table(
        "change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("id_product", sa.Integer(), nullable=True),
        sa.Column("before", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("after", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("reasons", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("idempotency_key", sa.String(length=128), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("fix", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_change_id_product"), ["id_product"], unique=False)
        batch_op.create_index(batch_op.f("ix_change_plan_id"), ["plan_id"], unique=False)
        batch_op.create_index("ix_change_state", ["connection_id", "state", "kind"], unique=False)
        batch_op.create_index(
            "one_open_change",
            ["connection_id", "kind", "object"],
            unique=True,
            sqlite_where=sa.text("state IN ('planned', 'sent')"),
            postgresql_where=sa.text("state IN ('planned', 'sent')"),
        )

    op.create_table(
        "listing_sku",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("listing_id", sa.Integer(), nullable=False),
        sa.Column("sku_id", sa.String(length=40), nullable=False),
        sa.Column("seller_sku", sa.String(length=255), nullable=False),
        sa.Column("id_product", sa.Integer(), nullable=True),
        sa.Column("id_product_attribute", sa.Integer(), nullable=True),
        sa.Column("price", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("quantities", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "id_product", "id_product_attribute"),
        sa.UniqueConstraint("connection_id", "sku_id"),
    )
    with op.batch_alter_table("listing_sku", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_listing_sku_listing_id"), ["listing_id"], unique=False)
        batch_op.create_index("ix_listing_sku_seller_sku", ["connection_id", "seller_sku"], unique=False)

    op.create_table(
        "value_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mapping_id", sa.Integer(), nullable=False),
        sa.Column("source_value", sa.String(length=255), nullable=False),
        sa.Column("value_id", sa.String(length=40), nullable=False),
        sa.Column("value_name", sa.String(length=2000), nullable=False),
        sa.ForeignKeyConstraint(["mapping_id"], ["attribute_mapping.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mapping_id", "source_value"),
    )


def downgrade() -> None:

    op.drop_table("value_mapping")
    with op.batch_alter_table("listing_sku", schema=None) as batch_op:
        batch_op.drop_index("ix_listing_sku_seller_sku")
        batch_op.drop_index(batch_op.f("ix_listing_sku_listing_id"))

    op.drop_table("listing_sku")
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.drop_index(
            "one_open_change",
            sqlite_where=sa.text("state IN ('planned', 'sent')"),
            postgresql_where=sa.text("state IN ('planned', 'sent')"),
        )
        batch_op.drop_index("ix_change_state")
        batch_op.drop_index(batch_op.f("ix_change_plan_id"))
        batch_op.drop_index(batch_op.f("ix_change_id_product"))

    op.drop_table("change")
    op.drop_table("attribute_mapping")
    op.drop_table("watermark")
    op.drop_table("warehouse")
    op.drop_table("variant")
    op.drop_table("taxonomy_refresh")
    op.drop_table("status_mapping")
    with op.batch_alter_table("specific_price", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_specific_price_id_product"))

    op.drop_table("specific_price")
    op.drop_table("shop_record")
    op.drop_table("shipping_provider")
    op.drop_table("settings_version")
    with op.batch_alter_table("product_image", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_product_image_id_product"))

    op.drop_table("product_image")
    op.drop_table("product")
    op.drop_table("plan")
    op.drop_table("media")
    op.drop_table("listing")
    op.drop_table("delivery_option")
    with op.batch_alter_table("category_template", schema=None) as batch_op:
        batch_op.drop_index(
            "one_default_template", sqlite_where=sa.text("is_default"), postgresql_where=sa.text("is_default")
        )

    op.drop_table("category_template")
    op.drop_table("category_attribute")
    op.drop_table("category")
    op.drop_table("carrier_mapping")
    op.drop_table("brand_mapping")
    op.drop_table("brand")
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assignment_template_id"))

    op.drop_table("assignment")
    op.drop_table("connection")
