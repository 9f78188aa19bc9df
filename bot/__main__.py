"""`python -m bot` is `addondesk`."""

from bot.cli import main

main()
