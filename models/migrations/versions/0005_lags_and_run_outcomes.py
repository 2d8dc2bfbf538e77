"""When changes were noticed, how runs ended"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("touched", sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE touched SET noticed_at = since")
    op.add_column("change", sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("plan", sa.Column("turn", sa.String(length=20), nullable=False, server_default=sa.text("''")))
    op.add_column("plan", sa.Column("outcome", sa.String(length=20), nullable=True))
    op.add_column("plan", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_plan_ended_at"), "plan", ["ended_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_plan_ended_at"), table_name="plan")
    for column in ("ended_at", "outcome", "turn"):
        op.drop_column("plan", column)
    op.drop_column("change", "noticed_at")
    op.drop_column("touched", "noticed_at")
