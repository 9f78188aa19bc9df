"""Keys and accounts: whose money is whose, test and live apart, revoked keys out."""

import aiohttp
import pytest
import stripe

from sandbox.state import Sandbox

from .actors import Browser, Client, order
from .conftest import KEY, Connect


async def test_every_key_has_an_account_of_its_own(connect: Connect) -> None:
    one, two = connect("sk_test_one"), connect("sk_test_two")
    customer = await one.v1.customers.create_async()
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await two.v1.customers.retrieve_async(customer.id)
    assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")
    first, second = (
        await one.v1.accounts.retrieve_current_async(),
        await two.v1.accounts.retrieve_current_async(),
    )
    assert first.id != second.id


async def test_a_rolled_key_keeps_its_account_and_modes_stay_apart(connect: Connect) -> None:
    old = connect("sk_live_51GqIC8HYgolSBA35oldoldold")
    new = connect("rk_live_51GqIC8HYgolSBA35newnewnew")
    test = connect("sk_test_51GqIC8HYgolSBA35testtest")
    accounts = [(await each.v1.accounts.retrieve_current_async()).id for each in (old, new, test)]
    assert set(accounts) == {"acct_1GqIC8HYgolSBA35"}
    customer = await old.v1.customers.create_async()
    assert customer.livemode is True
    assert (await new.v1.customers.retrieve_async(customer.id)).id == customer.id
    with pytest.raises(stripe.InvalidRequestError, match="exists in live mode, but a test mode key"):
        await test.v1.customers.retrieve_async(customer.id)


async def test_the_account_says_what_a_partner_registered(client: Client, sandbox: Sandbox) -> None:
    sandbox.stripe.accounts.register(
        KEY, display_name="Rapidbott", country="DE", default_currency="eur", charges_enabled=False
    )
    account = await client.v1.accounts.retrieve_current_async()
    assert account.settings.dashboard.display_name == "Rapidbott"
    assert (account.country, account.default_currency, account.charges_enabled) == ("DE", "eur", False)


async def test_an_account_that_may_not_charge_does_not(
    client: Client, browser: Browser, sandbox: Sandbox
) -> None:
    session = await client.v1.checkout.sessions.create_async(order())
    sandbox.stripe.accounts.register(KEY, charges_enabled=False)
    answer = await browser.sim("pay", session=session.id)
    assert answer["status_code"] == 400
    assert (await client.v1.charges.list_async()).data == []


@pytest.mark.parametrize("key", ["sk_wrong", "nonsense", "pk_test_public", "sk_test_"])
async def test_what_is_no_secret_key_is_refused(connect: Connect, key: str) -> None:
    with pytest.raises(stripe.AuthenticationError) as refusal:
        await connect(key).v1.customers.list_async()
    assert refusal.value.http_status == 401


async def test_a_revoked_key_is_out_until_restored(client: Client, browser: Browser) -> None:
    await client.v1.customers.list_async()
    await browser.sim("revoke", key=KEY)
    with pytest.raises(stripe.AuthenticationError, match="Expired API Key"):
        await client.v1.customers.list_async()
    await browser.sim("revoke", key=KEY, revoked=False)
    await client.v1.customers.list_async()


async def test_curl_without_and_with_a_key(base_url: str) -> None:
    basic = {"Authorization": aiohttp.encode_basic_auth(KEY, "")}
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{base_url}/v1/account") as answer:
            assert answer.status == 401
            assert "You did not provide an API key" in (await answer.json())["error"]["message"]
        async with session.get(f"{base_url}/v1/account", headers=basic) as answer:
            assert (await answer.json())["object"] == "account"


async def test_another_account_cannot_be_named(client: Client) -> None:
    with pytest.raises(stripe.PermissionError):
        await client.v1.customers.list_async({}, {"stripe_account": "acct_other"})


async def test_a_deleted_customer_stays_known_as_deleted(client: Client) -> None:
    customer = await client.v1.customers.create_async({"metadata": {"partner": "7"}})
    renamed = await client.v1.customers.update_async(customer.id, {"name": "Anna", "metadata": {"x": "1"}})
    assert (renamed.name, renamed.metadata.to_dict()) == ("Anna", {"partner": "7", "x": "1"})
    await client.v1.customers.delete_async(customer.id)
    assert (await client.v1.customers.retrieve_async(customer.id)).deleted is True
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        await client.v1.checkout.sessions.create_async(order(customer=customer.id))
