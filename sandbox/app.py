"""Serves the sandbox over HTTP, on this machine only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web

from sandbox.sim import SimApi
from sandbox.state import Sandbox

_PAGE = Path(__file__).parent / "page"
_LARGEST_BODY = 64 * 1024 * 1024


def create_app(sandbox: Sandbox, *, page: bool = False) -> web.Application:
    """The Bot API, the Stripe API and checkout, /sim/*, and with `page` the page to try it all on."""
    app = web.Application(client_max_size=_LARGEST_BODY)
    sandbox.telegram.add_routes(app)
    sandbox.stripe.add_routes(app)
    SimApi(sandbox).add_routes(app)
    sandbox.year.add_routes(app)
    if page:
        app.router.add_get("/", _index)
        app.router.add_static("/page/", _PAGE)

    async def let_go(_app: web.Application) -> None:
        sandbox.hub.close()
        sandbox.telegram.end_polls()

    async def close(_app: web.Application) -> None:
        await sandbox.year.stop()
        await sandbox.telegram.close()

    app.on_shutdown.append(let_go)
    app.on_cleanup.append(close)
    return app


@asynccontextmanager
async def serve(
    sandbox: Sandbox, *, host: str = "127.0.0.1", port: int = 0, page: bool = False
) -> AsyncIterator[str]:
    """Serves for the length of the block and yields the base URL; port 0 takes a free one.

    ValueError if `host` isn't a loopback address: the sandbox has no passwords.
    """
    if not ip_address(host).is_loopback:
        raise ValueError("the sandbox listens on this machine only")
    runner = web.AppRunner(create_app(sandbox, page=page), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        address, bound = runner.addresses[0][:2]
        yield f"http://[{address}]:{bound}" if ":" in address else f"http://{address}:{bound}"
    finally:
        await runner.cleanup()


async def _index(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(_PAGE / "index.html")
