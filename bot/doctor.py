"""`addondesk doctor`: is everything set, reachable and in order?"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError

from billing import restored
from billing.clock import Clock
from billing.gateway import GatewayError
from billing.invariants import Invariant
from billing.payments import Payments
from bot import preflight, telegram
from bot.logs import redacted
from bot.settings import Settings
from storage import catalogue, inbox, outbox, stripe_inbox
from storage.database import Database, open_database

State: TypeAlias = Literal["ok", "warning", "wrong"]
LATE = dt.timedelta(minutes=5)
"""What waits for longer is stuck."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the report."""

    subject: str
    state: State
    text: str


async def examine(settings: Settings, clock: Clock, invariants: Sequence[Invariant] = ()) -> list[Finding]:
    """Look at everything; nothing is changed."""
    problems = preflight.missing(settings)
    findings = [Finding("settings", "wrong", problem) for problem in problems]
    if not problems:
        findings.append(Finding("settings", "ok", "complete"))
    if not any(problem.startswith("BOT_TOKEN") for problem in problems):
        findings += await _telegram(settings)
    findings.append(await _stripe(settings))
    schema = await preflight.check_schema(settings)
    if schema:
        return findings + [Finding("database", "wrong", problem) for problem in schema]
    findings.append(Finding("database", "ok", "reachable, schema is the newest"))
    db = open_database(settings.database_url, behind_pooler=settings.database_behind_pooler)
    try:
        findings += await _books(db, settings, clock)
        return findings + await _rows(db, settings, clock) + await _invariants(db, invariants)
    finally:
        await db.close()


async def _telegram(settings: Settings) -> list[Finding]:
    bot = telegram.make_bot(settings)
    async with bot.session:
        problems = await preflight.check_telegram(bot)
        if problems:
            return [Finding("telegram", "wrong", problem) for problem in problems]
        me = await bot.me()
        findings = [Finding("telegram", "ok", f"@{me.username}")]
        try:
            findings.append(await _delivery(bot, settings))
        except TelegramAPIError as error:
            findings.append(Finding("updates", "warning", redacted(str(error))))
        return findings


async def _delivery(bot: Bot, settings: Settings) -> Finding:
    """How updates come, by Telegram's own account."""
    info = await bot.get_webhook_info()
    wanted = settings.public_url + telegram.WEBHOOK_PATH if settings.public_url else ""
    waiting = f"{info.pending_update_count} waiting at Telegram"
    if info.url != wanted:
        return Finding("updates", "warning", f"the webhook is set by the next `addondesk run`; {waiting}")
    if info.last_error_message:
        return Finding("updates", "warning", f"Telegram's last error: {info.last_error_message}; {waiting}")
    return Finding("updates", "ok", f"by {'webhook' if wanted else 'polling'}; {waiting}")


async def _stripe(settings: Settings) -> Finding:
    key = settings.stripe_secret_key.get_secret_value()
    if not key:
        return Finding("stripe", "warning", "not connected: STRIPE_SECRET_KEY is empty, nothing can be sold")
    from billing.stripe_gateway import StripeGateway, http_client

    http = http_client()
    try:
        account = await StripeGateway(key, (), 0, http=http, api_url=settings.stripe_api_url).account()
    except GatewayError as error:
        return Finding("stripe", "wrong", redacted(str(error)))
    finally:
        await http.close_async()  # type: ignore[no-untyped-call]  # the library leaves it untyped
    mode = "live" if account.live else "test"
    if not account.charges_enabled:
        return Finding("stripe", "warning", f"{account.name}, {mode} mode: charges are not enabled yet")
    if not account.live and not settings.allow_test_payments:
        return Finding("stripe", "warning", f"{account.name}, test mode: ALLOW_TEST_PAYMENTS is off (R26)")
    return Finding("stripe", "ok", f"{account.name}, {mode} mode")


async def _books(db: Database, settings: Settings, clock: Clock) -> list[Finding]:
    """Whether the books are about this key's account, and whether they are as old as what happened there."""
    partner = await db.read(catalogue.first_partner)
    if partner is None:
        return []
    if partner.other_account is not None:
        text = (
            f"STRIPE_SECRET_KEY is of {partner.other_account_name}; cards and subscriptions are at"
            f" {partner.stripe_name}: nothing is sold. Set the old key, or move over at the desk (/stripe)"
        )
        return [Finding("stripe account", "wrong", text)]
    try:
        behind = partner.behind_since is not None or await _lacks_any(db, settings, clock, partner.id)
    except GatewayError as error:
        return [Finding("backup", "warning", f"not compared with Stripe: {redacted(str(error))}")]
    if not behind:
        return [Finding("backup", "ok", "the database knows everything that this bot made at Stripe")]
    text = (
        "the database is older than what happened at Stripe, as after a restored backup:"
        " nothing is charged or sent. Run `addondesk reconcile`"
    )
    return [Finding("backup", "wrong", text)]


async def _lacks_any(db: Database, settings: Settings, clock: Clock, partner_id: int) -> bool:
    key = settings.stripe_secret_key.get_secret_value()
    if not key:
        return False
    from billing.stripe_gateway import StripeGateway, http_client

    http = http_client()
    try:
        gateway = StripeGateway(key, (), partner_id, http=http, api_url=settings.stripe_api_url)
        payments = Payments(db, {partner_id: gateway}, clock, _bot_id(settings), str)
        return await restored.lacks_any(payments, partner_id)
    finally:
        await http.close_async()  # type: ignore[no-untyped-call]  # the library leaves it untyped


def _bot_id(settings: Settings) -> int:
    return int(settings.bot_token.get_secret_value().partition(":")[0] or 0)


async def _rows(db: Database, settings: Settings, clock: Clock) -> list[Finding]:
    """What waits for too long, and what was given up."""
    bot_id = _bot_id(settings)
    now = clock.now()
    findings = []
    for subject, backlog in (
        ("inbox", await db.read(inbox.backlog, bot_id)),
        ("outbox", await db.read(outbox.backlog, bot_id, now)),
        ("stripe events", await db.read(stripe_inbox.backlog)),
    ):
        late = backlog.oldest is not None and now - backlog.oldest > LATE
        since = f", the oldest since {backlog.oldest:%Y-%m-%d %H:%M} UTC" if late else ""
        state: State = "warning" if late else "ok"
        findings.append(Finding(subject, state, f"{backlog.count} waiting{since}"))
    failed = await db.read(stripe_inbox.failed)
    if failed:
        newest = failed[0]
        end = "given up" if newest.given_up else "tried again"
        text = (
            f"{len(failed)} failed; the last, {newest.type} {newest.id}, is {end}: {redacted(newest.error)}"
        )
        findings.append(Finding("stripe events", "warning", text))
    dead = await db.read(inbox.dead_updates, bot_id)
    if dead:
        last = redacted(dead[0].error)
        findings.append(Finding("inbox", "warning", f"{len(dead)} updates given up; the last: {last}"))
    return findings


async def _invariants(db: Database, invariants: Sequence[Invariant]) -> list[Finding]:
    findings = []
    for name, query in invariants:
        broken = await db.scan(query)
        findings += [Finding(name, "wrong", one) for one in broken] or [Finding(name, "ok", "holds")]
    return findings
