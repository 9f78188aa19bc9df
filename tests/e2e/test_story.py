"""A newcomer's story, from the partner's first message to the customer's history."""

import re
from decimal import Decimal

from .conftest import Bench
from .reading import named_points, signed_amounts


async def test_partner_sells_and_customer_buys(bench: Bench) -> None:
    link = await bench.desk.invites("Rivera Dental")
    dana = await bench.sim.person("Dana")
    assert "invite link" in (await dana.writes("/start")).text, "a stranger sees nothing but a greeting"

    home = await dana.opens(link)
    assert "Rivera Dental" in home.text
    assert named_points(home.text) == 0

    shop = await dana.taps("Top up", on=home.id)
    pack = next(each for each in shop.buttons if re.match(r"[\d,.]+ points ·", each.text))
    order = await dana.orders(pack.text, on=shop.id)
    await bench.sim.pay(order)
    paid = await dana.sees("arrived!", on=order.id, within=5)
    bought = named_points(paid.text)
    assert bought == named_points(pack.text)
    assert paid.url("Receipt").startswith(bench.bot.sandbox)

    await dana.taps("Menu", on=paid.id)
    await dana.taps("Add-ons", on=paid.id)
    await dana.taps("Extra bot", on=paid.id)
    quote = await dana.taps("1", on=paid.id)
    added = await dana.taps("Add for", on=paid.id)
    cost = named_points(added.text)
    assert cost == named_points(next(each.text for each in quote.buttons if "Add for" in each.text))
    assert named_points(added.text.splitlines()[-1]) == bought - cost

    assert "Undone" in (await dana.taps("Undo", on=paid.id)).text
    assert named_points((await dana.writes("/menu", shows="● active")).text) == bought

    history = await dana.taps("History")
    assert signed_amounts(history) == {bought, -cost, cost}


async def test_a_link_works_once(bench: Bench) -> None:
    link = await bench.desk.invites("Once Ltd")
    first, second = await bench.sim.person("Dana"), await bench.sim.person("Eve")
    assert "Once Ltd" in (await first.opens(link)).text
    assert "doesn't work any more" in (await second.opens(link)).text
    assert "Once Ltd" not in (await second.writes("/start")).text


async def test_points_by_hand_arrive_with_their_reason(bench: Bench) -> None:
    dana = await bench.customer(workspace="Told Inc")
    done = await bench.desk.gives("Told Inc", "+100", "welcome bonus")
    assert "They have been told" in done.text
    assert "welcome bonus" in (await dana.sees("100 points")).text
    assert named_points((await dana.writes("/menu", shows="● active")).text) == Decimal(100)
