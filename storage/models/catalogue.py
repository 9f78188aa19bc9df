"""What a partner sells: limits, plans, add-ons with their prices, packs, the price of a point."""

import datetime as dt

from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base


class Limit(Base):
    """A counted limit or a granted value (R20). Partners can add their own."""

    __tablename__ = "limits"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]
    counted: Mapped[bool] = mapped_column(default=True)
    per_cycle: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)


class Plan(Base):
    """A plan of the partner's (R24, R25)."""

    __tablename__ = "plans"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    on_sale: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    stripe_price: Mapped[str | None]
    """None: only the partner puts workspaces on it, by hand."""
    amount_minor: Mapped[int | None]
    currency: Mapped[str | None]
    interval: Mapped[str] = mapped_column(default="month")
    """day, week, month, year: what the price is for, `interval_count` of them."""
    interval_count: Mapped[int] = mapped_column(default=1)
    settles_after: Mapped[int | None]
    """Workspaces above this number have yet to be brought to changed allowances; None: all stand by them."""


class PlanAllowance(Base):
    """What a plan grants of one limit."""

    __tablename__ = "plan_allowances"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(primary_key=True)
    limit_code: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


class Addon(Base):
    """Something sold per cycle for points (R6). A unit grants `grant` of a limit, or a named feature."""

    __tablename__ = "addons"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str]
    limit_code: Mapped[str | None]
    grant: Mapped[int] = mapped_column(default=0)
    feature: Mapped[str | None]
    cost_minor: Mapped[int | None]
    cost_currency: Mapped[str] = mapped_column(default="USD")
    on_sale: Mapped[bool] = mapped_column(default=False)
    whole_cycles: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)


class AddonPrice(Base):
    """Hundredths of a point per unit and cycle, for cycles that start on `applies_from` or later (R6).

    That is a date as UTC's calendar had it when the price was set; where the date was another one, so is this.
    """

    __tablename__ = "addon_prices"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    addon_id: Mapped[int] = mapped_column(primary_key=True)
    applies_from: Mapped[dt.date] = mapped_column(primary_key=True)
    price: Mapped[int]
    set_at: Mapped[dt.datetime]
    set_by: Mapped[int | None]


class Pack(Base):
    """A top-up option: an amount of money for points and bonus points (R2). Retired packs keep their row."""

    __tablename__ = "packs"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    points: Mapped[int]
    bonus: Mapped[int] = mapped_column(default=0)
    amount_minor: Mapped[int]
    currency: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    retired_at: Mapped[dt.datetime | None]


class PointPrice(Base):
    """What one point costs in a currency (R3): a decimal of the major unit, kept as its exact text."""

    __tablename__ = "point_prices"

    partner_id: Mapped[int] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    price: Mapped[str]
    minimum_minor: Mapped[int] = mapped_column(default=0)
