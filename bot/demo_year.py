"""The demo's partner and its Stripe, for a year that passes at the press of a button."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

from aiohttp import ClientSession

from billing import catalogue, people
from billing.call import Call
from billing.gateway import Invoicing
from billing.payments import Payments
from billing.stripe_gateway import StripeGateway, http_client
from bot.product import Tools
from bot.tick_gate import TickGate
from bot.year import YearCompany
from storage import catalogue as catalogue_rows
from storage.transaction import Tx

_TICKS: Final = (
    "cycles",
    "automatic top-ups",
    "cycles",
    "host deliveries",
    "silent hosts",
    "open orders",
    "refunds",
    "stripe events",
    "reminders",
)
_CODES: Final = {"soft": "insufficient_funds", "hard": "lost_card", "paid": None}
_ANSWERS: Final = {code: answer for answer, code in _CODES.items()}


class StripeObjects(Protocol):
    """A Stripe account as its bank sees it."""

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Newest first."""


@asynccontextmanager
async def year_company(
    tools: Tools,
    gate: TickGate,
    account: StripeObjects,
    partner: int,
    *,
    has_come: Callable[[], bool],
    joins: Callable[[str], int],
    turn: Callable[[dt.datetime], None],
    unseen: set[int],
) -> AsyncIterator[YearCompany]:
    """The company; within the block nothing ticks but what the year lets tick.

    `partner`: the Telegram id of whose workspaces they are. `joins` answers that of somebody who pressed Start.
    `unseen` gathers the workspaces. Raises LookupError until the partner `has_come`.
    """
    if not has_come():
        raise LookupError("press Start in the partner's chat first")
    key, address = tools.settings.stripe_secret_key.get_secret_value(), tools.settings.stripe_api_url
    partner_id, person_id = await tools.db.read(_desk, partner)

    def start_link(payload: str) -> str:
        return f"https://t.me/{tools.bot_username}?start={payload}"

    async def owner_of(workspace: str) -> int:
        return joins(workspace)

    http = http_client()
    close: Callable[[], Awaitable[None]] = http.close_async
    try:
        async with ClientSession(address) as page, gate.closed():
            now = tools.clock.now()
            call = Call(now, f"year:{now.isoformat()}", tools.bot.id, person_id)
            await tools.db.write(catalogue.set_credit_billing, call, on=True)
            # The accountant knows no tax.
            await tools.db.write(catalogue.set_invoicing, call, Invoicing.OFF)
            gateway = StripeGateway(key, (), partner_id, http=http, api_url=address)
            yield YearCompany(
                Payments(tools.db, {partner_id: gateway}, tools.clock, tools.bot.id, start_link, tools.wake),
                partner_id,
                person_id,
                SandboxBank(account, page, unseen),
                ticks=[gate.work(name) for name in _TICKS],
                turn=turn,
                owner_of=owner_of,
            )
    finally:
        await close()


def _desk(tx: Tx, telegram_id: int) -> tuple[int, int]:
    """The partner's number, and who acts for it."""
    partner, visitor = catalogue_rows.first_partner(tx), people.known(tx, telegram_id)
    assert partner is not None, "the demo has one"
    assert visitor is not None, "its owner is in the settings"
    return partner.id, visitor.person_id


class SandboxBank:
    """Pays on the sandbox's pages, and has its cards declined as a story says."""

    def __init__(self, account: StripeObjects, page: ClientSession, unseen: set[int]) -> None:
        self._account, self._page, self._unseen = account, page, unseen
        self._script: dict[int, tuple[str, ...]] = {}

    async def pay(self, url: str) -> None:
        await self._act("pay", {"session": url.rsplit("/", 1)[1]})

    async def will_answer(self, workspace_id: int, answers: Sequence[str]) -> None:
        self._unseen.add(workspace_id)
        self._script[workspace_id] = tuple(answers)

    async def before_charges(self) -> None:
        """A workspace is charged once in a look at most, so each card is told its next answer."""
        customers = {each["id"]: _workspace(each) for each in self._account.all("customer")}
        done = {number: len(await self.charges(number)) for number in self._script}
        for method in self._account.all("payment_method"):
            number = customers.get(method["customer"], 0)
            script = self._script.get(number, ())
            if script and done[number] <= len(script):
                answer = script[done[number]] if done[number] < len(script) else "paid"
                await self._act("decline", {"payment_method": method["id"], "code": _CODES[answer]})

    async def charges(self, workspace_id: int) -> list[tuple[dt.datetime, int, str]]:
        by_hand = {session["payment_intent"] for session in self._account.all("checkout.session")}
        return [
            (
                dt.datetime.fromtimestamp(charge["created"], dt.UTC),
                charge["amount"],
                _ANSWERS[charge["outcome"]["reason"]],
            )
            for charge in reversed(self._account.all("charge"))
            if _workspace(charge) == workspace_id and charge["payment_intent"] not in by_hand
        ]

    async def _act(self, what: str, body: dict[str, Any]) -> None:
        async with self._page.post(f"/sim/stripe/{what}", json=body) as answer:
            if answer.status != 200:
                raise RuntimeError(await answer.text())


def _workspace(stripe_object: dict[str, Any]) -> int:
    return int(stripe_object["metadata"].get("workspace", 0))
