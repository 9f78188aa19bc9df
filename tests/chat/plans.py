"""A market whose plans are sold by subscription, and time that passes at Stripe."""

from billing.plans import catalogue
from storage import catalogue as rows

from .world import PARTNER, World

LITE, LARGE = "price_lite", "price_large"


async def open_plans(market: World) -> None:
    """Lite for 49 and Large for 99 USD a month by Stripe; Business by hand."""
    owner = await market._desk_owner()
    plans = {plan.name: plan.id for plan in await market.db.read(rows.plans, PARTNER)}
    for name, price, amount in (("Business Lite", LITE, 4_900), ("Business Large", LARGE, 9_900)):
        market.gateway.sell(price, amount)
        await catalogue.set_stripe_price(market.payments, market.call(owner), PARTNER, plans[name], price)


async def later(world: World, **by: float) -> None:
    """Some time passes, the poller looks at what is due, and notices go out."""
    world.clock.turn(**(by or {"seconds": 70}))
    await world.services.subscriptions.poll()
    await world.deliver()
