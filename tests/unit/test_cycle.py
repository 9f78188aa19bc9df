"""R4, R5: cycles from the anchor, changes of the renewal date, and dates in a zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from billing.cycle import (
    Cycle,
    UnknownZoneError,
    boundary,
    cycle_at,
    cycle_number,
    local_date,
    next_cycle,
    rebase,
    start_instant,
    zone_named,
)

days = st.dates(date(2000, 1, 1), date(2099, 12, 31))

ZONES = [
    "Africa/Cairo",
    "America/Asuncion",
    "America/Havana",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "UTC",
]


def whole(start: date, end: date) -> Cycle:
    return Cycle(start, end, start, end)


@pytest.mark.parametrize(
    ("anchor", "k", "start"),
    [
        (date(2027, 1, 31), 0, date(2027, 1, 31)),
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2027, 1, 31), 2, date(2027, 3, 31)),
        (date(2027, 1, 31), 3, date(2027, 4, 30)),
        (date(2027, 1, 31), 13, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2028, 2, 29), 1, date(2028, 3, 29)),
        (date(2027, 1, 31), -1, date(2026, 12, 31)),
        (date(2027, 1, 31), -2, date(2026, 11, 30)),
    ],
)
def test_r4_boundaries_are_clamped_and_always_counted_from_the_anchor(
    anchor: date, k: int, start: date
) -> None:
    assert boundary(anchor, k) == start


@given(days, st.integers(-600, 600))
def test_r4_cycles_follow_each_other_without_gap_or_overlap(anchor: date, k: int) -> None:
    assume(1900 < anchor.year + k // 12 < 2200)
    start, end = boundary(anchor, k), boundary(anchor, k + 1)
    assert 28 <= (end - start).days <= 31
    assert cycle_number(anchor, start) == k
    assert cycle_number(anchor, end - timedelta(days=1)) == k
    assert next_cycle(whole(start, end), anchor) == whole(end, boundary(anchor, k + 2))


@given(days, days)
def test_r4_every_day_falls_into_its_cycle(anchor: date, day: date) -> None:
    cycle = cycle_at(anchor, day)
    assert day in cycle
    assert cycle.is_whole
    assert len(list(cycle.dates())) == cycle.days
    assert cycle.days_left(day) == sum(1 for d in cycle.dates() if d >= day)


def test_r4_march_with_the_change_to_summer_time_has_31_dates() -> None:
    assert cycle_at(date(2027, 3, 1), date(2027, 3, 31)).days == 31


NOVEMBER = whole(date(2026, 11, 1), date(2026, 12, 1))


def test_r4_a_new_boundary_inside_the_running_cycle_ends_it_there() -> None:
    current, following = rebase(NOVEMBER, date(2026, 11, 25), today=date(2026, 11, 20))
    assert current == Cycle(date(2026, 11, 1), date(2026, 11, 25), date(2026, 11, 1), date(2026, 12, 1))
    assert (current.days, current.whole_days) == (24, 30)
    assert following == whole(date(2026, 11, 25), date(2026, 12, 25))


def test_r4_otherwise_the_cycle_ends_as_planned_and_a_short_one_follows() -> None:
    current, following = rebase(NOVEMBER, date(2026, 11, 10), today=date(2026, 11, 20))
    assert current == NOVEMBER
    assert following == Cycle(date(2026, 12, 1), date(2026, 12, 10), date(2026, 11, 10), date(2026, 12, 10))
    assert next_cycle(following, date(2026, 11, 10)) == whole(date(2026, 12, 10), date(2027, 1, 10))


def test_r4_a_new_boundary_today_ends_the_cycle_today() -> None:
    current, following = rebase(NOVEMBER, date(2026, 11, 20), today=date(2026, 11, 20))
    assert current.end == following.start == date(2026, 11, 20)


def test_r4_an_anchor_years_away_counts_by_its_day() -> None:
    current, following = rebase(NOVEMBER, date(2031, 3, 25), today=date(2026, 11, 20))
    assert (current.end, following.end) == (date(2026, 11, 25), date(2026, 12, 25))


def test_r4_the_same_renewal_day_changes_nothing() -> None:
    assert rebase(NOVEMBER, date(2025, 3, 1), today=date(2026, 11, 1)) == (
        NOVEMBER,
        whole(date(2026, 12, 1), date(2027, 1, 1)),
    )


def test_r4_a_cut_cycle_that_is_cut_again_keeps_its_days_price() -> None:
    once, _ = rebase(NOVEMBER, date(2026, 11, 25), today=date(2026, 11, 20))
    twice, _ = rebase(once, date(2026, 11, 22), today=date(2026, 11, 21))
    assert (twice.end, twice.whole_days) == (date(2026, 11, 22), 30)


@given(days, days, days)
def test_r4_any_change_keeps_today_and_joins_on_to_the_new_dates(
    anchor: date, new_anchor: date, today: date
) -> None:
    running = cycle_at(anchor, today)
    current, following = rebase(running, new_anchor, today)
    assert (current.start, current.whole_start, current.whole_end) == (
        running.start,
        running.start,
        running.end,
    )
    assert today < current.end or boundary(new_anchor, cycle_number(new_anchor, today)) == today
    assert following.start == current.end
    assert following.end == boundary(new_anchor, cycle_number(new_anchor, following.start) + 1)
    inside = [d for d in running.dates() if max(today, running.start + timedelta(days=1)) <= d]
    boundaries = [d for d in inside if boundary(new_anchor, cycle_number(new_anchor, d)) == d]
    assert current.end == min(boundaries, default=running.end)


def test_r4_no_cycle_without_a_day() -> None:
    with pytest.raises(ValueError, match="no cycle"):
        whole(date(2026, 11, 1), date(2026, 11, 1))


def test_r5_today_is_the_date_in_the_workspaces_zone() -> None:
    instant = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert local_date(instant, ZoneInfo("Asia/Tokyo")) == date(2026, 12, 1)
    assert local_date(instant, ZoneInfo("America/New_York")) == date(2026, 11, 30)
    with pytest.raises(ValueError, match="time zone"):
        local_date(datetime(2026, 11, 30, 23, 30), ZoneInfo("UTC"))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("zone", "day", "instant"),
    [
        ("Europe/Berlin", date(2026, 12, 1), "2026-11-30T23:00:00"),
        # Midnight to one o'clock did not exist.
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00:00"),
        ("Asia/Beirut", date(2022, 3, 27), "2022-03-26T22:00:00"),
        # Half past eleven jumped to half past midnight.
        ("America/Toronto", date(1919, 3, 31), "1919-03-31T04:30:00"),
        # Midnight came twice: one minute past it the clocks went back to 23:01.
        ("America/St_Johns", date(2010, 11, 7), "2010-11-07T02:30:00"),
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00:00"),
        # The 30th was skipped altogether.
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00:00"),
        ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00:00"),
    ],
)
def test_r5_a_date_starts_at_its_first_instant(zone: str, day: date, instant: str) -> None:
    assert start_instant(day, ZoneInfo(zone)) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@given(
    st.sampled_from(ZONES),
    days,
)
def test_r5_the_second_before_belongs_to_the_date_before(zone: str, day: date) -> None:
    instant = start_instant(day, ZoneInfo(zone))
    assert local_date(instant, ZoneInfo(zone)) == day
    assert local_date(instant - timedelta(seconds=1), ZoneInfo(zone)) == day - timedelta(days=1)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (" america/new york ", "America/New_York"),
        ("utc", "UTC"),
    ],
)
def test_r4_zones_are_known_by_their_iana_names(typed: str, key: str) -> None:
    assert zone_named(typed).key == key


@pytest.mark.parametrize(
    "typed", ["", "Mars/Olympus", "../../etc/passwd", "localtime", "posixrules", "+02:00"]
)
def test_r4_what_is_no_zone_is_refused(typed: str) -> None:
    with pytest.raises(UnknownZoneError):
        zone_named(typed)
