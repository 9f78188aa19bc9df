"""Up, down, and the models are what the migrations make, on both databases."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from storage import migrate
from storage.models import Base


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
