"""`python -m sandbox --port 8100 --page`: the sandbox on its own. Its first line of output is its base URL."""

import argparse
import asyncio
import signal
import sys

from sandbox.app import serve
from sandbox.state import Sandbox


async def _run(port: int, username: str, *, page: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serve(Sandbox.create(bot_username=username), port=port, page=page) as base_url:
        sys.stdout.write(f"{base_url}\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--page", action="store_true", help="serve the page too")
    parser.add_argument("--bot-username", default="addondesk_demo_bot")
    arguments = parser.parse_args()
    asyncio.run(_run(arguments.port, arguments.bot_username, page=arguments.page))


if __name__ == "__main__":
    main()
