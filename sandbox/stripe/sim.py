"""/sim/stripe/*: what people and banks do, for the sandbox's page and for tests."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.stripe.accounts import Account, Accounts, Obj, Server
from sandbox.stripe.cards import GENERIC, card_of, decline_of
from sandbox.stripe.checkout import expire_session
from sandbox.stripe.delivery import Deliveries
from sandbox.stripe.disputes import close_dispute, open_dispute
from sandbox.stripe.errors import StripeError, invalid_request
from sandbox.stripe.invoice_paying import authenticate_invoice, pay_invoice
from sandbox.stripe.overview import overview
from sandbox.stripe.passing import catch_up
from sandbox.stripe.paying import Authentication, TypedCard, pay_by_card, pay_by_debit, settle
from sandbox.stripe.payment_methods import release
from sandbox.stripe.refunds import charge_of_intent, fail_refund, refund_charge
from sandbox.stripe.subscriptions import ENDED, end

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Return:
    """A customer came back from the checkout page through a t.me link: its start payload and the session."""

    payload: str
    session: str


class Simulation:
    """Every action answers the changed object, or Stripe's error body with its status."""

    def __init__(self, server: Server, accounts: Accounts, deliveries: Deliveries) -> None:
        self._server = server
        self._accounts = accounts
        self._deliveries = deliveries
        self.on_return: list[Callable[[Return], Awaitable[None] | None]] = []

    def add_routes(self, app: web.Application) -> None:
        for name, action in (
            ("pay", self._pay),
            ("refund", self._refund),
            ("fail_refund", self._fail_refund),
            ("dispute", self._dispute),
            ("dispute/close", self._close_dispute),
            ("settle_delayed", self._settle),
            ("fail_delayed", self._fail_delayed),
            ("expire", self._expire),
            ("card", self._change_card),
            ("decline", self._decline),
            ("detach", self._detach),
            ("next_invoice", self._next_invoice),
            ("pay_invoice", self._pay_invoice),
            ("cancel_subscription", self._cancel_subscription),
            ("dunning", self._dunning),
            ("resend", self._resend),
            ("hold", self._hold),
            ("drop", self._drop),
            ("revoke", self._revoke),
        ):
            app.router.add_post(f"/sim/stripe/{name}", self._answering(action))
        app.router.add_post("/sim/stripe/return", self._returned)
        app.router.add_get("/sim/stripe/payments", self._payments)
        app.router.add_get("/sim/stripe/deliveries", self._attempts)

    def _answering(self, action: Callable[[Body], Obj]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            self._server.base_url = f"{request.scheme}://{request.host}"
            for account in self._accounts:
                catch_up(account)
            try:
                return web.json_response(action(await request.json()))
            except StripeError as error:
                return web.json_response({"error": error.content()}, status=error.status)
            except KeyError as error:
                problem = invalid_request(f"Missing required param: {error.args[0]}.")
                return web.json_response({"error": problem.content()}, status=400)
            except (TypeError, ValueError) as error:
                return web.json_response({"error": invalid_request(str(error)).content()}, status=400)

        return answer

    def _pay(self, body: Body) -> Obj:
        """{"session", "card"?, "three_d_secure"?: "complete"|"fail", "email"?, "save"?}; card "debit" pays by bank debit."""
        account, session = self._accounts.holding("checkout.session", body["session"])
        number = str(body.get("card", "4242424242424242"))
        if number == "debit":
            pay_by_debit(account, session, email=body.get("email"))
            return session
        asked = body.get("three_d_secure")
        authentication: Authentication | None = asked if asked in ("complete", "fail") else None
        pay_by_card(
            account,
            session,
            _good_card(account, number),
            email=body.get("email"),
            save=bool(body.get("save", False)),
            authentication=authentication,
        )
        return session

    def _refund(self, body: Body) -> Obj:
        """{"charge" or "payment_intent", "amount"?}"""
        account, charge = self._charge(body)
        return refund_charge(account, charge, body.get("amount"), reason="requested_by_customer")

    def _fail_refund(self, body: Body) -> Obj:
        account, refund = self._accounts.holding("refund", body["refund"])
        return fail_refund(account, refund)

    def _dispute(self, body: Body) -> Obj:
        """{"charge" or "payment_intent", "outcome"?: "inquiry"|"won"|"lost", "amount"?, "reason"?}"""
        account, charge = self._charge(body)
        outcome = body.get("outcome")
        dispute = open_dispute(
            account,
            charge,
            inquiry=outcome == "inquiry",
            reason=str(body.get("reason", "fraudulent")),
            amount=body.get("amount"),
        )
        if outcome in ("won", "lost"):
            close_dispute(account, dispute, won=outcome == "won")
        return dispute

    def _close_dispute(self, body: Body) -> Obj:
        account, dispute = self._accounts.holding("dispute", body["dispute"])
        return close_dispute(account, dispute, won=bool(body["won"]))

    def _settle(self, body: Body) -> Obj:
        account, session = self._accounts.holding("checkout.session", body["session"])
        settle(account, session, ok=bool(body.get("ok", True)))
        return session

    def _fail_delayed(self, body: Body) -> Obj:
        return self._settle({**body, "ok": False})

    def _expire(self, body: Body) -> Obj:
        account, session = self._accounts.holding("checkout.session", body["session"])
        return expire_session(account, session)

    def _change_card(self, body: Body) -> Obj:
        """{"payment_method", "card"}: from now on the saved card behaves like that test card."""
        account, method = self._accounts.holding("payment_method", body["payment_method"])
        account.cards[method["id"]] = card_of(str(body["card"]), livemode=account.livemode)
        return method

    def _decline(self, body: Body) -> Obj:
        """{"payment_method", "code", "always"?}: the saved card's next charge, or every one, is declined so; code null: no more."""
        account, method = self._accounts.holding("payment_method", body["payment_method"])
        _order(account, method, body["code"], always=bool(body.get("always", False)))
        return method

    def _detach(self, body: Body) -> Obj:
        """{"payment_method"}: taken from its customer in the dashboard."""
        account, method = self._accounts.holding("payment_method", body["payment_method"])
        if method["customer"] is not None:
            release(account, method)
        return method

    def _next_invoice(self, body: Body) -> Obj:
        """{"subscription", "outcome": "paid"|"declined"|"given_up"}: its next attempt to collect, or every one, is declined."""
        account, subscription = self._accounts.holding("subscription", body["subscription"])
        outcome = body["outcome"]
        if outcome not in ("paid", "declined", "given_up"):
            raise ValueError("outcome must be paid, declined or given_up")
        code = None if outcome == "paid" else GENERIC.decline_code
        _order(account, subscription, code, always=outcome == "given_up")
        return subscription

    def _pay_invoice(self, body: Body) -> Obj:
        """{"invoice", "card"?, "three_d_secure"?: "complete"|"fail"}, as on the invoice's page."""
        account, invoice = self._accounts.holding("invoice", body["invoice"])
        pay_invoice(account, invoice, _good_card(account, str(body.get("card", "4242424242424242"))))
        if invoice["status"] == "open" and "three_d_secure" in body:
            authenticate_invoice(account, invoice, ok=body["three_d_secure"] == "complete")
        return invoice

    def _cancel_subscription(self, body: Body) -> Obj:
        """{"subscription"}: ended now, in the dashboard."""
        account, subscription = self._accounts.holding("subscription", body["subscription"])
        if subscription["status"] in ENDED:
            raise invalid_request(f"Subscription {subscription['id']} is canceled already.")
        return end(account, subscription, "cancellation_requested")

    def _dunning(self, body: Body) -> Obj:
        """{"key", "then": "canceled"|"unpaid"|"past_due"}: what the account does once every attempt has failed."""
        if body["then"] not in ("canceled", "unpaid", "past_due"):
            raise ValueError("then must be canceled, unpaid or past_due")
        self._accounts.of_key(str(body["key"])).after_dunning = body["then"]
        return {"then": body["then"]}

    def _resend(self, body: Body) -> Obj:
        """{"event", "as_new"?}: the same event once more, or a second event of the same happening."""
        account, event = self._accounts.holding("event", body["event"])
        if body.get("as_new"):
            return account.emit(
                event["type"], event["data"]["object"], event["data"].get("previous_attributes")
            )
        return {"event": event["id"], "sent": self._deliveries.resend(account, event)}

    def _hold(self, body: Body) -> Obj:
        """{"hold": true} keeps events back; {"hold": false, "reverse"?: true} sends them, newest first if asked."""
        if body["hold"]:
            self._deliveries.held = True
            return {"held": True}
        return {"held": False, "sent": self._deliveries.release(reverse=bool(body.get("reverse", False)))}

    def _drop(self, body: Body) -> Obj:
        """{"events": n}: the next n events are never sent."""
        self._deliveries.drop_next = int(body.get("events", 1))
        return {"drop": self._deliveries.drop_next}

    def _revoke(self, body: Body) -> Obj:
        """{"key", "revoked"?}"""
        revoked = bool(body.get("revoked", True))
        self._accounts.revoke(str(body["key"]), revoked=revoked)
        return {"revoked": revoked}

    def _charge(self, body: Body) -> tuple[Account, Obj]:
        if "charge" in body:
            return self._accounts.holding("charge", body["charge"])
        account, intent = self._accounts.holding("payment_intent", body["payment_intent"])
        return account, charge_of_intent(account, intent)

    async def _returned(self, request: web.Request) -> web.Response:
        """{"payload", "session"}, posted by the checkout page."""
        body = await request.json()
        returned = Return(str(body["payload"]), str(body["session"]))
        for listener in self.on_return:
            outcome = listener(returned)
            if outcome is not None:
                await outcome
        return web.json_response({"ok": True})

    async def _attempts(self, _: web.Request) -> web.Response:
        return web.json_response({"deliveries": [attempt.as_json() for attempt in self._deliveries.attempts]})

    async def _payments(self, _: web.Request) -> web.Response:
        for account in self._accounts:
            catch_up(account)
        return web.json_response(overview(self._accounts))


def _good_card(account: Account, number: str) -> TypedCard:
    return TypedCard(number, f"12/{account.server.clock.now().year + 3}")


def _order(account: Account, obj: Obj, code: str | None, *, always: bool) -> None:
    if code is None:
        account.refusals.clear(obj["id"])
    else:
        account.refusals.order(obj["id"], decline_of(code), None if always else 1)
