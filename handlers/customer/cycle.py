"""No screen shows yesterday's cycle (R14)."""

from billing import home, workspaces
from handlers.context import Speaker
from handlers.services import Services


async def work_off(services: Services, speaker: Speaker, workspace_id: int) -> None:
    """Work off the workspace's due cycles before it is read. Raises StrangerError."""
    if await services.db.read(home.is_due, speaker.person_id, workspace_id, speaker.call.at):
        await services.db.write(workspaces.catch_up, speaker.call.part("cycle"), workspace_id)
        services.wake()
