"""What a partner sells, and on what terms: defaults, prices, packs, switches (R2, R3, R6, R26)."""

from billing.catalogue.addons import (
    AddonCard,
    addon_card,
    addon_cards,
    price_applies_from,
    price_at,
    set_label,
    set_on_sale,
    set_price,
    set_whole_cycles,
    suggest_prices,
)
from billing.catalogue.defaults import FIRST_PARTNER, first_partner
from billing.catalogue.packs import (
    PackCard,
    drop_point_price,
    move_pack,
    pack_card,
    pack_cards,
    retire_pack,
    save_pack,
    set_point_price,
    starter_packs,
)
from billing.catalogue.switches import (
    set_charge_removal_date,
    set_credit_billing,
    set_customers_may_remove,
    set_partner_name,
)

__all__ = [
    "FIRST_PARTNER",
    "AddonCard",
    "PackCard",
    "addon_card",
    "addon_cards",
    "drop_point_price",
    "first_partner",
    "move_pack",
    "pack_card",
    "pack_cards",
    "price_applies_from",
    "price_at",
    "retire_pack",
    "save_pack",
    "set_charge_removal_date",
    "set_credit_billing",
    "set_customers_may_remove",
    "set_label",
    "set_on_sale",
    "set_partner_name",
    "set_point_price",
    "set_price",
    "set_whole_cycles",
    "starter_packs",
    "suggest_prices",
]
