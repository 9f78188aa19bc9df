"""A newcomer subscribes to a plan in the demo, without typing anything of Stripe's."""

from .test_demo import joins, sells
from .visitor import Visitor


def test_plan_is_paid_on_the_page_and_starts(desktop: Visitor) -> None:
    sells(desktop)
    joins(desktop)
    desktop.presses("customer", "Plan")
    desktop.presses("customer", "Business Large · 99")
    desktop.presses("customer", "Subscribe")
    desktop.sees("customer", "Pay on Stripe's page")
    desktop.presses("customer", "Pay 99")
    desktop.checkout().locator("#card button[name=action]").click()
    desktop.sees("customer", "Business Large has started!")
    desktop.sees("partner", "has subscribed to Business Large")
    desktop.finds_nothing_wrong()
