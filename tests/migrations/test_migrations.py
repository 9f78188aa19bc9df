"""Up, down, and the models are what the migrations make, on both databases."""

import datetime as dt

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text

from storage import migrate
from storage.models import Base, OutboxMessage, Person, Workspace


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
