"""The ledger's judgement: which windows are done, and which attempt of each counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from loaders.errors import DeclarationError
from loaders.ledger import SCHEMA, Entry, as_table, read_entries, standings
from tests.conftest import Load
from tests.loads import ELEXON, day, ledger, run_load
from tests.sandbox import Sandbox
from tests.warehouses import Target

ENTRY = Entry(
    source="elexon",
    dataset="fuelhh",
    window_label="2024-01-02",
    window_from=day("2024-01-02"),
    window_until=day("2024-01-03"),
    request="/datasets/FUELHH/stream",
    started_at=datetime(2024, 2, 1, tzinfo=UTC),
    status="loaded",
    rows_loaded=960,
)
FAILED = replace(ENTRY, status="failed", rows_loaded=0, error="SourceUnavailable: ...")
EMPTY = replace(ENTRY, status="empty", rows_loaded=0)
FUELHH = ELEXON.dataset("fuelhh")
NOW = datetime(2024, 6, 1, tzinfo=UTC)


def test_the_last_attempt_says_whether_a_window_is_done() -> None:
    assert standings([FAILED, ENTRY])["2024-01-02"].is_done(FUELHH, NOW)
    assert not standings([ENTRY, FAILED])["2024-01-02"].is_done(FUELHH, NOW)
    assert standings([EMPTY])["2024-01-02"].is_done(FUELHH, NOW)


def test_the_last_good_attempt_says_what_is_in_the_table() -> None:
    assert standings([ENTRY, FAILED])["2024-01-02"].good == ENTRY
    assert standings([ENTRY, EMPTY, FAILED])["2024-01-02"].good == EMPTY
    assert standings([FAILED])["2024-01-02"].good is None


def test_windows_stand_for_themselves() -> None:
    other = replace(FAILED, window_label="2024-01-03")
    found = standings([ENTRY, other])
    assert (found["2024-01-02"].last, found["2024-01-03"].last) == (ENTRY, other)


@pytest.mark.parametrize(
    ("started", "lookback", "done"),
    [
        ("2024-01-03T00:00:00Z", 0, True),
        ("2024-01-02T23:59:59Z", 0, False),
        ("2024-01-03T00:00:00Z", 2, False),
        ("2024-01-04T23:59:59Z", 2, False),
        ("2024-01-05T00:00:00Z", 2, True),
    ],
)
def test_a_window_that_was_loaded_before_its_values_settled_is_loaded_again(
    started: str, lookback: int, done: bool
) -> None:
    entry = replace(ENTRY, started_at=datetime.fromisoformat(started))
    dataset = FUELHH.model_copy(update={"lookback": lookback})
    assert standings([entry])["2024-01-02"].is_done(dataset, NOW) is done


@pytest.mark.parametrize(
    ("started", "now", "done"),
    [
        ("2024-01-12", "2024-01-30T23:59:59", True),  # nothing has replaced it yet
        ("2024-01-12", "2024-01-31T00:00:00", False),
        ("2024-01-31", "2024-03-06T23:59:59", True),  # once, not until the next
        ("2024-01-31", "2024-03-07T00:00:00", False),
        ("2024-03-07", "2024-03-08T00:00:00", True),
        ("2024-01-12", "2026-01-01T00:00:00", False),
        ("2025-03-10", "2026-01-01T00:00:00", False),  # a year later, a day before the last run
        ("2025-03-11", "2026-01-01T00:00:00", True),
    ],
)
def test_a_window_is_loaded_again_once_after_each_settlement_run(started: str, now: str, done: bool) -> None:
    entry = replace(ENTRY, dataset="b1610", started_at=datetime.fromisoformat(f"{started}T00:00:00Z"))
    standing = standings([entry])["2024-01-02"]
    assert standing.is_done(ELEXON.dataset("b1610"), datetime.fromisoformat(f"{now}Z")) is done


def test_a_snapshot_is_never_done() -> None:
    entry = replace(ENTRY, window_label="snapshot", window_from=None, window_until=None)
    assert not standings([entry])["snapshot"].is_done(FUELHH, NOW)


def test_entries_become_rows_of_the_ledgers_columns() -> None:
    table = as_table([ENTRY, FAILED])
    assert table.schema == SCHEMA
    assert [row["status"] for row in table.to_pylist()] == ["loaded", "failed"]


def entries_of(target: Target) -> dict[str, list[Entry]]:
    from loaders.destination import open_session

    with open_session(target.open()) as session:
        return read_entries(session, "elexon")


def test_an_empty_warehouse_has_no_entries(warehouse: Target) -> None:
    assert entries_of(warehouse) == {}


def test_entries_are_read_back_as_they_were_written(load: Load, warehouse: Target) -> None:
    load("fuelhh", "2024-01-01", "2024-01-02")
    load("remit", "2024-01-01")
    found = entries_of(warehouse)
    assert {name: [entry.window_label for entry in entries] for name, entries in found.items()} == {
        "fuelhh": ["2024-01-01", "2024-01-02"],
        "remit": ["2024-01-01"],
    }
    first = found["fuelhh"][0]
    assert (first.source, first.status, first.rows_read, first.rows_loaded, first.error) == (
        "elexon",
        "loaded",
        960,
        960,
        None,
    )
    assert first.request == ("/datasets/FUELHH/stream?settlementDateFrom=2024-01-01&settlementDateTo=2024-01-01")
    assert first.finished_at is not None
    assert first.started_at <= first.finished_at
    assert (first.started_at.utcoffset(), first.bytes_read > 100_000, len(first.sha256)) == (timedelta(0), True, 64)


@pytest.mark.parametrize("unfinished", ["DELETE FROM raw._dlt_loads", "UPDATE raw._dlt_loads SET status = 1"])
def test_an_entry_whose_load_was_never_finished_does_not_count(unfinished: str, load: Load, warehouse: Target) -> None:
    load("fuelhh", "2024-01-01", "2024-01-02")
    warehouse.execute(unfinished)
    assert ledger(warehouse) == []
    assert entries_of(warehouse) == {}
    assert load("fuelhh", "2024-01-01", "2024-01-02").windows_loaded == 2
    assert warehouse.count("elexon__fuelhh") == 2 * 960


@pytest.mark.parametrize("first_is_sample", [True, False])
def test_generated_rows_and_published_ones_never_share_a_table(
    first_is_sample: bool, duckdb_file: Target, publisher: Sandbox
) -> None:
    url = publisher.url("elexon")
    run_load(duckdb_file, url, ["fuelhh"], "2024-01-01", is_sample=first_is_sample)
    there, asked = ("generated", "published") if first_is_sample else ("published", "generated")
    with pytest.raises(
        DeclarationError, match=f"has {there} rows, of 2024-01-01 for one: load {asked} ones into another"
    ):
        run_load(duckdb_file, url, ["fuelhh"], "2024-01-01", "2024-01-02", is_sample=not first_is_sample)
    assert duckdb_file.count("elexon__fuelhh") == 960
    run_load(duckdb_file, url, ["freq"], "2024-01-01", is_sample=not first_is_sample)  # other tables are not concerned
