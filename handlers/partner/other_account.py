"""/stripe while the key opens another account than the books are about: what is held up, and moving over (R25)."""

from aiogram import Router

from billing import other_account
from billing.errors import GoneError
from billing.other_account import OtherAccount
from handlers.context import Speaker
from handlers.partner import buttons
from handlers.partner.routing import opens
from handlers.screens import Screen, button
from handlers.services import Services
from handlers.tongue import Tongue, h


def router() -> Router:
    router = Router(name="partner.other_account")
    router.callback_query.register(opens(_move), buttons.MoveAccount.filter())
    return router


async def other_account_screen(services: Services, speaker: Speaker) -> Screen | None:
    """None: the key opens the account that the books are about."""
    found = await services.db.read(other_account.other_account, speaker.person_id)
    return _view(speaker.t, found) if found is not None else None


async def _move(services: Services, speaker: Speaker, tap: buttons.MoveAccount) -> Screen:
    found = await services.db.read(other_account.other_account, speaker.person_id)
    if found is None or found.id != tap.code:
        raise GoneError
    if not tap.sure:
        return _question(speaker.t, found)
    await other_account.move(services.db, speaker.call, tap.code)
    services.wake()
    t = speaker.t
    return Screen.of(
        t(
            "✓ Moved to {name}. Selling begins as soon as Stripe has been asked, within a minute.",
            name=h(found.name),
        ),
        t("Plans need a price of this account: choose it on each plan."),
        rows=[
            [button(t("Plans"), buttons.Plans()), button(t("‹ Desk"), buttons.Desk())],
        ],
    )


def _view(t: Tongue, found: OtherAccount) -> Screen:
    return Screen.of(
        f"<b>{t('Stripe')}</b>",
        t("The key is of another account: {name}.", name=h(found.name)),
        t("Saved cards and subscriptions are at {name}, and only its key reaches them.", name=h(found.known)),
        "",
        t("Until that is mended nothing is sold, charged or ended."),
        t(
            "To go on as before: set {key} to a key of {name} and start again.",
            key="<code>STRIPE_SECRET_KEY</code>",
            name=h(found.known),
        ),
        t("To sell through {name} from now on: move over.", name=h(found.name))
        if found.may_move
        else t("Only an owner can move over to {name}.", name=h(found.name)),
        rows=[
            [button(t("Move to this account"), buttons.MoveAccount(code=found.id, sure=False))]
            if found.may_move
            else None,
            [button(t("Look again"), buttons.ConnectStripe())],
            [button(t("‹ Desk"), buttons.Desk())],
        ],
    )


def _question(t: Tongue, found: OtherAccount) -> Screen:
    left = found.left
    return Screen.of(
        f"<b>{t('Move to {name}?', name=h(found.name))}</b>",
        t("This stays behind at {name} and stops here:", name=h(found.known)),
        t.n(
            "• {count} saved card: auto top-up stops.",
            "• {count} saved cards: auto top-up stops.",
            left.cards,
        ),
        t.n(
            "• {count} subscription: its workspace falls back to your fallback plan.",
            "• {count} subscriptions: their workspaces fall back to your fallback plan.",
            left.subscriptions,
        ),
        t("• Open payment links, and refunds of earlier payments."),
        "",
        t("Stripe goes on charging those subscriptions until you end them in the old account."),
        t("Points stay. There is no way back from here."),
        rows=[
            [button(t("Move over"), buttons.MoveAccount(code=found.id, sure=True), "danger")],
            [button(t("‹ Back"), buttons.ConnectStripe())],
        ],
    )
