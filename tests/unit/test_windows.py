"""Windows: days of a market and of UTC, with the days on which the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.catalogue import WindowKind
from loaders.windows import HALF_HOUR, Window, plan_windows, windows
from tests.loads import ELEXON, day

LONDON = ZoneInfo("Europe/London")
SPRING, AUTUMN = day("2024-03-31"), day("2024-10-27")
DAY_KINDS: list[WindowKind] = ["settlement_day", "utc_day"]


@pytest.mark.parametrize(
    ("on", "start", "end", "periods"),
    [
        (day("2024-01-02"), "2024-01-02T00:00:00Z", "2024-01-03T00:00:00Z", 48),
        (SPRING, "2024-03-31T00:00:00Z", "2024-03-31T23:00:00Z", 46),
        (day("2024-04-01"), "2024-03-31T23:00:00Z", "2024-04-01T23:00:00Z", 48),
        (AUTUMN, "2024-10-26T23:00:00Z", "2024-10-28T00:00:00Z", 50),
    ],
)
def test_a_settlement_day_runs_from_midnight_to_midnight_in_london(
    on: date, start: str, end: str, periods: int
) -> None:
    window = Window("settlement_day", LONDON, on)
    assert (window.start_at, window.end_at) == (datetime.fromisoformat(start), datetime.fromisoformat(end))
    assert window.end_at - window.start_at == periods * HALF_HOUR


@pytest.mark.parametrize("on", [SPRING, AUTUMN])
def test_a_utc_day_has_24_hours_whatever_london_does(on: date) -> None:
    window = Window("utc_day", LONDON, on)
    assert window.start_at == datetime(on.year, on.month, on.day, tzinfo=UTC)
    assert window.end_at == window.start_at + timedelta(days=1)


def test_a_settlement_day_is_bounded_by_dates_and_a_utc_day_by_instants() -> None:
    on, after = day("2024-07-01"), day("2024-07-02")
    assert Window("settlement_day", LONDON, on).bounds == (on, after)
    assert Window("utc_day", LONDON, on).bounds == (
        datetime(2024, 7, 1, tzinfo=UTC),
        datetime(2024, 7, 2, tzinfo=UTC),
    )


def test_the_last_second_of_a_window_lies_before_the_next_one() -> None:
    assert Window("utc_day", LONDON, SPRING).values == {
        "date": "2024-03-31",
        "year": "2024",
        "start": "2024-03-31T00:00:00Z",
        "last_second": "2024-03-31T23:59:59Z",
        "end": "2024-04-01T00:00:00Z",
    }


def test_a_snapshot_has_no_days_and_fills_no_braces() -> None:
    window = Window("snapshot", LONDON)
    assert (window.label, window.bounds, window.until, window.values) == ("snapshot", None, None, {})


@given(
    kind=st.sampled_from(DAY_KINDS),
    first=st.dates(date(2000, 1, 1), date(2035, 1, 1)),
    length=st.integers(0, 800),
)
def test_windows_cover_their_span_without_gap_or_overlap(kind: WindowKind, first: date, length: int) -> None:
    found = list(windows(kind, LONDON, first, first + timedelta(days=length)))
    assert [window.first for window in found] == [first + timedelta(days=number) for number in range(length)]
    assert all(one.end_at == other.start_at for one, other in pairwise(found))


@given(first=st.dates(date(2000, 1, 1), date(2035, 1, 1)))
def test_a_settlement_day_has_46_48_or_50_half_hours(first: date) -> None:
    window = Window("settlement_day", LONDON, first)
    assert (window.end_at - window.start_at) / HALF_HOUR in (46, 48, 50)


def test_a_year_has_a_window_for_each_day() -> None:
    assert len(list(windows("settlement_day", LONDON, date(2024, 1, 1), date(2025, 1, 1)))) == 366


def planned(dataset: str, now: str, first: str = "2024-06-01", until: str = "2024-06-05") -> list[str]:
    moment = datetime.fromisoformat(now)
    return [window.label for window in plan_windows(ELEXON.dataset(dataset), LONDON, day(first), day(until), moment)]


def test_a_day_is_planned_once_it_has_ended_in_its_own_clock() -> None:
    # In June London's day ends an hour before UTC's.
    assert planned("pn", "2024-06-02T22:59:59Z") == ["2024-06-01"]
    assert planned("pn", "2024-06-02T23:00:00Z") == ["2024-06-01", "2024-06-02"]
    assert planned("freq", "2024-06-02T23:00:00Z") == ["2024-06-01"]
    assert planned("freq", "2024-06-03T00:00:00Z") == ["2024-06-01", "2024-06-02"]


def test_a_day_whose_publisher_settles_it_later_is_planned_later() -> None:
    assert planned("b1610", "2024-06-10T22:59:59Z") == []
    assert planned("b1610", "2024-06-10T23:00:00Z") == ["2024-06-01"]


def test_a_span_in_the_future_has_no_windows() -> None:
    assert planned("pn", "2024-05-01T00:00:00Z") == []


def test_a_register_is_one_window_whatever_the_span() -> None:
    assert planned("bm_units", "2024-05-01T00:00:00Z") == ["snapshot"]
