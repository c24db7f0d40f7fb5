"""Records that do not fit: quarantined with their reason where they are few, a failed window where they are many."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from loaders.load import Outcome
from tests.conftest import Load
from tests.loads import ELEXON, day, ledger, published, run_load, stored
from tests.sandbox import Sandbox
from tests.warehouses import Row, Target, digest

Record = dict[str, Any]
Change = Callable[[Record], Record]
FUELHH, BOALF = ELEXON.dataset("fuelhh"), ELEXON.dataset("boalf")
DAY, NEXT = "2024-01-02", "2024-01-03"
# What ends before the warehouse is tried on one of them.
on_duckdb = pytest.mark.parametrize("warehouse_kind", ["duckdb"], indirect=True, scope="session")
ROWS = 960  # a day of FUELHH; 1 %, the share that may be quarantined, is 9
FEW, MANY = 9, 10
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def changed(change: Change, *positions: int) -> Callable[[Iterator[Record]], Iterator[Record]]:
    """A mutation that changes the records at these positions."""

    def mutate(rows: Iterator[Record]) -> Iterator[Record]:
        for number, row in enumerate(rows):
            yield change(dict(row)) if number in positions else row

    return mutate


def with_text(row: Record) -> Record:
    return {**row, "generation": "n/a"}


def without(key: str) -> Change:
    def change(row: Record) -> Record:
        del row[key]
        return row

    return change


def comparable(record: Record) -> Record:
    """Numbers as numbers: where one value is wrong the others are kept as text."""
    return {key: float(value) if NUMBER.fullmatch(str(value)) else value for key, value in record.items()}


def spread(count: int) -> list[int]:
    return [number * 90 for number in range(count)]


def rejects(target: Target, dataset: str = "fuelhh") -> list[Row]:
    columns = ["window_label", "record_number", "reason", "raw_record"]
    return sorted(target.rows(f"elexon__{dataset}__rejects", columns))


def right(publisher: Sandbox, *days: str) -> list[Row]:
    return [row for text in days for row in published(FUELHH, publisher.rows("FUELHH", day(text)))]


@on_duckdb
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (with_text, "generation_mw: 'n/a' is not a double"),
        (without("fuelType"), "fuel_type is missing, and without it the row has no identity"),
        (without("settlementDate"), "settlement_date is missing, and without it the row has no identity"),
        (lambda row: {**row, "startTime": "yesterday"}, "start_at: 'yesterday' is not a timestamp"),
        (lambda row: {**row, "settlementPeriod": 1.5}, "settlement_period: '1.5' is not a integer"),
        (lambda row: {**row, "fuelType": "CC\0GT"}, r"fuel_type: 'CC\x00GT' is not a string"),
    ],
    ids=["wrong type", "missing key", "missing window", "wrong instant", "wrong integer", "text with a NUL"],
)
def test_few_bad_rows_are_quarantined_with_reason_and_record_and_counted(
    change: Change, reason: str, load: Load, warehouse: Target, publisher: Sandbox
) -> None:
    bad = spread(FEW)
    publisher.mutate("FUELHH", changed(change, *bad), on=DAY)
    outcome = load("fuelhh", DAY)
    assert (outcome.exit_code, outcome.windows_loaded, outcome.rows_quarantined) == (0, 1, FEW)

    records = list(publisher.rows("FUELHH", day(DAY)))
    found = rejects(warehouse)
    assert [(label, number, why) for label, number, why, _ in found] == [(DAY, n + 1, reason) for n in bad]
    for (*_, raw), number in zip(found, bad, strict=True):
        published_as = {key: value for key, value in change(dict(records[number])).items() if value is not None}
        assert comparable(json.loads(raw)) == comparable(published_as)
    good = [record for number, record in enumerate(records) if number not in bad]
    assert stored(warehouse, FUELHH) == digest(published(FUELHH, good))
    [entry] = ledger(warehouse)
    counted = (entry["rows_read"], entry["rows_loaded"], entry["rows_quarantined"], entry["rows_neighbouring"])
    assert counted == (ROWS, ROWS - FEW, FEW, 0)


def test_text_that_a_warehouse_cannot_hold_costs_its_row_and_no_other_window(
    load: Load, warehouse: Target, publisher: Sandbox
) -> None:
    publisher.mutate("FUELHH", changed(lambda row: {**row, "fuelType": "CC\0GT"}, 7), on=DAY)
    outcome = load("fuelhh", DAY, NEXT)
    assert (outcome.errors, outcome.windows_loaded, outcome.rows_quarantined) == ([], 2, 1)
    [(label, number, _, raw)] = rejects(warehouse)
    assert (label, number, json.loads(raw)["fuelType"]) == (DAY, 8, "CC\0GT")


@on_duckdb
def test_too_many_bad_rows_fail_the_window_and_show_the_first(
    load: Load, warehouse: Target, publisher: Sandbox
) -> None:
    publisher.mutate("FUELHH", changed(with_text, *spread(MANY)), on=DAY)
    outcome = load("fuelhh", DAY, NEXT)
    assert (outcome.exit_code, outcome.windows_loaded, outcome.windows_failed) == (2, 1, 1)
    [message] = outcome.errors
    assert message.startswith(
        f"SourceChanged: elexon.fuelhh {DAY}: 10 of 960 rows do not fit the declaration, more than max_reject_share "
        "0.01; the first: generation_mw: 'n/a' is not a double in {"
    )
    assert stored(warehouse, FUELHH) == digest(right(publisher, NEXT))
    assert rejects(warehouse) == []

    publisher.clear_faults()
    assert load("fuelhh", DAY, NEXT).windows_loaded == 1
    assert stored(warehouse, FUELHH) == digest(right(publisher, DAY, NEXT))


@on_duckdb
@pytest.mark.parametrize("key", ["fuelType", "settlementPeriod", "settlementDate"])
def test_a_key_column_that_no_record_has_fails_the_window(
    key: str, load: Load, warehouse: Target, publisher: Sandbox
) -> None:
    publisher.mutate("FUELHH", changed(without(key), *range(ROWS)), on=DAY)
    outcome = load("fuelhh", DAY)
    assert outcome.exit_code == 1
    assert "960 of 960 rows do not fit the declaration" in outcome.errors[0]
    assert "is missing, and without it the row has no identity" in outcome.errors[0]
    assert not warehouse.has("elexon__fuelhh")


def test_a_repair_takes_the_windows_rejects_away_and_no_others(
    load: Load, warehouse: Target, publisher: Sandbox
) -> None:
    publisher.mutate("FUELHH", changed(with_text, 1, 2, 3))
    assert load("fuelhh", DAY, NEXT).rows_quarantined == 6
    publisher.clear_faults()
    publisher.mutate("FUELHH", changed(with_text, 7), on=NEXT)
    assert load("fuelhh", DAY, force=True).exit_code == 0
    assert [(label, number) for label, number, *_ in rejects(warehouse)] == [(NEXT, 2), (NEXT, 3), (NEXT, 4)]
    assert load("fuelhh", DAY, NEXT, force=True).exit_code == 0
    assert [(label, number) for label, number, *_ in rejects(warehouse)] == [(NEXT, 8)]
    publisher.clear_faults()
    assert load("fuelhh", NEXT, force=True).exit_code == 0
    assert rejects(warehouse) == []
    assert stored(warehouse, FUELHH) == digest(right(publisher, DAY, NEXT))


@on_duckdb
def test_a_failed_window_keeps_its_old_rejects(load: Load, warehouse: Target, publisher: Sandbox) -> None:
    publisher.mutate("FUELHH", changed(with_text, 1), on=DAY)
    load("fuelhh", DAY)
    publisher.fail("FUELHH", "truncate", times=None)
    assert load("fuelhh", DAY, force=True).exit_code == 1
    assert [number for _, number, *_ in rejects(warehouse)] == [2]


def test_loading_again_does_not_double_rejects(load: Load, warehouse: Target, publisher: Sandbox) -> None:
    publisher.mutate("FUELHH", changed(with_text, 4, 5), on=DAY)
    for _ in range(2):
        load("fuelhh", DAY, force=True)
    assert [number for _, number, *_ in rejects(warehouse)] == [5, 6]


# --- rows that were not asked for -------------------------------------------------------------------------------------


@on_duckdb
@pytest.mark.parametrize("other", [NEXT, "2024-01-01", "2020-06-01"])
def test_one_row_of_another_day_fails_the_window(other: str, load: Load, warehouse: Target, publisher: Sandbox) -> None:
    publisher.mutate("FUELHH", changed(lambda row: {**row, "settlementDate": other}, 500), on=DAY)
    outcome = load("fuelhh", DAY)
    assert outcome.exit_code == 1
    assert f"elexon.fuelhh {DAY}: row outside the window: settlement_date is {other} in " in outcome.errors[0]
    assert ledger(warehouse)[0]["error"] == outcome.errors[0]
    assert not warehouse.has("elexon__fuelhh")


def test_rows_of_neighbours_come_along_and_are_stored_once(load: Load, warehouse: Target, publisher: Sandbox) -> None:
    days = ["2024-01-01", DAY, NEXT, "2024-01-04"]
    assert load("boalf", days[0], days[-1]).exit_code == 0
    entries = ledger(warehouse)
    assert sum(entry["rows_neighbouring"] for entry in entries) > 0
    assert all(entry["rows_read"] == entry["rows_loaded"] + entry["rows_neighbouring"] for entry in entries)
    wanted = [
        record for text in days for record in publisher.rows("BOALF", day(text)) if record["settlementDate"] == text
    ]
    assert stored(warehouse, BOALF) == digest(published(BOALF, wanted))


@on_duckdb
def test_a_day_of_which_only_neighbours_rows_came_is_not_done(
    load: Load, warehouse: Target, publisher: Sandbox
) -> None:
    carried = [record for record in publisher.rows("BOALF", day(DAY)) if record["settlementDate"] != DAY]
    assert carried
    publisher.mutate("BOALF", lambda rows: (row for row in rows if row["settlementDate"] != DAY), on=DAY)
    outcome = load("boalf", DAY)
    assert outcome.exit_code == 1
    assert "the answer has no rows" in outcome.errors[0]
    assert [entry["status"] for entry in ledger(warehouse)] == ["failed"]


# --- rows that come twice ---------------------------------------------------------------------------------------------


@on_duckdb
def test_a_record_that_comes_twice_fails_the_window(load: Load, warehouse: Target, publisher: Sandbox) -> None:
    publisher.mutate(
        "FUELHH",
        lambda rows: (one for row in rows for one in ([row, row] if row["settlementPeriod"] == 7 else [row])),
        on=DAY,
    )
    outcome = load("fuelhh", DAY)
    assert outcome.exit_code == 1
    assert "the answer repeats 20 of its 980 records: a page sent twice?" in outcome.errors[0]
    assert not warehouse.has("elexon__fuelhh")


def test_records_that_repeat_by_declaration_are_all_kept(duckdb_file: Target, publisher: Sandbox) -> None:
    dataset = FUELHH.model_copy(update={"may_repeat": True})
    source = ELEXON.model_copy(update={"datasets": {"fuelhh": dataset}})
    publisher.mutate("FUELHH", lambda rows: (one for row in rows for one in (row, row)), on=DAY)
    outcome = run_load(duckdb_file, publisher.url("elexon"), ["fuelhh"], DAY, source=source)
    assert (outcome.exit_code, outcome.rows_loaded) == (0, 2 * ROWS)
    assert stored(duckdb_file, FUELHH) == digest([row for row in right(publisher, DAY) for _ in range(2)])


# --- windows that shrink ----------------------------------------------------------------------------------------------


def keep(count: int) -> Callable[[Iterator[Record]], Iterator[Record]]:
    return lambda rows: (row for number, row in enumerate(rows) if number < count)


def shrink(load: Load, publisher: Sandbox, rows: int, **options: Any) -> Outcome:
    assert load("fuelhh", DAY).exit_code == 0
    publisher.mutate("FUELHH", keep(rows), on=DAY)
    return load("fuelhh", DAY, force=True, **options)


@on_duckdb
def test_a_window_that_shrinks_below_its_floor_is_refused_and_keeps_its_rows(
    load: Load, warehouse: Target, publisher: Sandbox
) -> None:
    outcome = shrink(load, publisher, 767)
    assert outcome.exit_code == 1
    assert outcome.errors == [
        f"SourceChanged: elexon.fuelhh {DAY}: the answer shrank from 960 to 767 rows, below the floor of 0.8; the old "
        "rows stay. If the publisher withdrew them, load with --accept-shrink"
    ]
    assert stored(warehouse, FUELHH) == digest(right(publisher, DAY))


@on_duckdb
def test_a_window_may_shrink_down_to_its_floor(load: Load, warehouse: Target, publisher: Sandbox) -> None:
    assert shrink(load, publisher, 768).exit_code == 0
    assert warehouse.count("elexon__fuelhh") == 768


def test_a_shrunken_window_is_taken_when_it_is_accepted(load: Load, warehouse: Target, publisher: Sandbox) -> None:
    assert shrink(load, publisher, 5, accept_shrink=True).exit_code == 0
    assert stored(warehouse, FUELHH) == digest(right(publisher, DAY)[:5])


@on_duckdb
def test_the_floor_is_that_of_the_last_good_load_whatever_failed_since(
    load: Load, warehouse: Target, publisher: Sandbox
) -> None:
    shrink(load, publisher, 5)
    assert "shrank from 960 to 5" in load("fuelhh", DAY).errors[0]
    assert warehouse.count("elexon__fuelhh") == ROWS


def test_quarantined_rows_count_as_missing_for_the_floor(duckdb_file: Target, publisher: Sandbox) -> None:
    dataset = FUELHH.model_copy(update={"max_reject_share": 0.5})
    source = ELEXON.model_copy(update={"datasets": {"fuelhh": dataset}})
    url = publisher.url("elexon")
    assert run_load(duckdb_file, url, ["fuelhh"], DAY, source=source).exit_code == 0
    publisher.mutate("FUELHH", changed(with_text, *range(300)), on=DAY)
    outcome = run_load(duckdb_file, url, ["fuelhh"], DAY, source=source, force=True)
    assert "shrank from 960 to 660" in outcome.errors[0]


@on_duckdb
def test_a_window_that_grows_is_taken(load: Load, warehouse: Target, publisher: Sandbox) -> None:
    publisher.mutate("FUELHH", keep(700), on=DAY)
    load("fuelhh", DAY)
    publisher.clear_faults()
    assert load("fuelhh", DAY, force=True).rows_loaded == ROWS
    assert stored(warehouse, FUELHH) == digest(right(publisher, DAY))
