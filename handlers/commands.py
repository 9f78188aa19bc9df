"""The commands of the menu, for everybody and for partners."""

from handlers.tongue import Tongue

CUSTOMER = (
    ("menu", "Your workspace"),
    ("topup", "Buy points"),
    ("addons", "Add-ons"),
    ("points", "Your points"),
    ("autotopup", "Points that buy themselves"),
    ("history", "What happened to your points"),
    ("plan", "Your plan and the others"),
    ("help", "How this works"),
    ("notices", "What you are told, and when"),
    ("privacy", "What is kept about you"),
    ("paysupport", "Help with a payment"),
)
PARTNER = (
    ("partner", "Your desk"),
    ("workspaces", "Workspaces and their points"),
    ("ws", "One workspace, by its number"),
    ("points", "Add or take points"),
    ("addons", "Prices of add-ons"),
    ("packs", "Top-up packs"),
    ("plans", "Plans, their allowances and prices"),
    ("setplan", "Put a workspace on a plan"),
    ("invite", "Invite a customer"),
    ("pause", "Pause a workspace"),
    ("resume", "Let a workspace run again"),
    ("usage", "Note what a workspace uses"),
    ("admins", "Who works at the desk"),
    ("stripe", "How Stripe is connected"),
    ("settings", "Names and switches"),
    ("audit", "Who changed what"),
    ("menu", "Back to the start"),
    ("help", "How this works"),
    ("notices", "What you are told, and when"),
    ("privacy", "What is kept about you"),
)


def described(commands: tuple[tuple[str, str], ...], t: Tongue) -> list[tuple[str, str]]:
    """The commands with their descriptions in a language."""
    return [(name, t(text)) for name, text in commands]
