"""The mark on what this bot makes at the gateway: others may sell on the same account (R27)."""

from collections.abc import Mapping
from typing import Final

SAVES_CARD: Final = "saves_card"
"""In the metadata of an order's page: the card that it is paid with is kept (R17)."""


def mark(bot_id: int, partner_id: int, workspace_id: int) -> dict[str, str]:
    """Metadata that says whose an object is.

    Partners and workspaces are small counters that every bot begins anew; the bot's Telegram id stays the same with a
    new token and with a restored database.
    """
    return {"bot": str(bot_id), "partner": str(partner_id), "workspace": str(workspace_id)}


def is_marked(metadata: Mapping[str, str], bot_id: int, partner_id: int) -> bool:
    """Whether this bot made an object for this partner: what no row is held for is only then believed."""
    return (metadata.get("bot"), metadata.get("partner")) == (str(bot_id), str(partner_id))
