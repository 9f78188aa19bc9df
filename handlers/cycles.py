"""Nobody looks at yesterday's cycle: a reader that meets a due one has it worked off and reads again (R14)."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import TelegramObject

from billing import workspaces
from billing.errors import CycleDueError
from handlers.context import Speaker
from handlers.services import Services


class WorkOffDueCycles(BaseMiddleware):
    """Around handlers: on CycleDueError the workspace catches up and the handler runs anew, once."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        try:
            return await handler(event, data)
        except CycleDueError as due:
            speaker: Speaker = data["speaker"]
            call = speaker.call.part(f"cycle-{due.workspace_id}")
            await self._services.db.write(workspaces.catch_up, call, due.workspace_id)
            self._services.wake()
            return await handler(event, data)
