"""The sandbox's own API: what people, time and the host platform do. The page and the tests use it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from sandbox.faults import Fault
from sandbox.state import Sandbox
from sandbox.telegram import NotPossibleError
from sandbox.waiting import wait_for

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Json = dict[str, Any]

_HEARTBEAT = 15.0


class SimApi:
    """/sim/*: JSON in and out. Errors are {"error": reason}: 400 for a bad request, 404 for what isn't there."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def add_routes(self, app: web.Application) -> None:
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/sim/state", self._state),
            ("POST", "/sim/users", self._add_user),
            ("POST", "/sim/message", self._message),
            ("POST", "/sim/tap", self._tap),
            ("POST", "/sim/block", self._block),
            ("GET", "/sim/chat/{user_id}", self._chat),
            ("GET", "/sim/file/{file_id}", self._file),
            ("GET", "/sim/calls", self._calls),
            ("GET", "/sim/violations", self._violations),
            ("GET", "/sim/faults", self._faults),
            ("POST", "/sim/faults", self._add_fault),
            ("DELETE", "/sim/faults", self._clear_faults),
            ("GET", "/sim/clock", self._clock),
            ("POST", "/sim/clock", self._turn_clock),
            ("POST", "/sim/wait", self._wait),
            ("GET", "/sim/stream", self._stream),
            ("GET", "/sim/host", self._host),
            ("POST", "/sim/host/workspaces", self._register_workspace),
            ("POST", "/sim/host/usage", self._set_usage),
            ("POST", "/sim/host/pause", self._pause),
        ]
        for method, path, handler in routes:
            app.router.add_route(method, path, _answering_errors(handler))

    async def _state(self, _request: web.Request) -> web.Response:
        telegram = self._sandbox.telegram
        bot = telegram.bot
        return web.json_response(
            {
                "bot": {"id": bot.id, "username": bot.username, "name": bot.name} if bot else None,
                "users": telegram.people.listed(),
                "clock": self._sandbox.clock.now().isoformat(),
                "telegram_mode": telegram.mode,
            }
        )

    async def _add_user(self, request: web.Request) -> web.Response:
        body = await _body(request)
        people = self._sandbox.telegram.people
        user = people.add(
            str(body["first_name"]),
            last_name=body.get("last_name"),
            username=body.get("username"),
            language_code=body.get("language_code"),
            role=body.get("role"),
            user_id=int(body["id"]) if "id" in body else None,
        )
        return web.json_response(next(entry for entry in people.listed() if entry["id"] == user.id))

    async def _message(self, request: web.Request) -> web.Response:
        body = await _body(request)
        update_id = self._sandbox.telegram.people.write(int(body["user_id"]), str(body["text"]))
        return web.json_response({"update_id": update_id})

    async def _tap(self, request: web.Request) -> web.Response:
        body = await _body(request)
        tapped = self._sandbox.telegram.people.tap(
            int(body["user_id"]), int(body["message_id"]), text=body.get("button"), data=body.get("data")
        )
        return web.json_response(tapped)

    async def _block(self, request: web.Request) -> web.Response:
        body = await _body(request)
        blocked = bool(body["blocked"])
        self._sandbox.telegram.people.block(int(body["user_id"]), blocked=blocked)
        return web.json_response({"blocked": blocked})

    async def _chat(self, request: web.Request) -> web.Response:
        return web.json_response(self._sandbox.telegram.people.view(int(request.match_info["user_id"])))

    async def _file(self, request: web.Request) -> web.Response:
        file = self._sandbox.telegram.files.get(request.match_info["file_id"])
        if file is None:
            raise NotPossibleError("there is no such file")
        name = file.upload.name.replace('"', "").replace("\n", "").replace("\r", "")
        return web.Response(
            body=file.upload.content,
            headers={
                "Content-Type": file.upload.content_type,
                "Content-Disposition": f'attachment; filename="{name}"',
                "X-Content-Type-Options": "nosniff",
            },
        )

    async def _calls(self, request: web.Request) -> web.Response:
        log = self._sandbox.calls
        after = int(request.query.get("after", "0"))
        return web.json_response(
            {"calls": [call.as_json() for call in log.after(after)], "refused": len(log.refusals)}
        )

    async def _violations(self, _request: web.Request) -> web.Response:
        found = self._sandbox.calls.violations
        return web.json_response(
            {"violations": [{"api": one.api, "method": one.method, "what": one.what} for one in found]}
        )

    async def _faults(self, _request: web.Request) -> web.Response:
        return web.json_response({"faults": [fault.as_json() for fault in self._sandbox.faults.pending()]})

    async def _add_fault(self, request: web.Request) -> web.Response:
        self._sandbox.faults.add(Fault.from_json(await _body(request)))
        return await self._faults(request)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._sandbox.faults.clear()
        return await self._faults(request)

    async def _clock(self, _request: web.Request) -> web.Response:
        return web.json_response({"now": self._sandbox.clock.now().isoformat()})

    async def _turn_clock(self, request: web.Request) -> web.Response:
        body = await _body(request)
        if "to" in body:
            self._sandbox.clock.turn_to(datetime.fromisoformat(str(body["to"])))
        else:
            step = {name: float(body.get(name, 0)) for name in ("days", "hours", "minutes", "seconds")}
            self._sandbox.clock.turn(timedelta(**step))
        return await self._clock(request)

    async def _wait(self, request: web.Request) -> web.Response:
        body = await _body(request)
        done, state = await wait_for(self._sandbox, body)
        return web.json_response(state, status=200 if done else 504)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        with self._sandbox.hub.subscribe() as changes:
            while True:
                try:
                    change = await asyncio.wait_for(changes.get(), _HEARTBEAT)
                except TimeoutError:
                    line = ": still here"
                else:
                    if change is None:
                        return response
                    line = "data: " + json.dumps({"kind": change.kind, **change.detail})
                try:
                    await response.write(f"{line}\n\n".encode())
                except ConnectionError:
                    # The page was closed; there is nobody left to tell.
                    return response

    async def _host(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {"workspaces": [workspace.as_json() for workspace in self._sandbox.host.workspaces()]}
        )

    async def _register_workspace(self, request: web.Request) -> web.Response:
        body = await _body(request)
        self._sandbox.host.register(int(body["workspace"]), str(body["name"]), body["limits"])
        return await self._host(request)

    async def _set_usage(self, request: web.Request) -> web.Response:
        body = await _body(request)
        await self._sandbox.host.set_usage(int(body["workspace"]), str(body["limit"]), int(body["value"]))
        return await self._host(request)

    async def _pause(self, request: web.Request) -> web.Response:
        body = await _body(request)
        host = self._sandbox.host
        change = host.pause if body["paused"] else host.resume
        change(int(body["workspace"]))
        return await self._host(request)


def _answering_errors(handler: Handler) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except NotPossibleError as error:
            return web.json_response({"error": str(error)}, status=404)
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)

    return answer


async def _body(request: web.Request) -> Json:
    """The JSON object of the request; an empty body is an empty object."""
    text = await request.text()
    data = json.loads(text) if text.strip() else {}
    if not isinstance(data, dict):
        raise TypeError("a JSON object is expected")
    return data
