"""From the publisher's keys to declared columns: every key accounted for, every row given out, quarantined or left."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.catalogue import Dataset
from loaders.errors import SourceChanged
from loaders.readers import read_json
from loaders.shape import REJECT_SCHEMA, Shaper
from loaders.windows import Window
from tests.loads import ELEXON, day, published

Record = dict[str, Any]
LONDON = ZoneInfo("Europe/London")
PN, FUELINST, FREQ, BOALF, REMIT, BM_UNITS = (
    ELEXON.dataset(name) for name in ("pn", "fuelinst", "freq", "boalf", "remit", "bm_units")
)
DAY = day("2024-01-02")
EPOCH = datetime.fromisoformat("1970-01-01")


def shaper(dataset: Dataset, on: date = DAY) -> Shaper:
    kind = dataset.request.window
    return Shaper(dataset, Window(kind, LONDON, None if kind == "snapshot" else on))


def shape(shaping: Shaper, records: list[Record]) -> list[Record]:
    """The rows given out for one body of these records."""
    rows: list[Record] = []
    for batch in read_json([json.dumps(records).encode()], shaping.dataset):
        shaped = shaping.shape(batch)
        assert shaped.schema == shaping.dataset.schema
        rows += shaped.to_pylist()
    return rows


def rejects(shaping: Shaper) -> list[Record]:
    taken = shaping.take_rejects()
    assert taken.schema == REJECT_SCHEMA
    rows: list[Record] = taken.to_pylist()
    return rows


def notification(**changes: Any) -> Record:
    """A right record of PN with other values, or without the keys that are None."""
    record = {
        "dataset": "PN",
        "settlementDate": "2024-01-02",
        "settlementPeriod": 3,
        "timeFrom": "2024-01-02T01:00:00Z",
        "timeTo": "2024-01-02T01:30:00Z",
        "levelFrom": 10,
        "levelTo": 12.5,
        "nationalGridBmUnit": "DRAXX-1",
        "bmUnit": "T_DRAXX-1",
    }
    return {key: value for key, value in (record | changes).items() if value is not None}


def level(**changes: Any) -> Record:
    """A right record of BOALF."""
    record = {
        "settlementDate": "2024-01-02",
        "settlementPeriodFrom": 1,
        "settlementPeriodTo": 1,
        "timeFrom": "2024-01-02T00:00:00Z",
        "timeTo": "2024-01-02T00:10:00Z",
        "levelFrom": 1,
        "levelTo": 2,
        "acceptanceNumber": 1,
        "acceptanceTime": "2024-01-01T23:00:00Z",
        "deemedBoFlag": False,
        "soFlag": False,
        "storFlag": False,
        "rrFlag": False,
        "nationalGridBmUnit": "DRAXX-1",
    }
    return {key: value for key, value in (record | changes).items() if value is not None}


def test_a_row_is_renamed_and_cast_as_declared() -> None:
    assert shape(shaper(PN), [notification(bmUnit=None)]) == [
        {
            "settlement_date": DAY,
            "settlement_period": 3,
            "from_at": datetime(2024, 1, 2, 1, tzinfo=UTC),
            "to_at": datetime(2024, 1, 2, 1, 30, tzinfo=UTC),
            "level_from_mw": 10.0,
            "level_to_mw": 12.5,
            "national_grid_bm_unit": "DRAXX-1",
            "bm_unit": None,
        }
    ]


def test_a_key_that_is_ignored_by_declaration_is_left_out() -> None:
    assert "dataset" in PN.ignored
    assert "dataset" not in shape(shaper(PN), [notification()])[0]


@pytest.mark.parametrize("value", [1, "x", None, {"y": 1}, [1, 2], True])
def test_a_key_that_nobody_declared_stops_the_window(value: Any) -> None:
    records = [notification(), {**notification(), "spin": value}]
    with pytest.raises(SourceChanged) as error:
        shape(shaper(PN), records)
    assert "undeclared key 'spin'" in str(error.value)
    assert "declare it in fields.yml and list it under `fields` (or under `ignored`) in pn.yml" in str(error.value)


def test_the_row_with_the_undeclared_key_is_shown() -> None:
    with pytest.raises(SourceChanged, match=r'in \{.*"DRAXX-9".*"spin": 5'):
        shape(shaper(PN), [notification(), notification(nationalGridBmUnit="DRAXX-9", spin=5)])


BAD_VALUES = [
    ({"levelFrom": "full"}, "level_from_mw: 'full' is not a double"),
    ({"levelFrom": "NaN"}, "level_from_mw: 'NaN' is not a double"),
    ({"levelFrom": "1e400"}, "level_from_mw: '1e400' is not a double"),
    ({"levelFrom": [1]}, "level_from_mw: '[1]' is not a double"),
    ({"settlementPeriod": 2.5}, "settlement_period: '2.5' is not a integer"),
    ({"settlementPeriod": 2**63}, "settlement_period: '9223372036854775808' is not a integer"),
    ({"settlementDate": "02/01/2024"}, "settlement_date: '02/01/2024' is not a date"),
    ({"settlementDate": "2024-02-30"}, "settlement_date: '2024-02-30' is not a date"),
    ({"timeTo": "2024-01-02T01:30:00"}, "to_at: '2024-01-02T01:30:00' is not a timestamp"),
    ({"timeTo": "1:30"}, "to_at: '1:30' is not a timestamp"),
    ({"nationalGridBmUnit": None}, "national_grid_bm_unit is missing, and without it the row has no identity"),
    ({"timeFrom": None}, "from_at is missing, and without it the row has no identity"),
]


@pytest.mark.parametrize(("changes", "reason"), BAD_VALUES)
def test_a_row_that_does_not_fit_is_quarantined_with_reason_and_record(changes: Record, reason: str) -> None:
    shaping = shaper(PN)
    bad = notification(**changes)
    assert len(shape(shaping, [notification(), bad, notification(levelTo=1)])) == 2
    [reject] = rejects(shaping)
    assert (reject["window_label"], reject["record_number"], reject["reason"]) == ("2024-01-02", 2, reason)
    raw = json.loads(reject["raw_record"])
    assert raw.keys() == bad.keys()
    assert raw["nationalGridBmUnit" if "nationalGridBmUnit" in bad else "bmUnit"].endswith("DRAXX-1")
    assert (shaping.rows_read, shaping.rows_quarantined, shaping.rows_neighbouring) == (3, 1, 0)


def test_a_number_that_is_none_in_a_body_that_says_so_is_quarantined() -> None:
    shaping = shaper(PN)
    body = json.dumps([notification(), notification(levelFrom=1e5)]).replace("100000.0", "NaN").encode()
    [batch] = read_json([body], PN)
    assert shaping.shape(batch).num_rows == 1
    assert [reject["reason"] for reject in rejects(shaping)] == ["level_from_mw: nan is not a double"]


def test_numbers_in_quotes_are_numbers() -> None:
    assert shape(shaper(PN), [notification(levelFrom="-7.5")])[0]["level_from_mw"] == -7.5


def test_a_column_that_no_record_has_is_null() -> None:
    records = [notification(bmUnit=None), notification(bmUnit=None, levelTo=3)]
    assert [row["bm_unit"] for row in shape(shaper(PN), records)] == [None, None]


def test_a_key_column_that_no_record_has_quarantines_them_all() -> None:
    shaping = shaper(PN)
    assert shape(shaping, [notification(nationalGridBmUnit=None, levelTo=number) for number in range(4)]) == []
    assert shaping.rows_quarantined == 4


def test_an_optional_column_of_the_grain_may_be_null() -> None:
    shaping = shaper(BM_UNITS)
    [row] = shape(shaping, [{"nationalGridBmUnit": "DRAXX-1", "fuelType": "BIOMASS"}])
    assert (row["eic"], shaping.rows_quarantined) == (None, 0)


def test_a_row_without_the_column_of_its_window_is_quarantined_in_every_dataset() -> None:
    # FUELINST's, BOALF's and REMIT's windows are not part of their grain.
    for dataset, record in [
        (FUELINST, {"startTime": "2024-01-02T00:00:00Z", "settlementPeriod": 1, "fuelType": "CCGT"}),
        (BOALF, level(settlementDate=None)),
        (REMIT, {"mrid": "m", "revisionNumber": 1}),
    ]:
        shaping = shaper(dataset)
        assert shape(shaping, [record]) == []
        assert (shaping.rows_read, shaping.rows_quarantined, shaping.rows_neighbouring) == (1, 1, 0), dataset.label
        assert rejects(shaping)[0]["reason"].startswith(f"{dataset.window} is missing")


def test_rejects_are_numbered_over_the_whole_window_and_taken_once() -> None:
    shaping = shaper(PN)
    for _ in range(2):
        shape(shaping, [notification(), notification(levelFrom="x")])
    assert [reject["record_number"] for reject in rejects(shaping)] == [2, 4]
    assert rejects(shaping) == []


@pytest.mark.parametrize("other", ["2024-01-01", "2024-01-03", "2023-01-02"])
def test_a_row_of_another_day_stops_the_window_and_is_shown(other: str) -> None:
    with pytest.raises(SourceChanged) as error:
        shape(shaper(PN), [notification(), notification(settlementDate=other, nationalGridBmUnit="DRAXX-9")])
    assert f"row outside the window: settlement_date is {other}" in str(error.value)
    assert "DRAXX-9" in str(error.value)
    assert "correct `request` in pn.yml" in str(error.value)


def test_the_first_instant_of_a_day_is_inside_and_the_first_of_the_next_is_outside() -> None:
    def at(instant: str) -> Record:
        return {"measurementTime": instant, "frequency": 50.0}

    assert len(shape(shaper(FREQ), [at("2024-01-02T00:00:00Z"), at("2024-01-02T23:59:59Z")])) == 2
    for outside in ("2024-01-03T00:00:00Z", "2024-01-01T23:59:59Z"):
        with pytest.raises(SourceChanged, match="row outside the window"):
            shape(shaper(FREQ), [at("2024-01-02T00:00:00Z"), at(outside)])


@pytest.mark.parametrize(
    ("on", "start", "end"),
    [
        ("2024-01-01", "2024-01-01T23:50:00Z", "2024-01-02T00:10:00Z"),
        ("2024-01-01", "2024-01-01T23:50:00Z", "2024-01-02T00:00:00Z"),  # its end touches the first instant
        ("2024-01-03", "2024-01-03T00:00:00Z", "2024-01-03T00:10:00Z"),
    ],
)
def test_a_neighbours_segment_that_touches_the_window_is_counted_and_left_to_its_own_day(
    on: str, start: str, end: str
) -> None:
    shaping = shaper(BOALF)
    rows = shape(shaping, [level(), level(settlementDate=on, timeFrom=start, timeTo=end)])
    assert [row["settlement_date"] for row in rows] == [DAY]
    assert (shaping.rows_read, shaping.rows_quarantined, shaping.rows_neighbouring) == (2, 0, 1)


@pytest.mark.parametrize(
    ("on", "start", "end"),
    [
        ("2024-01-01", "2024-01-01T23:00:00Z", "2024-01-01T23:59:59Z"),
        ("2024-01-03", "2024-01-03T00:01:00Z", "2024-01-03T00:10:00Z"),
    ],
)
def test_a_neighbours_segment_that_does_not_touch_the_window_stops_it(on: str, start: str, end: str) -> None:
    with pytest.raises(SourceChanged, match="row outside the window"):
        shape(shaper(BOALF), [level(), level(settlementDate=on, timeFrom=start, timeTo=end)])


kinds = st.lists(st.sampled_from(["good", "neighbour", "bad type", "no key", "no window", "two faults"]), max_size=30)


@settings(max_examples=150, deadline=None)
@given(bodies=st.lists(kinds, max_size=4))
def test_rows_read_are_the_rows_given_out_quarantined_and_neighbouring(bodies: list[list[str]]) -> None:
    before = {"settlementDate": "2024-01-01", "timeFrom": "2024-01-01T23:50:00Z"}
    changes: dict[str, Record] = {
        "good": {},
        "neighbour": before,
        "bad type": {"levelFrom": "x"},
        "no key": {"acceptanceNumber": None},
        "no window": {"settlementDate": None},
        "two faults": {"levelFrom": "x", "acceptanceTime": "yesterday"},
    }
    shaping, out, told = shaper(BOALF), [], []
    for body in bodies:
        records = [level(levelTo=number, **changes[kind]) for number, kind in enumerate(body)]
        out += shape(shaping, records)
        told += rejects(shaping)
    mixed = [kind for body in bodies for kind in body]
    assert len(out) == mixed.count("good")
    assert shaping.rows_neighbouring == mixed.count("neighbour")
    assert [reject["record_number"] - 1 for reject in told] == [
        number for number, kind in enumerate(mixed) if kind not in ("good", "neighbour")
    ]
    assert shaping.rows_read == len(mixed) == len(out) + shaping.rows_quarantined + shaping.rows_neighbouring


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.one_of(st.floats(-1e6, 1e6), st.just("x"), st.just("")), max_size=40))
def test_a_few_bad_values_among_many_leave_all_others_as_they_were(values: list[Any]) -> None:
    shaping = shaper(PN)
    rows = shape(shaping, [notification(levelFrom=value) for value in values])
    assert [row["level_from_mw"] for row in rows] == [value for value in values if isinstance(value, float)]
    assert shaping.rows_quarantined == sum(isinstance(value, str) for value in values)


@settings(max_examples=100, deadline=None)
@given(moment=st.datetimes(EPOCH, EPOCH + timedelta(days=50_000)), offset=st.integers(-12, 14))
def test_an_instant_is_kept_to_the_microsecond_whatever_its_offset(moment: datetime, offset: int) -> None:
    published_at = moment.isoformat() + f"{offset:+03d}:00"
    [row] = shape(shaper(PN), [notification(timeTo=published_at)])
    assert row["to_at"] == moment.replace(tzinfo=UTC) - timedelta(hours=offset)


def test_the_rows_given_out_are_the_publishers_own() -> None:
    from tests.sandbox import Sandbox

    sandbox = Sandbox(scale=0.003, today=day("2025-01-01"))
    for dataset, code in ((PN, "PN"), (FUELINST, "FUELINST"), (FREQ, "FREQ")):
        records = list(sandbox.rows(code, DAY))
        assert [tuple(row.values()) for row in shape(shaper(dataset), records)] == published(dataset, records)


def test_a_batch_without_rows_is_shaped_to_one() -> None:
    empty = pa.RecordBatch.from_pylist([], schema=pa.schema([("settlementDate", pa.string())]))
    assert shaper(PN).shape(empty).num_rows == 0
