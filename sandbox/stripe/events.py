"""The events API: what happened in the last thirty days."""

from fnmatch import fnmatchcase

from sandbox.stripe.accounts import Obj
from sandbox.stripe.errors import invalid_request, no_such
from sandbox.stripe.listing import listed
from sandbox.stripe.routing import ApiRequest, Route

_KEPT = 30 * 86_400
_MOST_TYPES = 20


def _kept(request: ApiRequest) -> list[Obj]:
    oldest = request.now - _KEPT
    return [event for event in request.account.all("event") if event["created"] >= oldest]


def _retrieve(request: ApiRequest) -> Obj:
    event_id = request.ids["id"]
    event = next((event for event in _kept(request) if event["id"] == event_id), None)
    if event is None:
        raise no_such("event", event_id, param="id")
    return event


def _list(request: ApiRequest) -> Obj:
    kind, kinds = request.params.text("type"), request.params.strings("types")
    if kind is not None and kinds is not None:
        raise invalid_request("You may only specify one of these parameters: type, types.")
    if kinds is not None and len(kinds) > _MOST_TYPES:
        raise invalid_request(f"Array types exceeded maximum {_MOST_TYPES} allowed elements.", param="types")
    patterns = [kind] if kind is not None else kinds
    events = [
        event
        for event in _kept(request)
        if patterns is None or any(fnmatchcase(event["type"], pattern) for pattern in patterns)
    ]
    if request.params.has("delivery_success"):
        delivered = request.params.boolean("delivery_success")
        events = [event for event in events if (event["pending_webhooks"] == 0) is delivered]
    return listed(request, events)


ROUTES = (
    Route("GET", "/v1/events", _list),
    Route("GET", "/v1/events/{id}", _retrieve),
)
