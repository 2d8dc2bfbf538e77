"""Prices, stock, links and statuses

Columns are only added: rebuilding a table would, on SQLite, empty those that refer to it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "touched",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id_product", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(length=40), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("connection_id", "id_product"),
    )
    empty, no_rows = sa.text("''"), sa.text("'[]'")
    op.add_column("change", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
    op.add_column("listing", sa.Column("has_draft", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.add_column(
        "listing",
        sa.Column(
            "hand_changes",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=False,
            server_default=no_rows,
        ),
    )
    op.add_column("listing", sa.Column("image_url", sa.String(length=1000), nullable=False, server_default=empty))
    op.add_column("listing_sku", sa.Column("barcode", sa.String(length=64), nullable=False, server_default=empty))
    op.add_column("listing_sku", sa.Column("linked_by", sa.String(length=10), nullable=False, server_default=empty))
    op.add_column("listing_sku", sa.Column("offered", sa.Integer(), nullable=True))
    op.add_column("listing_sku", sa.Column("stock_checked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for column in ("stock_checked_at", "offered", "linked_by", "barcode"):
        op.drop_column("listing_sku", column)
    for column in ("image_url", "hand_changes", "has_draft"):
        op.drop_column("listing", column)
    op.drop_column("change", "not_before")
    op.drop_table("touched")
