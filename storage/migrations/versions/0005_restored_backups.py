"""Up to when the books know what was made at Stripe, and keys of another account"""

import sqlalchemy as sa
from alembic import op

import storage.models.base

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('partners', schema=None) as batch_op:
        batch_op.add_column(sa.Column('other_account', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('other_account_name', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('known_until', storage.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('behind_since', storage.models.base.UtcDateTime(timezone=True), nullable=True))
    # Stripe was asked every ten minutes whose key it is: until about then this database was in use.
    op.execute("UPDATE partners SET known_until = stripe_checked_at")


def downgrade() -> None:
    with op.batch_alter_table('partners', schema=None) as batch_op:
        batch_op.drop_column('behind_since')
        batch_op.drop_column('known_until')
        batch_op.drop_column('other_account_name')
        batch_op.drop_column('other_account')
