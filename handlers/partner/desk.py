"""The desk: whether the partner sells, what is missing for it, what happened today, what wants a look (R26)."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton

from billing import workspaces
from billing.money import Money
from billing.workspaces import Checklist, Desk
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.other_account import other_account_screen
from handlers.partner.routing import opens, says
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h


def router() -> Router:
    router = Router(name="partner.desk")
    router.message.register(says(desk_screen), Command("partner"))
    router.message.register(says(_stripe), Command("stripe"))
    router.callback_query.register(opens(_desk), buttons.Desk.filter())
    router.callback_query.register(opens(_connect_stripe), buttons.ConnectStripe.filter())
    return router


async def desk_screen(services: Services, speaker: Speaker) -> Screen:
    """The first screen of somebody who works for the partner."""
    desk = await services.db.read(workspaces.desk_view, speaker.person_id, services.clock.now())
    return desk_view(speaker.t, desk)


async def _desk(services: Services, speaker: Speaker, _: buttons.Desk) -> Screen:
    return await desk_screen(services, speaker)


async def _stripe(services: Services, speaker: Speaker) -> Screen:
    other = await other_account_screen(services, speaker)
    if other is not None:
        return other
    desk = await services.db.read(workspaces.desk_view, speaker.person_id, services.clock.now())
    return stripe_view(speaker.t, desk)


async def _connect_stripe(services: Services, speaker: Speaker, _: buttons.ConnectStripe) -> Screen:
    return await _stripe(services, speaker)


def desk_view(t: Tongue, desk: Desk) -> Screen:
    """The desk; what is missing for selling is one tap away, the first of it in colour."""
    found = desk.checklist
    state = t("● selling") if found.selling else t("○ not selling yet")
    return Screen.of(
        f"<b>{h(desk.partner)}</b> · {state}",
        "",
        *_checklist(t, found),
        "",
        t("Workspaces  {count}", count=t.number(desk.workspaces)),
        _today(t, desk),
        _look_at(t, desk),
        rows=[
            *_next_steps(t, found),
            [button(t("1 removal request") if desk.requests == 1 else _requests(t, desk), buttons.Requests())]
            if desk.requests
            else None,
            [button(_plan_requests(t, desk), buttons.PlanRequests())] if desk.plan_requests else None,
            [
                button(t("Workspaces"), buttons.Workspaces()),
                button(t("Adjust points"), buttons.Workspaces(purpose="points")),
            ],
            [
                button(t("Prices"), buttons.Prices()),
                button(t("Packs"), buttons.Packs()),
                button(t("Plans"), buttons.Plans()),
            ],
            [
                button(t("People"), buttons.DeskPeople()),
                button(t("Settings"), buttons.Settings()),
                button(t("Audit"), buttons.Audit()),
            ],
        ],
    )


def _checklist(t: Tongue, found: Checklist) -> list[str]:
    def line(done: bool, ready: str, missing: str) -> str:  # noqa: FBT001
        return f"✓ {ready}" if done else f"○ {missing}"

    live = t("Stripe live") if found.live else t("Stripe in test mode, which is allowed here")
    return [
        *_held_up(t, found),
        line(found.stripe, live if _may_sell(found) else t("Stripe connected"), t("Stripe isn't connected")),
        *([line(False, "", t("Stripe is in test mode"))] if found.stripe and not _may_sell(found) else []),
        line(found.credit_billing, t("Credit billing on"), t("Credit billing is off")),
        line(
            found.packs > 0,
            t.n("{count} pack", "{count} packs", found.packs),
            t("No top-up packs to buy yet"),
        ),
        line(
            found.prices > 0,
            t.n("{count} add-on on sale", "{count} add-ons on sale", found.prices),
            t("No add-on has a price yet"),
        ),
    ]


def _held_up(t: Tongue, found: Checklist) -> list[str]:
    """What keeps money from moving, and what to do."""
    return [
        *(
            [
                t(
                    "⚠ This database is older than what happened at Stripe, as after a restored backup. "
                    "No card is charged and no notice is sent until {command} has run where the bot runs.",
                    command="<code>addondesk reconcile</code>",
                )
            ]
            if found.behind
            else []
        ),
        *(
            [
                t(
                    "⚠ The Stripe key is of another account, {name}: nothing is sold, charged or ended.",
                    name=h(found.other_account),
                )
            ]
            if found.other_account is not None
            else []
        ),
    ]


def _may_sell(found: Checklist) -> bool:
    return found.live or found.test_payments


def _next_steps(t: Tongue, found: Checklist) -> list[list[InlineKeyboardButton]]:
    steps: list[tuple[str, CallbackData]] = []
    if not found.stripe or not _may_sell(found):
        text = t("Go live with Stripe") if found.stripe else t("Connect Stripe")
        if found.other_account is not None:
            text = t("Mend the Stripe key")
        steps.append((text, buttons.ConnectStripe()))
    if not found.credit_billing:
        steps.append((t("Switch credit billing on"), buttons.CreditBilling(on=True, settings=False)))
    if not found.packs:
        steps.append((t("Start with three packs"), buttons.MakeStarterPacks(desk=True)))
    if not found.prices:
        steps.append((t("Use suggested prices"), buttons.SuggestPrices(desk=True)))
    return [
        [button(text, target, "success" if place == 0 else None)]
        for place, (text, target) in enumerate(steps)
    ]


def _today(t: Tongue, desk: Desk) -> str:
    if not desk.today:
        return t("Last 24 hours  no payments")
    paid = ", ".join(
        f"{t.n('{count} payment', '{count} payments', payments)}, {t.money(Money(amount, currency))}"
        for currency, payments, amount in desk.today
    )
    return t("Last 24 hours  {paid}", paid=paid)


def _look_at(t: Tongue, desk: Desk) -> str | None:
    wants_a_look = [
        t.n("{count} paused", "{count} paused", desk.paused) if desk.paused else None,
        t.n("{count} failing card", "{count} failing cards", desk.failing_cards)
        if desk.failing_cards
        else None,
        _requests(t, desk) if desk.requests else None,
        _plan_requests(t, desk) if desk.plan_requests else None,
        t.n("{count} notice not delivered", "{count} notices not delivered", desk.dead_letters)
        if desk.dead_letters
        else None,
    ]
    said = " · ".join(each for each in wants_a_look if each is not None)
    return t("Look at  {what}", what=said) if said else None


def _requests(t: Tongue, desk: Desk) -> str:
    return t.n("{count} removal request", "{count} removal requests", desk.requests)


def _plan_requests(t: Tongue, desk: Desk) -> str:
    return t.n("{count} plan asked for", "{count} plans asked for", desk.plan_requests)


def stripe_view(t: Tongue, desk: Desk) -> Screen:
    """What is connected, and how to connect it: keys are set where the bot runs, never typed into a chat."""
    found = desk.checklist
    if found.stripe:
        state = t("Connected to {name}, live.", name=h(desk.stripe_name or "Stripe"))
        if not found.live:
            state = t("Connected to {name} in test mode.", name=h(desk.stripe_name or "Stripe"))
    else:
        state = t("Not connected yet.")
    steps: list[str] = []
    if not found.stripe:
        steps = [
            t("1. In Stripe open Developers, API keys and make a secret key."),
            t(
                "2. Where the bot runs, set {key} to it and {webhook} to the webhook's signing secret.",
                key="<code>STRIPE_SECRET_KEY</code>",
                webhook="<code>STRIPE_WEBHOOK_SECRET</code>",
            ),
            t("3. Start the bot again. This screen then shows your account."),
            "",
            t("Never send a key into a chat."),
        ]
    elif not found.live and found.test_payments:
        steps = [
            t("Customers can pay with test cards and get points for it."),
            t(
                "Going live takes those points back, to zero at the lowest. "
                "Test cards, open test payments and test plans end."
            ),
            t("To go live: set {key} to the live key and start again.", key="<code>STRIPE_SECRET_KEY</code>"),
        ]
    elif not found.live:
        steps = [
            t("Test payments move no money, so nothing is sold yet."),
            t("To sell: set {key} to the live key and start again.", key="<code>STRIPE_SECRET_KEY</code>"),
            t(
                "To try it out first: set {switch} and start again.",
                switch="<code>ALLOW_TEST_PAYMENTS=true</code>",
            ),
        ]
    return Screen.of(
        f"<b>{t('Stripe')}</b>",
        state,
        "" if steps else None,
        *steps,
        rows=[
            [button(t("Look again"), buttons.ConnectStripe())] if steps else None,
            [button(t("‹ Desk"), buttons.Desk())],
        ],
    )
