"""What notices to customers share: whom they are about, and how they are laid out."""

from typing import Any, TypeAlias

from aiogram.types import InlineKeyboardButton

from billing import people
from billing.errors import StrangerError
from billing.people import People
from handlers.customer import buttons
from handlers.notices import Reader
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h

Params: TypeAlias = dict[str, Any]
"""A notice's parameters, as billing/ queued them."""
Rows: TypeAlias = list[list[InlineKeyboardButton]]


async def about_workspace(services: Services, reader: Reader, params: Params) -> People | None:
    """The workspace that a notice is about, while its reader is a member."""
    try:
        return await services.db.read(people.access, reader.person_id, params["workspace_id"])
    except StrangerError:
        return None


def told(t: Tongue, about: People, *lines: str | None, rows: Rows | None = None) -> Screen:
    """Lines under the workspace's name."""
    return Screen.of(f"<b>{h(about.workspace)}</b>", *lines, rows=rows or [opens(t, about.workspace_id)])


def opens(t: Tongue, workspace_id: int) -> list[InlineKeyboardButton]:
    return [button(t("Open"), buttons.Home(workspace=workspace_id))]
