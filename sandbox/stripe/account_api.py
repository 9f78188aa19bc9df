"""GET /v1/account: who the key belongs to."""

from sandbox.stripe.accounts import Obj
from sandbox.stripe.routing import ApiRequest, Route


def _retrieve(request: ApiRequest) -> Obj:
    profile = request.account.profile
    return {
        "id": profile.id,
        "object": "account",
        "business_profile": {
            "mcc": None,
            "name": profile.display_name,
            "product_description": None,
            "support_address": None,
            "support_email": None,
            "support_phone": None,
            "support_url": None,
            "url": None,
        },
        "business_type": "company",
        "charges_enabled": profile.charges_enabled,
        "country": profile.country,
        "default_currency": profile.default_currency,
        "details_submitted": True,
        "email": None,
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_payments": {
                "statement_descriptor_prefix": None,
                "statement_descriptor_prefix_kana": None,
                "statement_descriptor_prefix_kanji": None,
            },
            "dashboard": {"display_name": profile.display_name, "timezone": "Etc/UTC"},
            "payments": {
                "statement_descriptor": profile.display_name.upper()[:22],
                "statement_descriptor_kana": None,
                "statement_descriptor_kanji": None,
            },
        },
        "type": "standard",
    }


ROUTES = (Route("GET", "/v1/account", _retrieve),)
