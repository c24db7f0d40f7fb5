"""What the publisher should have sent: its own counts, both sides of a window, months with rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from loaders.cli import app
from tests.loads import ELEXON, day, ledger, load_days, run_load
from tests.sandbox import Sandbox
from tests.warehouses import Target

CHANGE, AFTER = "2024-10-27", "2024-10-28"  # a day of 50 periods and its neighbour
COUNTED = [name for name, dataset in ELEXON.datasets.items() if dataset.data_status]


def verify(target: Target, publisher: Sandbox, *datasets: str) -> tuple[int, str]:
    """`millrace verify --publisher`: exit code and what it says."""
    options = [word for name in datasets for word in ("--dataset", name)]
    settings = target.settings | {"MILLRACE_ELEXON_URL": publisher.url("elexon")}
    found = CliRunner().invoke(app, ["verify", "--publisher", *options], env=settings)
    return found.exit_code, found.output


def test_what_is_whole_agrees_with_the_publishers_counts(duckdb_file: Target, publisher: Sandbox) -> None:
    load_days(duckdb_file, publisher.url("elexon"), {name: [day(CHANGE), day(AFTER)] for name in COUNTED})
    code, said = verify(duckdb_file, publisher)
    assert code == 0, said
    compared = {name: int(n) for name, n in re.findall(r"elexon\.(\w+): (\d+) settlement periods compared", said)}
    # Days in UTC hold other half-hours than settlement days: no 23:00 of the summer before, one more after it.
    assert compared == {name: 96 if ELEXON.dataset(name).request.window == "utc_day" else 98 for name in COUNTED}


def test_a_hole_is_named_by_period_and_gone_after_a_reload(duckdb_file: Target, publisher: Sandbox) -> None:
    publisher.hole("PN", range(20, 22), on=CHANGE)
    run_load(duckdb_file, publisher.url("elexon"), ["pn"], CHANGE, AFTER)
    publisher.clear_faults()
    code, said = verify(duckdb_file, publisher, "pn")
    assert code == 2
    named = re.findall(r"elexon\.pn 2024-10-27 periods? ([\d, ]+): the publisher has \d+ rows, none are loaded", said)
    assert ", ".join(named) == "20, 21"
    assert "elexon.pn: 98 settlement periods compared, 2 holes, 0 short" in said
    run_load(duckdb_file, publisher.url("elexon"), ["pn"], CHANGE, force=True)
    assert verify(duckdb_file, publisher, "pn")[0] == 0


def test_a_period_that_the_publisher_lost_is_shown_and_is_no_difference(
    duckdb_file: Target, publisher: Sandbox
) -> None:
    publisher.hole("DISEBSP", range(8, 9), on=AFTER, at_the_publisher=True)
    run_load(duckdb_file, publisher.url("elexon"), ["disebsp"], CHANGE, AFTER)
    code, said = verify(duckdb_file, publisher, "disebsp")
    assert code == 0
    assert "elexon.disebsp 2024-10-28 period 8: the publisher itself has no rows" in said


# --- the requests of one window ---------------------------------------------------------------------------------------


def one_sided(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (row for row in rows if row["totalVolumeAccepted"] < 0)


def test_a_window_without_one_of_its_sides_is_not_loaded(duckdb_file: Target, publisher: Sandbox) -> None:
    publisher.mutate("BOAV", one_sided)
    outcome = run_load(duckdb_file, publisher.url("elexon"), ["boav"], AFTER)
    assert outcome.exit_code == 1
    assert "elexon.boav 2024-10-28: the answer has no rows for offer" in outcome.errors[0]
    assert not duckdb_file.has("elexon__boav")


def test_a_publisher_that_answers_both_sides_alike_is_found_out(duckdb_file: Target, publisher: Sandbox) -> None:
    same = list(publisher.rows("BOAV", day(AFTER), side="bid"))
    publisher.mutate("BOAV", lambda rows: iter(same))
    outcome = run_load(duckdb_file, publisher.url("elexon"), ["boav"], AFTER)
    assert outcome.exit_code == 1
    assert (
        "the answer for offer is that of an earlier request: the publisher no longer distinguishes side"
        in (outcome.errors[0])
    )


def test_a_window_of_two_requests_is_one_entry_with_both(duckdb_file: Target, publisher: Sandbox) -> None:
    run_load(duckdb_file, publisher.url("elexon"), ["ebocf"], AFTER)
    [entry] = ledger(duckdb_file, "ebocf")
    assert [part.split("/")[-2] for part in entry["request"].split()] == ["bid", "offer"]
    assert entry["rows_loaded"] == len(list(publisher.rows("EBOCF", day(AFTER))))
    assert {side for (side,) in duckdb_file.rows("elexon__ebocf", ["side"])} == {"bid", "offer"}


# --- months -----------------------------------------------------------------------------------------------------------


def test_a_month_of_empty_days_is_an_error_until_one_has_rows(duckdb_file: Target, publisher: Sandbox) -> None:
    publisher.mutate("RDRI", lambda rows: iter(()))
    for _ in range(2):  # its days are done after the first run, the month is not
        outcome = run_load(duckdb_file, publisher.url("elexon"), ["rdri"], "2024-02-01", "2024-02-29")
        assert (outcome.exit_code, outcome.windows_failed, outcome.months_empty) == (2, 0, 1)
        assert "elexon.rdri 2024-02: none of its 29 days has a row" in outcome.errors[0]
    publisher.clear_faults()
    run_load(duckdb_file, publisher.url("elexon"), ["rdri"], "2024-02-07", force=True)
    outcome = run_load(duckdb_file, publisher.url("elexon"), ["rdri"], "2024-02-01", "2024-02-29")
    assert (outcome.exit_code, outcome.months_empty) == (0, 0)


@pytest.mark.parametrize(("first", "last"), [("2024-02-02", "2024-02-28"), ("2024-02-10", "2024-03-09")])
def test_days_that_are_no_whole_month_may_all_be_empty(
    first: str, last: str, duckdb_file: Target, publisher: Sandbox
) -> None:
    publisher.mutate("RDRI", lambda rows: iter(()))
    assert run_load(duckdb_file, publisher.url("elexon"), ["rdri"], first, last).exit_code == 0
