"""What a payment gateway answers instead of what was asked for."""

from typing import Final

TAX_REFUSED: Final = "tax_refused"
"""The code of a refusal to work out tax: it isn't set up in the partner's account, or not for what is sold."""


class GatewayError(Exception):
    """The gateway refused. `code` is its own word for why, `message` its sentence for the log.

    `param`: what of the request it refused, empty where it named nothing.
    """

    def __init__(self, code: str, message: str = "", param: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.param = param


class GatewayUnknownError(GatewayError):
    """No answer, or half of one: it may have happened. Ask again with the same key."""


class GatewayFailedError(GatewayError):
    """A failure of the gateway's own: it may have happened, and the same key would answer the same for a day."""


class GatewayKeyError(GatewayError):
    """The key is refused: revoked, or without the permission."""
