"""What Stripe answers when it refuses, in its own words and shape."""

from collections.abc import Mapping
from typing import Any

_DOC = "https://stripe.com/docs/error-codes/"


class StripeError(Exception):
    """An error answer: HTTP status and the content of the body's `error`.

    `violation` marks a breach of the published interface (unknown parameter, wrong type), which a test of a client
    wants to hear about apart from ordinary refusals.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        violation: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.code = code
        self.param = param
        self.violation = violation
        self.more = more

    def content(self) -> dict[str, Any]:
        """The JSON value of `error`; absent facts are left out, as Stripe does."""
        doc_url = _DOC + self.code.replace("_", "-") if self.code else None
        facts: Mapping[str, Any] = {
            **self.more,
            "code": self.code,
            "doc_url": doc_url,
            "message": self.message,
            "param": self.param,
            "type": self.kind,
        }
        return {name: fact for name, fact in facts.items() if fact is not None}


def invalid_request(
    message: str, *, code: str | None = None, param: str | None = None, violation: bool = False
) -> StripeError:
    return StripeError(400, "invalid_request_error", message, code=code, param=param, violation=violation)


def missing(param: str) -> StripeError:
    return invalid_request(f"Missing required param: {param}.", code="parameter_missing", param=param)


def no_such(
    what: str, object_id: str, *, param: str, status: int = 404, other_mode: str | None = None
) -> StripeError:
    """`other_mode` ("live" or "test") says that the object exists there, which Stripe mentions."""
    message = f"No such {what}: '{object_id}'"
    if other_mode is not None:
        own = "test" if other_mode == "live" else "live"
        message += f"; a similar object exists in {other_mode} mode, but a {own} mode key was used to make this request."
    return StripeError(status, "invalid_request_error", message, code="resource_missing", param=param)


def unauthorized(message: str) -> StripeError:
    return StripeError(401, "invalid_request_error", message)
