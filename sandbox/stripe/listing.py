"""Lists: filters, pages and their envelope."""

from collections.abc import Callable, Iterable, Sequence

from sandbox.stripe.accounts import Obj
from sandbox.stripe.errors import invalid_request
from sandbox.stripe.params import Params
from sandbox.stripe.routing import ApiRequest

_DEFAULT_LIMIT = 10
_LARGEST_LIMIT = 100


def listed(request: ApiRequest, objects: Sequence[Obj], *, equal: Iterable[str] = ()) -> Obj:
    """A page of `objects` (newest first) with those fields of `equal` that the request names, and `created`, applied."""
    kept = _created_filter(request.params)
    wanted = {field: request.params.text(field) for field in equal}
    chosen = [
        obj
        for obj in objects
        if kept(obj.get("created", 0))
        and all(value is None or obj[field] == value for field, value in wanted.items())
    ]
    return page(request, chosen)


def page(request: ApiRequest, objects: Sequence[Obj]) -> Obj:
    """StripeError 400 for a cursor that isn't among the objects, or a limit outside 1 to 100."""
    limit = request.params.integer("limit")
    if limit is None:
        limit = _DEFAULT_LIMIT
    if limit < 1 or limit > _LARGEST_LIMIT:
        bound = "greater than or equal to 1" if limit < 1 else f"less than or equal to {_LARGEST_LIMIT}"
        raise invalid_request(
            f"This value must be {bound} (it currently is '{limit}').",
            code="parameter_invalid_integer",
            param="limit",
        )
    after, before = request.params.text("starting_after"), request.params.text("ending_before")
    if after is not None and before is not None:
        raise invalid_request("You may only specify one of these parameters: starting_after, ending_before.")
    if before is not None:
        newer = objects[: _position(objects, before, "ending_before")]
        chosen, more = newer[-limit:], len(newer) > limit
    else:
        rest = objects if after is None else objects[_position(objects, after, "starting_after") + 1 :]
        chosen, more = rest[:limit], len(rest) > limit
    return {"object": "list", "data": list(chosen), "has_more": more, "url": request.path}


def _position(objects: Sequence[Obj], object_id: str, param: str) -> int:
    for number, obj in enumerate(objects):
        if obj["id"] == object_id:
            return number
    raise invalid_request(f"No such object: '{object_id}'", code="resource_missing", param=param)


def _created_filter(params: Params) -> Callable[[int], bool]:
    if isinstance(params.values.get("created"), str):
        exact = params.required_integer("created")
        return lambda created: created == exact
    bounds = params.group("created")
    above, least = bounds.integer("gt"), bounds.integer("gte")
    below, most = bounds.integer("lt"), bounds.integer("lte")

    def kept(created: int) -> bool:
        return (
            (above is None or created > above)
            and (least is None or created >= least)
            and (below is None or created < below)
            and (most is None or created <= most)
        )

    return kept
