"""Years are loaded in order and apart from each other; exit codes become outcomes."""

import time
from datetime import date

import pytest
from prefect.logging import disable_run_logger

from flows.load import Loaded, LoadIncomplete, load_days, load_each, load_year, run_load
from tests.sandbox import Sandbox
from tests.warehouses import Target


def test_a_year_that_fails_is_recorded_and_the_others_are_loaded(target: Target) -> None:
    # Nothing was published before 2016: every window of 2015 fails.
    years = [2024, 2015, 2023]
    with disable_run_logger():
        outcomes = load_each(years, lambda year: load_year.fn(year, "elexon", ["disebsp"]))
    assert [loaded.span for loaded in outcomes] == ["2024", "2015", "2023"]
    assert [loaded.exit_code for loaded in outcomes] == [0, 1, 0]
    assert "nothing loaded" in outcomes[1].outcome
    assert "elexon.disebsp 2015-01-01" in outcomes[1].summary
    rows = target.query("SELECT year(settlement_date), COUNT(*) FROM raw.elexon__disebsp GROUP BY 1")
    assert dict(rows) == {2023: 365 * 48, 2024: 366 * 48}


def test_lines_arrive_while_the_load_runs_and_a_failed_window_is_in_the_summary(
    target: Target, publisher: Sandbox
) -> None:
    publisher.fail("FUELHH", "500", on="2024-01-03", times=None)
    said: list[tuple[float, str]] = []
    days = ["--from", "2024-01-02", "--to", "2024-01-04", "--dataset", "fuelhh"]
    loaded = run_load("three days", days, lambda line: said.append((time.monotonic(), line)))
    ended = time.monotonic()
    assert loaded.exit_code == 2
    assert loaded.outcome == "some windows failed"
    first, *errors = loaded.summary.splitlines()
    assert first.startswith("2 windows loaded, 0 done before, 1 failed")
    assert "elexon.fuelhh 2024-01-03" in errors[0]
    assert "2024-01-02 to 2024-01-04" in said[0][1]
    assert said[0][0] < ended - 0.2  # the plan was there before the load's end


def test_a_mistake_is_the_summary(target: Target) -> None:
    with disable_run_logger(), pytest.raises(LoadIncomplete, match=r"no dataset 'fuelh' .* did you mean fuelhh"):
        load_year.fn(2024, "elexon", ["fuelh"])


def test_days_are_closed_for_the_command_line_and_half_open_here(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def record(span: str, arguments: list[str], _say: object) -> Loaded:
        asked.append(arguments)
        return Loaded(span, 0, "")

    monkeypatch.setattr("flows.load.run_load", record)
    with disable_run_logger():
        load_days.fn(date(2024, 2, 28), date(2024, 3, 1), "elexon", ["pn", "mid"])
    assert asked == [
        ["--from", "2024-02-28", "--to", "2024-02-29", "--source", "elexon", "--dataset", "pn", "--dataset", "mid"]
    ]
