"""aiogram's FSM, kept in the database: what somebody is being asked survives a restart."""

from collections.abc import Mapping
from typing import Any

from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseStorage, StateType, StorageKey

from storage import fsm
from storage.database import Database
from storage.fsm import StateAndData


class DatabaseStorage(BaseStorage):
    """State and data by bot, chat and person; threads and destinies aren't told apart.

    A private chat's row is read together with its update and kept while the chat's lease is ours (`prime`,
    `forget`): nobody else can change it then.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._primed: dict[int, StateAndData] = {}

    def prime(self, chat_id: int, state: StateAndData) -> None:
        self._primed[chat_id] = state

    def forget(self, chat_id: int) -> None:
        self._primed.pop(chat_id, None)

    async def get_state(self, key: StorageKey) -> str | None:
        return (await self._get(key))[0]

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        name = state.state if isinstance(state, State) else state
        _, data = await self._get(key)
        await self._put(key, (name, data))

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        return dict((await self._get(key))[1])

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        state, _ = await self._get(key)
        await self._put(key, (state, dict(data)))

    async def close(self) -> None:
        """The database is the process's to close."""

    async def _get(self, key: StorageKey) -> StateAndData:
        if key.chat_id == key.user_id and key.chat_id in self._primed:
            return self._primed[key.chat_id]
        return await self._db.read(fsm.get, key.bot_id, key.chat_id, key.user_id)

    async def _put(self, key: StorageKey, value: StateAndData) -> None:
        if value == await self._get(key):
            return
        state, data = value
        await self._db.write(fsm.put, key.bot_id, key.chat_id, key.user_id, state, data)
        if key.chat_id == key.user_id and key.chat_id in self._primed:
            self._primed[key.chat_id] = value
