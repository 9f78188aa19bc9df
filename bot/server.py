"""uvicorn inside our loop: on a socket that we bind, and without its signal handlers."""

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI


def bind(host: str, port: int) -> socket.socket:
    """Raises OSError with a sentence that names the setting."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise OSError(
            f"cannot listen on LISTEN_HOST {host}, LISTEN_PORT {port}: {error.strerror or error}"
        ) from error


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The process has its own."""
        yield


class WebServer:
    """Serves the application until `stop`; requests that run then get their answer."""

    def __init__(self, app: FastAPI, listener: socket.socket) -> None:
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=10,
            )
        )

    async def run(self) -> None:
        await self._server.serve(sockets=[self._listener])

    def stop(self) -> None:
        self._server.should_exit = True
