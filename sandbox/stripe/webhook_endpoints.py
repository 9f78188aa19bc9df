"""Where an account's events are sent."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from sandbox.stripe.accounts import Account, Obj, deleted
from sandbox.stripe.errors import invalid_request, missing
from sandbox.stripe.listing import listed
from sandbox.stripe.routing import ApiRequest, Route
from sandbox.stripe.spec import published_spec

_MOST = 16
_LOCAL = ("127.0.0.1", "localhost", "::1")


def new_endpoint(
    account: Account,
    url: str,
    *,
    secret: str | None = None,
    enabled_events: Sequence[str] = ("*",),
    api_version: str | None = None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Obj:
    """StripeError 400 for an address outside this machine: the sandbox never speaks to anybody else."""
    if urlsplit(url).hostname not in _LOCAL:
        raise invalid_request(
            "Invalid URL: the sandbox sends webhooks to 127.0.0.1 and localhost only.",
            code="url_invalid",
            param="url",
        )
    if len(account.all("webhook_endpoint")) >= _MOST:
        raise invalid_request(f"You have reached the maximum of {_MOST} {account.mode} webhook endpoints.")
    endpoint = account.add(
        {
            "id": account.new_id("we"),
            "object": "webhook_endpoint",
            "api_version": api_version,
            "application": None,
            "created": account.server.now(),
            "description": description,
            "enabled_events": list(enabled_events),
            "livemode": account.livemode,
            "metadata": metadata or {},
            "status": "enabled",
            "url": url,
        }
    )
    account.webhook_secrets[endpoint["id"]] = secret or account.new_id("whsec", 32)
    return endpoint


def _enabled_events(request: ApiRequest) -> list[str]:
    names = request.params.strings("enabled_events")
    if not names:
        raise missing("enabled_events")
    spec = published_spec()
    known = frozenset(names) if spec is None else spec.event_types()
    for number, name in enumerate(names):
        if name not in known:
            param = f"enabled_events[{number}]"
            raise invalid_request(
                f"Invalid {param}: must be one of Stripe's event types, not {name}", param=param
            )
    return names


def _create(request: ApiRequest) -> Obj:
    params, account = request.params, request.account
    endpoint = new_endpoint(
        account,
        params.url("url") or params.required_text("url"),
        enabled_events=_enabled_events(request),
        api_version=params.text("api_version"),
        description=params.text("description"),
        metadata=params.metadata(),
    )
    return endpoint | {"secret": account.webhook_secrets[endpoint["id"]]}


def _retrieve(request: ApiRequest) -> Obj:
    return request.account.get("webhook_endpoint", request.ids["webhook_endpoint"], "webhook_endpoint")


def _update(request: ApiRequest) -> Obj:
    endpoint = _retrieve(request)
    if request.params.has("enabled_events"):
        endpoint["enabled_events"] = _enabled_events(request)
    if request.params.has("disabled"):
        endpoint["status"] = "disabled" if request.params.boolean("disabled") else "enabled"
    endpoint["metadata"] = request.params.metadata(before=endpoint["metadata"])
    return endpoint


def _delete(request: ApiRequest) -> Obj:
    endpoint = _retrieve(request)
    request.account.remove(endpoint)
    return deleted(endpoint)


def _list(request: ApiRequest) -> Obj:
    return listed(request, request.account.all("webhook_endpoint"))


ROUTES = (
    Route("POST", "/v1/webhook_endpoints", _create),
    Route("GET", "/v1/webhook_endpoints", _list),
    Route("GET", "/v1/webhook_endpoints/{webhook_endpoint}", _retrieve),
    Route("POST", "/v1/webhook_endpoints/{webhook_endpoint}", _update),
    Route("DELETE", "/v1/webhook_endpoints/{webhook_endpoint}", _delete),
)
