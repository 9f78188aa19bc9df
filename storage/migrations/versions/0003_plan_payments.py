"""Payments of plans, and refunds that are looked at for thirty days"""

import sqlalchemy as sa
from alembic import op

import storage.models.base

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('orders', schema=None) as batch_op:
        batch_op.add_column(sa.Column('invoice', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('subscription', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('plan_id', sa.BigInteger(), nullable=True))
        batch_op.create_index('ix_orders_test', ['partner_id', 'workspace_id'], unique=False, sqlite_where=sa.text('live = 0'), postgresql_where=sa.text('NOT live'))

    with op.batch_alter_table('subscriptions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('payments_until', sa.String(), nullable=True))

    with op.batch_alter_table('refunds', schema=None) as batch_op:
        batch_op.alter_column('next_look_at', existing_type=storage.models.base.UtcDateTime(timezone=True), nullable=True)
    long_ago = "now() - interval '30 days'"
    if op.get_bind().dialect.name == "sqlite":
        long_ago = "datetime('now', '-30 days')"
    op.execute(
        "UPDATE refunds SET next_look_at = NULL WHERE status IN ('failed', 'refused')"
        f" OR (status = 'succeeded' AND created_at < {long_ago})"
    )


def downgrade() -> None:
    op.execute("UPDATE refunds SET next_look_at = created_at WHERE next_look_at IS NULL")
    # The first schemas know no order without points.
    op.execute("DELETE FROM refund_requests WHERE order_id IN (SELECT id FROM orders WHERE invoice IS NOT NULL)")
    op.execute("DELETE FROM refunds WHERE order_id IN (SELECT id FROM orders WHERE invoice IS NOT NULL)")
    op.execute("DELETE FROM disputes WHERE order_id IN (SELECT id FROM orders WHERE invoice IS NOT NULL)")
    op.execute("DELETE FROM orders WHERE invoice IS NOT NULL")
    with op.batch_alter_table('refunds', schema=None) as batch_op:
        batch_op.alter_column('next_look_at', existing_type=storage.models.base.UtcDateTime(timezone=True), nullable=False)

    with op.batch_alter_table('subscriptions', schema=None) as batch_op:
        batch_op.drop_column('payments_until')

    with op.batch_alter_table('orders', schema=None) as batch_op:
        batch_op.drop_index('ix_orders_test', sqlite_where=sa.text('live = 0'), postgresql_where=sa.text('NOT live'))
        batch_op.drop_column('plan_id')
        batch_op.drop_column('subscription')
        batch_op.drop_column('invoice')
