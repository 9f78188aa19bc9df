"""The cycles that run by themselves"""

import datetime as dt
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

import storage.models.base

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('auto_topups',
    sa.Column('partner_id', sa.BigInteger(), nullable=False),
    sa.Column('workspace_id', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('pack_id', sa.BigInteger(), nullable=True),
    sa.Column('card_id', sa.BigInteger(), nullable=True),
    sa.Column('cap_minor', sa.BigInteger(), nullable=True),
    sa.Column('low_balance', sa.BigInteger(), nullable=True),
    sa.Column('agreed_by', sa.BigInteger(), nullable=True),
    sa.Column('agreed_at', storage.models.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('soft_declines', sa.BigInteger(), nullable=False),
    sa.Column('last_order_id', sa.BigInteger(), nullable=True),
    sa.Column('next_at', storage.models.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('tried_for', sa.Date(), nullable=True),
    sa.Column('tries', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('partner_id', 'workspace_id', name=op.f('pk_auto_topups'))
    )
    with op.batch_alter_table('auto_topups', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_auto_topups_next_at'), ['next_at'], unique=False)

    op.create_table('card_setups',
    sa.Column('partner_id', sa.BigInteger(), nullable=False),
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('workspace_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('session_params', sa.JSON(), nullable=False),
    sa.Column('session_id', sa.String(), nullable=True),
    sa.Column('session_url', sa.String(), nullable=True),
    sa.Column('created_at', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('expires_at', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('next_look_at', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('looks', sa.BigInteger(), nullable=False),
    sa.Column('chat_id', sa.BigInteger(), nullable=True),
    sa.Column('message_id', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('partner_id', 'id', name=op.f('pk_card_setups')),
    sa.UniqueConstraint('partner_id', 'session_id', name=op.f('uq_card_setups_partner_id_session_id'))
    )
    with op.batch_alter_table('card_setups', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_card_setups_status_next_look_at'), ['status', 'next_look_at'], unique=False)

    op.create_table('disputes',
    sa.Column('partner_id', sa.BigInteger(), nullable=False),
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('order_id', sa.BigInteger(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('takes_money', sa.Boolean(), nullable=False),
    sa.Column('seen_at', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('next_look_at', storage.models.base.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('partner_id', 'id', name=op.f('pk_disputes'))
    )
    with op.batch_alter_table('disputes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_disputes_next_look_at'), ['next_look_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_disputes_partner_id_order_id'), ['partner_id', 'order_id'], unique=False)

    op.create_table('plan_changes',
    sa.Column('partner_id', sa.BigInteger(), nullable=False),
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('workspace_id', sa.BigInteger(), nullable=False),
    sa.Column('subscription', sa.String(), nullable=False),
    sa.Column('plan_id', sa.BigInteger(), nullable=False),
    sa.Column('price', sa.String(), nullable=False),
    sa.Column('as_of', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('created_at', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('next_look_at', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('partner_id', 'id', name=op.f('pk_plan_changes'))
    )
    with op.batch_alter_table('plan_changes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_plan_changes_status_next_look_at'), ['status', 'next_look_at'], unique=False)
        batch_op.create_index('uq_plan_changes_open', ['partner_id', 'workspace_id'], unique=True, sqlite_where=sa.text("status IN ('asked', 'waiting')"), postgresql_where=sa.text("status IN ('asked', 'waiting')"))

    op.create_table('plan_checkouts',
    sa.Column('partner_id', sa.BigInteger(), nullable=False),
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('workspace_id', sa.BigInteger(), nullable=False),
    sa.Column('plan_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('price', sa.String(), nullable=False),
    sa.Column('session_params', sa.JSON(), nullable=False),
    sa.Column('session_id', sa.String(), nullable=True),
    sa.Column('session_url', sa.String(), nullable=True),
    sa.Column('created_at', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('expires_at', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('next_look_at', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('looks', sa.BigInteger(), nullable=False),
    sa.Column('chat_id', sa.BigInteger(), nullable=True),
    sa.Column('message_id', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('partner_id', 'id', name=op.f('pk_plan_checkouts')),
    sa.UniqueConstraint('partner_id', 'session_id', name=op.f('uq_plan_checkouts_partner_id_session_id'))
    )
    with op.batch_alter_table('plan_checkouts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_plan_checkouts_id'), ['id'], unique=False)
        batch_op.create_index(batch_op.f('ix_plan_checkouts_status_next_look_at'), ['status', 'next_look_at'], unique=False)
        batch_op.create_index('uq_plan_checkouts_open', ['partner_id', 'workspace_id'], unique=True, sqlite_where=sa.text("status = 'open'"), postgresql_where=sa.text("status = 'open'"))

    op.create_table('plan_prices',
    sa.Column('partner_id', sa.BigInteger(), nullable=False),
    sa.Column('price', sa.String(), nullable=False),
    sa.Column('plan_id', sa.BigInteger(), nullable=False),
    sa.Column('since', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('partner_id', 'price', name=op.f('pk_plan_prices'))
    )
    op.create_table('plan_requests',
    sa.Column('partner_id', sa.BigInteger(), nullable=False),
    sa.Column('workspace_id', sa.BigInteger(), nullable=False),
    sa.Column('plan_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('asked_at', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('partner_id', 'workspace_id', name=op.f('pk_plan_requests'))
    )
    op.create_table('refund_requests',
    sa.Column('partner_id', sa.BigInteger(), nullable=False),
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('order_id', sa.BigInteger(), nullable=False),
    sa.Column('workspace_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('asked_on', sa.Date(), nullable=False),
    sa.Column('asked_at', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('partner_id', 'id', name=op.f('pk_refund_requests')),
    sa.UniqueConstraint('partner_id', 'order_id', 'asked_on', name=op.f('uq_refund_requests_partner_id_order_id_asked_on'))
    )
    op.create_table('refunds',
    sa.Column('partner_id', sa.BigInteger(), nullable=False),
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('order_id', sa.BigInteger(), nullable=False),
    sa.Column('workspace_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=True),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('stripe_refund', sa.String(), nullable=True),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('created_at', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('next_look_at', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('partner_id', 'id', name=op.f('pk_refunds')),
    sa.UniqueConstraint('partner_id', 'stripe_refund', name=op.f('uq_refunds_partner_id_stripe_refund'))
    )
    with op.batch_alter_table('refunds', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_refunds_partner_id_order_id'), ['partner_id', 'order_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_refunds_status_next_look_at'), ['status', 'next_look_at'], unique=False)

    op.create_table('saved_cards',
    sa.Column('partner_id', sa.BigInteger(), nullable=False),
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('workspace_id', sa.BigInteger(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.Column('payment_method', sa.String(), nullable=False),
    sa.Column('brand', sa.String(), nullable=False),
    sa.Column('last4', sa.String(), nullable=False),
    sa.Column('exp_month', sa.BigInteger(), nullable=False),
    sa.Column('exp_year', sa.BigInteger(), nullable=False),
    sa.Column('saved_by', sa.BigInteger(), nullable=True),
    sa.Column('saved_at', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('removed_at', storage.models.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('detach_at', storage.models.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('detached_at', storage.models.base.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('partner_id', 'id', name=op.f('pk_saved_cards')),
    sa.UniqueConstraint('partner_id', 'payment_method', name=op.f('uq_saved_cards_partner_id_payment_method'))
    )
    with op.batch_alter_table('saved_cards', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_saved_cards_detach_at'), ['detach_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_saved_cards_partner_id_workspace_id'), ['partner_id', 'workspace_id'], unique=False)

    op.create_table('subscriptions',
    sa.Column('partner_id', sa.BigInteger(), nullable=False),
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('workspace_id', sa.BigInteger(), nullable=False),
    sa.Column('plan_id', sa.BigInteger(), nullable=True),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('running', sa.Boolean(), nullable=False),
    sa.Column('dropped', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('price', sa.String(), nullable=False),
    sa.Column('period_end', storage.models.base.UtcDateTime(timezone=True), nullable=True),
    sa.Column('cancels_at_end', sa.Boolean(), nullable=False),
    sa.Column('end_wish', sa.Boolean(), nullable=True),
    sa.Column('after_plan_id', sa.BigInteger(), nullable=True),
    sa.Column('invoice_paid', sa.String(), nullable=True),
    sa.Column('invoice_failed', sa.String(), nullable=True),
    sa.Column('created_at', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('looked_at', storage.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('next_look_at', storage.models.base.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('partner_id', 'id', name=op.f('pk_subscriptions'))
    )
    with op.batch_alter_table('subscriptions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscriptions_next_look_at'), ['next_look_at'], unique=False)
        batch_op.create_index('uq_subscriptions_running', ['partner_id', 'workspace_id'], unique=True, sqlite_where=sa.text('running'), postgresql_where=sa.text('running'))

    with op.batch_alter_table('addon_states', schema=None) as batch_op:
        batch_op.add_column(sa.Column('unpaid', sa.BigInteger(), nullable=False, server_default="0"))

    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.add_column(sa.Column('waiting_since', storage.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('confirmed_through', storage.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('alerted_at', storage.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f('ix_deliveries_waiting_since'), ['waiting_since'], unique=False)

    with op.batch_alter_table('orders', schema=None) as batch_op:
        batch_op.add_column(sa.Column('packs', sa.BigInteger(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column('automatic', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('card_id', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('saves_card', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('recovers_id', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('paid_minor', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('reversals', sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.create_index('uq_orders_automatic', ['partner_id', 'workspace_id'], unique=True, sqlite_where=sa.text("automatic AND status IN ('open', 'waiting')"), postgresql_where=sa.text("automatic AND status IN ('open', 'waiting')"))

    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.add_column(_number())
        batch_op.drop_index(batch_op.f('ix_outbox_bot_id_status_due_at'))
        batch_op.create_index(batch_op.f('ix_outbox_bot_id_status_due_at_number'), ['bot_id', 'status', 'due_at', 'number'], unique=False)

    with op.batch_alter_table('partners', schema=None) as batch_op:
        batch_op.add_column(sa.Column('fallback_plan_id', sa.BigInteger(), nullable=True))

    with op.batch_alter_table('people', schema=None) as batch_op:
        batch_op.add_column(sa.Column('quiet_from', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('quiet_to', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('muted', sa.JSON(), nullable=False, server_default="[]"))

    with op.batch_alter_table('plans', schema=None) as batch_op:
        batch_op.add_column(sa.Column('interval', sa.String(), nullable=False, server_default="month"))
        batch_op.add_column(sa.Column('interval_count', sa.BigInteger(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column('settles_after', sa.BigInteger(), nullable=True))

    with op.batch_alter_table('usage', schema=None) as batch_op:
        batch_op.add_column(sa.Column('warned', sa.BigInteger(), nullable=False, server_default="0"))

    with op.batch_alter_table('workspaces', schema=None) as batch_op:
        batch_op.add_column(sa.Column('next_zone', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('renews_at', storage.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('claimed_until', storage.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('lapses_at', storage.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('graced_until', storage.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('remind_at', storage.models.base.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('reminded', sa.BigInteger(), nullable=True))
        batch_op.drop_index(batch_op.f('ix_workspaces_partner_id_cycle_end'))
        batch_op.create_index(batch_op.f('ix_workspaces_lapses_at'), ['lapses_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_workspaces_remind_at'), ['remind_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_workspaces_renews_at'), ['renews_at'], unique=False)
    _fill()
    with op.batch_alter_table('workspaces', schema=None) as batch_op:
        batch_op.alter_column('renews_at', existing_type=storage.models.base.UtcDateTime(timezone=True), nullable=False)


def _number() -> sa.Column[int]:
    """PostgreSQL counts by itself; SQLite has no identity columns, there the row's own number is written."""
    if op.get_bind().dialect.name == "sqlite":
        return sa.Column("number", sa.BigInteger(), nullable=False, server_default="0")
    return sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _fill() -> None:
    """What stood before: when each cycle ends as an instant, everybody's quiet hours, the order of notices."""
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        op.execute("UPDATE outbox SET number = rowid")
    op.execute("UPDATE people SET quiet_from = 22, quiet_to = 8")
    instant = storage.models.base.UtcDateTime(timezone=True)
    workspaces = sa.table(
        "workspaces",
        sa.column("partner_id", sa.BigInteger()),
        sa.column("id", sa.BigInteger()),
        sa.column("zone", sa.String()),
        sa.column("cycle_end", sa.Date()),
        sa.column("renews_at", instant),
        sa.column("remind_at", instant),
    )
    key = (workspaces.c.partner_id, workspaces.c.id)
    for partner_id, number, zone, end in bind.execute(
        sa.select(*key, workspaces.c.zone, workspaces.c.cycle_end)
    ).all():
        # A boundary in the hour that the clocks skip is an hour off until the next cycle, which is exact.
        renews_at = dt.datetime.combine(end, dt.time(), ZoneInfo(zone)).astimezone(dt.UTC)
        bind.execute(
            sa.update(workspaces)
            .where(workspaces.c.partner_id == partner_id, workspaces.c.id == number)
            .values(renews_at=renews_at, remind_at=renews_at - dt.timedelta(days=10))
        )


def downgrade() -> None:
    with op.batch_alter_table('workspaces', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_workspaces_renews_at'))
        batch_op.drop_index(batch_op.f('ix_workspaces_remind_at'))
        batch_op.drop_index(batch_op.f('ix_workspaces_lapses_at'))
        batch_op.create_index(batch_op.f('ix_workspaces_partner_id_cycle_end'), ['partner_id', 'cycle_end'], unique=False)
        batch_op.drop_column('reminded')
        batch_op.drop_column('remind_at')
        batch_op.drop_column('graced_until')
        batch_op.drop_column('lapses_at')
        batch_op.drop_column('claimed_until')
        batch_op.drop_column('renews_at')
        batch_op.drop_column('next_zone')

    with op.batch_alter_table('usage', schema=None) as batch_op:
        batch_op.drop_column('warned')

    with op.batch_alter_table('plans', schema=None) as batch_op:
        batch_op.drop_column('settles_after')
        batch_op.drop_column('interval_count')
        batch_op.drop_column('interval')

    with op.batch_alter_table('people', schema=None) as batch_op:
        batch_op.drop_column('muted')
        batch_op.drop_column('quiet_to')
        batch_op.drop_column('quiet_from')

    with op.batch_alter_table('partners', schema=None) as batch_op:
        batch_op.drop_column('fallback_plan_id')

    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_outbox_bot_id_status_due_at_number'))
        batch_op.create_index(batch_op.f('ix_outbox_bot_id_status_due_at'), ['bot_id', 'status', 'due_at'], unique=False)
        batch_op.drop_column('number')

    with op.batch_alter_table('orders', schema=None) as batch_op:
        batch_op.drop_index('uq_orders_automatic', sqlite_where=sa.text("automatic AND status IN ('open', 'waiting')"), postgresql_where=sa.text("automatic AND status IN ('open', 'waiting')"))
        batch_op.drop_column('reversals')
        batch_op.drop_column('paid_minor')
        batch_op.drop_column('recovers_id')
        batch_op.drop_column('saves_card')
        batch_op.drop_column('card_id')
        batch_op.drop_column('automatic')
        batch_op.drop_column('packs')

    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_deliveries_waiting_since'))
        batch_op.drop_column('alerted_at')
        batch_op.drop_column('confirmed_through')
        batch_op.drop_column('waiting_since')

    with op.batch_alter_table('addon_states', schema=None) as batch_op:
        batch_op.drop_column('unpaid')

    with op.batch_alter_table('subscriptions', schema=None) as batch_op:
        batch_op.drop_index('uq_subscriptions_running', sqlite_where=sa.text('running'), postgresql_where=sa.text('running'))
        batch_op.drop_index(batch_op.f('ix_subscriptions_next_look_at'))

    op.drop_table('subscriptions')
    with op.batch_alter_table('saved_cards', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_saved_cards_partner_id_workspace_id'))
        batch_op.drop_index(batch_op.f('ix_saved_cards_detach_at'))

    op.drop_table('saved_cards')
    with op.batch_alter_table('refunds', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_refunds_status_next_look_at'))
        batch_op.drop_index(batch_op.f('ix_refunds_partner_id_order_id'))

    op.drop_table('refunds')
    op.drop_table('refund_requests')
    op.drop_table('plan_requests')
    op.drop_table('plan_prices')
    with op.batch_alter_table('plan_checkouts', schema=None) as batch_op:
        batch_op.drop_index('uq_plan_checkouts_open', sqlite_where=sa.text("status = 'open'"), postgresql_where=sa.text("status = 'open'"))
        batch_op.drop_index(batch_op.f('ix_plan_checkouts_status_next_look_at'))
        batch_op.drop_index(batch_op.f('ix_plan_checkouts_id'))

    op.drop_table('plan_checkouts')
    with op.batch_alter_table('plan_changes', schema=None) as batch_op:
        batch_op.drop_index('uq_plan_changes_open', sqlite_where=sa.text("status IN ('asked', 'waiting')"), postgresql_where=sa.text("status IN ('asked', 'waiting')"))
        batch_op.drop_index(batch_op.f('ix_plan_changes_status_next_look_at'))

    op.drop_table('plan_changes')
    with op.batch_alter_table('disputes', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_disputes_partner_id_order_id'))
        batch_op.drop_index(batch_op.f('ix_disputes_next_look_at'))

    op.drop_table('disputes')
    with op.batch_alter_table('card_setups', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_card_setups_status_next_look_at'))

    op.drop_table('card_setups')
    with op.batch_alter_table('auto_topups', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_auto_topups_next_at'))

    op.drop_table('auto_topups')
