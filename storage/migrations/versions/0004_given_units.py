"""Units given while credit billing was off, and removals of which the date is charged"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('addon_changes', schema=None) as batch_op:
        batch_op.add_column(sa.Column('given', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('date_charged', sa.Boolean(), nullable=False, server_default=sa.false()))
    # What was added stands in the order of the switches; how removals were charged is known as it is now.
    op.execute(
        "UPDATE addon_changes SET given = true WHERE person_id IS NOT NULL AND units_after > units_before"
        ' AND NOT COALESCE((SELECT s."on" FROM billing_switches AS s WHERE s.partner_id = addon_changes.partner_id'
        " AND s.at <= addon_changes.at ORDER BY s.at DESC LIMIT 1), false)"
    )
    op.execute(
        "UPDATE addon_changes SET date_charged = true WHERE units_after < units_before AND NOT lapsed"
        " AND EXISTS (SELECT 1 FROM partners AS p WHERE p.id = addon_changes.partner_id AND p.charge_removal_date)"
    )


def downgrade() -> None:
    with op.batch_alter_table('addon_changes', schema=None) as batch_op:
        batch_op.drop_column('date_charged')
        batch_op.drop_column('given')
