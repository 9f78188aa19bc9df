"""Up, down, and the models are what the migrations make, on both databases."""

import datetime as dt

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text

from storage import migrate
from storage.models import AddonChange, Base, OutboxMessage, Person, Workspace


def test_a_new_database_comes_to_the_newest_schema(database_url: str) -> None:
    assert migrate.current(database_url) is None

    migrate.upgrade(database_url)

    assert migrate.current(database_url) == migrate.head()


def test_the_models_are_what_the_migrations_make(database_url: str) -> None:
    migrate.upgrade(database_url)

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))

    assert migrate.on_connection(database_url, differences) == []


def test_going_down_leaves_nothing_behind_and_up_works_again(database_url: str) -> None:
    migrate.upgrade(database_url)

    migrate.downgrade(database_url, "base")

    def tables(connection: Connection) -> set[str]:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}

    assert migrate.on_connection(database_url, tables) == set()
    migrate.upgrade(database_url)
    assert migrate.on_connection(database_url, tables) == set(Base.metadata.tables)


def test_what_stood_in_the_first_schema_goes_on_in_the_next(database_url: str) -> None:
    """A workspace knows when it renews, in its own zone; people keep their nights; notices their order."""
    migrate.upgrade(database_url, "0001")

    def before(connection: Connection) -> None:
        for statement in (
            (
                "INSERT INTO workspaces (partner_id, id, name, zone, anchor, cycle_start, cycle_end, whole_start,"
                " whole_end, paused_limit, paused_unpaid, paused_manual, pause_note, host_version, created_at, origin)"
                " VALUES (1, 7, 'Acme', 'Asia/Tokyo', '2026-11-01', '2026-11-01', '2026-12-01', '2026-11-01',"
                " '2026-12-01', false, false, false, '', 0, '2026-11-01 00:00:00', 'made')"
            ),
            (
                "INSERT INTO people (id, telegram_id, name, language, seen_at)"
                " VALUES (1, 1, 'Dana', 'en', '2026-11-01 00:00:00')"
            ),
            (
                "INSERT INTO outbox (bot_id, id, partner_id, chat_id, kind, params, created_at, due_at, status,"
                " attempts, error) VALUES (1, 9, 1, 1, 'topup', '{}', '2026-11-01 00:00:00',"
                " '2026-11-01 00:00:00', 'due', 0, '')"
            ),
        ):
            connection.execute(text(statement))
        connection.commit()

    migrate.on_connection(database_url, before)
    migrate.upgrade(database_url)

    def after(connection: Connection) -> tuple[object, ...]:
        workspace = connection.execute(select(Workspace.renews_at, Workspace.remind_at)).one()
        person = connection.execute(select(Person.quiet_from, Person.quiet_to, Person.muted)).one()
        number = connection.execute(select(OutboxMessage.number)).scalar_one()
        return (*workspace, *person, number > 0)

    midnight_in_tokyo = dt.datetime(2026, 11, 30, 15, tzinfo=dt.UTC)
    assert migrate.on_connection(database_url, after) == (
        midnight_in_tokyo,
        midnight_in_tokyo - dt.timedelta(days=10),
        22,
        8,
        [],
        True,
    )


def test_what_was_given_and_how_removals_were_charged_is_known_of_the_changes_before(
    database_url: str,
) -> None:
    """Billing was on from noon of the 1st to noon of the 3rd; every date of removal is charged."""
    migrate.upgrade(database_url, "0003")

    def before(connection: Connection) -> None:
        statements = [
            (
                "INSERT INTO partners (id, name, point_name, created_at, credit_billing, stripe_live, stripe_charges,"
                " test_payments, currency, host, customers_may_remove, charge_removal_date, price_notice_days,"
                " grace_days, lead_hours, stripe_invoices) VALUES (1, 'Northwind', 'points',"
                " '2026-11-01 00:00:00.000000', false, false, false, false, 'USD', 'none', true, true, 7, 0, 24, false)"
            ),
            (
                "INSERT INTO billing_switches (partner_id, at, \"on\") VALUES (1, '2026-11-01 12:00:00.000000', true),"
                " (1, '2026-11-03 12:00:00.000000', false)"
            ),
        ]
        for number, (at, units_before, units_after, lapsed, person) in enumerate(
            [
                ("2026-11-01 08:00:00.000000", 0, 1, "false", "7"),
                ("2026-11-02 08:00:00.000000", 1, 2, "false", "7"),
                ("2026-11-04 08:00:00.000000", 2, 3, "false", "7"),
                ("2026-11-04 09:00:00.000000", 3, 4, "false", "NULL"),
                ("2026-11-05 08:00:00.000000", 4, 2, "false", "7"),
                ("2026-11-06 08:00:00.000000", 2, 1, "true", "NULL"),
            ],
            start=1,
        ):
            statements.append(
                "INSERT INTO addon_changes (partner_id, workspace_id, addon_id, number, on_date, units_before,"
                f" units_after, reference, lapsed, at, person_id) VALUES (1, 1, 1, {number}, '{at[:10]}',"
                f" {units_before}, {units_after}, 'tap:{number}', {lapsed}, '{at}', {person})"
            )
        for statement in statements:
            connection.execute(text(statement))
        connection.commit()

    migrate.on_connection(database_url, before)
    migrate.upgrade(database_url)

    def after(connection: Connection) -> list[tuple[bool, bool]]:
        rows = connection.execute(
            select(AddonChange.given, AddonChange.date_charged).order_by(AddonChange.number)
        )
        return [(row.given, row.date_charged) for row in rows]

    assert migrate.on_connection(database_url, after) == [
        (True, False),
        (False, False),
        (True, False),
        (False, False),
        (False, True),
        (False, False),
    ]
