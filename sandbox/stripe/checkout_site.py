"""Serves /pay/*: the checkout page, receipts and invoices."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from sandbox.hub import Hub
from sandbox.stripe.accounts import Account, Accounts, Obj, Server
from sandbox.stripe.errors import StripeError
from sandbox.stripe.frame import content_security_policy, missing_page, new_nonce
from sandbox.stripe.invoice_paying import authenticate_invoice, pay_invoice
from sandbox.stripe.page import LOCAL_HOSTS, checkout_page
from sandbox.stripe.papers import invoice_page, receipt_page
from sandbox.stripe.passing import catch_up
from sandbox.stripe.paying import TypedCard, authenticate, pay_by_card, pay_by_debit


class CheckoutSite:
    """A form that changed something is answered with a redirect, so that a reload never pays again."""

    def __init__(self, server: Server, accounts: Accounts, hub: Hub) -> None:
        self._server = server
        self._accounts = accounts
        self._hub = hub

    async def show(self, request: web.Request) -> web.Response:
        left = "left" in request.query

        def render(account: Account, session: Obj, nonce: str) -> str:
            catch_up(account)
            return checkout_page(account, session, nonce, left=left)

        return self._page(request, "checkout.session", request.match_info["session"], render)

    async def receipt(self, request: web.Request) -> web.Response:
        return self._page(request, "charge", request.match_info["id"], receipt_page)

    async def invoice(self, request: web.Request) -> web.Response:
        return self._page(request, "invoice", request.match_info["id"], invoice_page)

    async def submit_invoice(self, request: web.Request) -> web.Response:
        form = await request.post()
        self._server.base_url = f"{request.scheme}://{request.host}"
        invoice_id = request.match_info["id"]
        nonce = new_nonce()
        try:
            account, invoice = self._accounts.holding("invoice", invoice_id)
        except StripeError:
            return _html(404, missing_page(nonce), nonce)
        catch_up(account)
        try:
            if form.get("action") == "card":
                pay_invoice(account, invoice, _typed(form))
            elif form.get("action") in ("complete", "fail"):
                authenticate_invoice(account, invoice, ok=form.get("action") == "complete")
        except StripeError as error:
            if error.kind == "card_error":
                return _html(200, invoice_page(account, invoice, nonce, error.message), nonce)
            # Anything else means that it can't be paid any more, which its page says.
        finally:
            self._hub.publish("stripe", invoice=invoice_id)
        raise web.HTTPSeeOther(f"/pay/invoice/{invoice_id}")

    async def submit(self, request: web.Request) -> web.Response:
        form = await request.post()
        self._server.base_url = f"{request.scheme}://{request.host}"
        session_id = request.match_info["session"]
        try:
            account, session = self._accounts.holding("checkout.session", session_id)
        except StripeError:
            nonce = new_nonce()
            return _html(404, missing_page(nonce), nonce)
        catch_up(account)
        target = f"/pay/{session_id}"
        if form.get("action") == "leave":
            cancel_url = session["cancel_url"] or ""
            local = urlsplit(cancel_url).hostname in LOCAL_HOSTS
            raise web.HTTPSeeOther(cancel_url if local else f"{target}?left=1")
        try:
            _act(account, session, form)
        except StripeError as error:
            if error.kind == "card_error":
                nonce = new_nonce()
                page = checkout_page(account, session, nonce, problem=error.message)
                return _html(200, page, nonce)
            # Anything else means that the session isn't open any more, which its page says.
        finally:
            self._hub.publish("stripe", session=session_id)
        raise web.HTTPSeeOther(target)

    def _page(
        self, request: web.Request, kind: str, object_id: str, render: Callable[[Account, Obj, str], str]
    ) -> web.Response:
        self._server.base_url = f"{request.scheme}://{request.host}"
        nonce = new_nonce()
        try:
            account, obj = self._accounts.holding(kind, object_id)
        except StripeError:
            return _html(404, missing_page(nonce), nonce)
        return _html(200, render(account, obj, nonce), nonce)


def _act(account: Account, session: Obj, form: Any) -> None:
    action = form.get("action")
    email = str(form.get("email", "")) or None
    if action == "card":
        pay_by_card(account, session, _typed(form), email=email, save=form.get("save") == "true")
    elif action == "debit":
        pay_by_debit(account, session, email=email)
    elif action in ("complete", "fail"):
        authenticate(account, session, "complete" if action == "complete" else "fail")


def _typed(form: Any) -> TypedCard:
    return TypedCard(str(form.get("number", "")), str(form.get("expiry", "")), str(form.get("cvc", "")))


def _html(status: int, text: str, nonce: str) -> web.Response:
    headers = {
        "Content-Security-Policy": content_security_policy(nonce),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return web.Response(status=status, text=text, content_type="text/html", headers=headers)
