"""The command: what it says, what it refuses, and with which code it ends."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pytest
from rich.console import Console

from loaders.cli.options import spans
from loaders.errors import DeclarationError
from loaders.load import Outcome
from loaders.progress import show_outcome
from loaders.status import bands, broken
from tests.conftest import Load, Millrace
from tests.loads import ELEXON, ROOT, command_environment, look, run_cli, stored
from tests.sandbox import Sandbox
from tests.warehouses import DuckDBTarget, Target
from tests.wire import closed_port

DAYS = ("--from", "2024-01-01", "--to", "2024-01-03", "--dataset", "fuelhh")


@pytest.mark.parametrize(
    ("loaded", "before", "failed", "left", "code"),
    [
        (3, 0, 0, 0, 0),
        (0, 3, 0, 0, 0),
        (0, 0, 0, 0, 0),
        (2, 0, 1, 0, 2),
        (0, 2, 1, 0, 2),
        (1, 0, 0, 4, 2),
        (0, 0, 3, 0, 1),
        (0, 0, 0, 3, 1),
    ],
)
def test_the_exit_code_says_whether_all_some_or_none_of_the_windows_are_done(
    loaded: int, before: int, failed: int, left: int, code: int
) -> None:
    assert Outcome(loaded, failed, left, before).exit_code == code


@pytest.mark.parametrize("warehouse_kind", ["duckdb"], indirect=True)
def test_a_load_ends_with_0_when_all_windows_are_done_and_2_when_some_are_not(
    millrace: Millrace, warehouse: Target, publisher: Sandbox
) -> None:
    publisher.fail("FUELHH", "truncate", on="2024-01-02", times=None)
    some = millrace("load", *DAYS)
    assert some.returncode == 2
    assert "2 windows loaded, 0 done before, 1 failed, 0 left; 1,920 rows" in some.stdout
    said = " ".join(some.stdout.split())
    assert "SourceUnavailable: elexon.fuelhh 2024-01-02: the body is cut" in said
    assert "run the same command again later" in said

    code, failed = look(warehouse, "status", "--errors")
    assert code == 0
    assert "SourceUnavailable: elexon.fuelhh 2024-01-02: the body is cut" in failed
    assert "1 windows failed" in failed

    publisher.clear_faults()
    every = millrace("load", *DAYS)
    assert every.returncode == 0
    assert "1 windows loaded, 2 done before, 0 failed, 0 left" in every.stdout
    assert stored(warehouse, ELEXON.dataset("fuelhh")).rows == 3 * 960

    code, status = look(warehouse, "status")
    assert code == 0
    assert re.search(r"fuelhh\D+3\D+0\D+0\D+2,880\D+0\D+2024-01-03", status)
    assert f"nothing loaded of {len(ELEXON.datasets) - 1}: agpt," in status
    assert look(warehouse, "verify")[0] == 0
    code, shown = look(warehouse, "show", "raw.elexon__fuelhh", "--rows", "2")
    assert code == 0
    assert "BIOMASS" in shown
    assert re.search(r"settlement_ .*settlement_.*\n.* date .* period ", shown)  # a name is broken at its underscores


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("settlement_date", ["settlement_", "date"]),
        ("system_price_mean_gbp_per_mwh", ["system_", "price_mean_", "gbp_per_mwh"]),  # `system_price_` is one too long
        ("interconnector_flow", ["interconnector_", "flow"]),
    ],
)
def test_a_column_s_name_is_broken_at_underscores_and_none_hangs_over(name: str, lines: list[str]) -> None:
    assert broken(name, 12).split("\n") == lines


def test_a_load_of_which_nothing_came_ends_with_1(duckdb_file: Target) -> None:
    nowhere = f"http://127.0.0.1:{closed_port()}"
    done = run_cli("load", *DAYS, **duckdb_file.settings, MILLRACE_ELEXON_URL=nowhere, MILLRACE_ATTEMPTS="2")
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    assert "0 windows loaded, 0 done before, 3 failed, 0 left" in said
    assert f"SourceUnavailable: elexon.fuelhh 2024-01-01: no answer from {nowhere}" in said
    assert "asked 2 times; run the same command again later" in said
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("load",), "say what to load: years (millrace load 2024), or --from and --to"),
        (("load", "2024", "--from", "2024-01-01"), "give years, or --from and --to, not both"),
        (("load", "--from", "2024-01-02", "--to", "2024-01-01"), "--from 2024-01-02 is after --to 2024-01-01"),
        (("load", "2024", "--source", "elexxon"), "no source 'elexxon' in the catalogue; did you mean elexon?"),
        (("load", "2024", "--dataset", "fuelh"), "no dataset 'fuelh' in source elexon; did you mean fuelhh"),
        (("load", "2024", "--dataset", "FUELHH"), "no dataset 'FUELHH' in source elexon; did you mean fuelhh?"),
        (("load", "20240"), "20240 is no year; write 2024, for example"),
        (("load", "9999"), "9999 is no year"),
        (("load", "0"), "0 is no year"),
        (
            ("load", "2024", "--source", "spp", "--files", "none://bucket"),
            "none://bucket cannot be opened: Protocol not",
        ),
        (
            ("load", "2024", "--files", "LICENSE"),
            "none of 1 files in LICENSE is one of Elexon BMRS, LICENSE for example",
        ),
        (("diff", "2021", "--source", "nyiso", "--files", "LICENSE"), "none of 1 files in LICENSE is one of"),
        (("load", "2024", "--warehouse", "oracle"), "no warehouse 'oracle'; write duckdb, postgres or bigquery"),
    ],
)
def test_a_mistake_is_one_line_and_exit_1(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = run_cli(*arguments, **DuckDBTarget.at(tmp_path / "raw_data.duckdb").settings)
    assert done.returncode == 1
    assert done.stderr.startswith("DeclarationError: ")
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert list(tmp_path.glob("*.duckdb")) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MILLRACE_REQUESTS_PER_SECOND", "fast", "'fast' is no number from 0.001 on; write 2, for example"),
        ("MILLRACE_REQUESTS_PER_SECOND", "0", "'0' is no number from 0.001 on"),
        ("MILLRACE_REQUESTS_PER_SECOND", "nan", "'nan' is no number"),
        ("MILLRACE_ATTEMPTS", "0", "'0' is no number from 1 on; write 5, for example"),
        ("MILLRACE_RETRY_SECONDS", "-1", "'-1' is no number from 0 on"),
        ("MILLRACE_SAMPLE_SCALE", "big", "'big' is no size; write 0.01, or 1 for the real one"),
        ("MILLRACE_SAMPLE_SCALE", "0", "'0' is no size"),
    ],
)
def test_a_setting_that_makes_no_sense_is_said(name: str, value: str, said: str, tmp_path: Path) -> None:
    asked = ("--sample",) if name == "MILLRACE_SAMPLE_SCALE" else ()
    settings = DuckDBTarget.at(tmp_path / "power.duckdb").settings | {name: value}
    done = run_cli("load", *DAYS, *asked, **settings)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert f"DeclarationError: {name}: {said}" in " ".join(done.stderr.split())


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database")
    for path, said in (
        (tmp_path / "text" / "x.duckdb", f"{tmp_path}/text/x.duckdb cannot be written: "),
        (tmp_path / "text", "it is not a valid DuckDB database file. Name another file in MILLRACE_DUCKDB"),
    ):
        done = run_cli("load", *DAYS, MILLRACE_DUCKDB=str(path))
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
        assert said in " ".join(done.stderr.split())


def test_a_postgres_that_does_not_answer_is_said_by_every_command() -> None:
    nowhere = f"postgresql://me:secret@127.0.0.1:{closed_port()}/power"
    for command in (("status",), ("verify",), ("show", "fct_generation_daily"), ("load", *DAYS)):
        done = run_cli(*command, MILLRACE_WAREHOUSE="postgres", MILLRACE_POSTGRES_URL=nowhere)
        assert (done.returncode, "Traceback" in done.stderr, "secret" in done.stderr) == (1, False, False), command
        assert done.stderr.startswith("WarehouseUnavailable: "), done.stderr
        assert "Connection refused" in done.stderr


def test_a_release_that_cannot_be_had_is_said_once_by_diff(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{closed_port()}"
    settings = DuckDBTarget.at(tmp_path / "power.duckdb").settings
    done = run_cli("diff", "2023", **settings, MILLRACE_DVF_URL=nowhere, MILLRACE_ATTEMPTS="1")
    assert (done.returncode, done.stderr.count("SourceUnavailable")) == (1, 1)
    assert done.stderr.startswith("SourceUnavailable: dvf.mutations 2023: no answer from ")
    future = run_cli("diff", "2999", **settings, MILLRACE_DVF_URL=nowhere, MILLRACE_ATTEMPTS="1")
    assert (future.returncode, future.stderr) == (1, "DeclarationError: no release of 2999 to compare with\n")


def test_a_sample_says_where_it_is_and_nothing_else_looks_there(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "loaders.cli", *arguments]
        environment = command_environment() | {"PYTHONPATH": str(ROOT)}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert "to look at them: export MILLRACE_DUCKDB=millrace-sample.duckdb" in run("load", *DAYS, "--sample").stdout
    assert "nothing of Elexon BMRS is loaded into millrace.duckdb" in run("status").stdout
    assert "no table marts.fct_generation_daily in millrace.duckdb" in run("show", "fct_generation_daily").stderr


@pytest.mark.parametrize(
    "command", [("load", "twenty"), ("load", "--nothing"), ("lod",), ("sample", "spp", "--days", "0")]
)
def test_a_command_that_cannot_be_parsed_ends_with_1(command: tuple[str, ...]) -> None:
    assert run_cli(*command).returncode == 1  # 2 would say that some windows are done


def test_an_interrupted_load_says_so_and_the_same_command_goes_on(duckdb_file: Target, publisher: Sandbox) -> None:
    command = [sys.executable, "-m", "loaders.cli", "load", *DAYS]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment = command_environment() | duckdb_file.settings | {"MILLRACE_ELEXON_URL": url}
        with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
            asked, _ = silent.accept()  # the load waits for an answer from here on
            with asked:
                process.send_signal(signal.SIGINT)
                _, said = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in said) == (130, False)
    assert said.startswith("interrupted; what was done stays, and the same command again does the rest")
    again = run_cli("load", *DAYS, **duckdb_file.settings, MILLRACE_ELEXON_URL=publisher.url("elexon"))
    assert again.returncode == 0
    assert stored(duckdb_file, ELEXON.dataset("fuelhh")).rows == 3 * 960


def test_columns_that_do_not_fit_are_shown_below_with_those_that_name_the_row() -> None:
    assert bands([10, 10, 10, 10, 10], 80, 2) == [[0, 1, 2, 3, 4]]
    assert bands([10, 10, 10, 10, 10], 53, 2) == [[0, 1, 2, 3], [0, 1, 4]]
    assert bands([10, 10, 10, 10, 10], 20, 1) == [[0, 1], [0, 2], [0, 3], [0, 4]]  # one at least, however narrow


def test_years_are_spans_from_new_year_to_new_year() -> None:
    assert spans([2023, 2024], None, None) == [
        (date(2023, 1, 1), date(2024, 1, 1)),
        (date(2024, 1, 1), date(2025, 1, 1)),
    ]


def test_the_last_day_of_a_span_is_included() -> None:
    assert spans(None, datetime(2024, 2, 28), datetime(2024, 2, 29)) == [(date(2024, 2, 28), date(2024, 3, 1))]  # noqa: DTZ001 - as typer gives them


def test_one_end_of_a_span_is_not_enough() -> None:
    with pytest.raises(DeclarationError, match="say what to load"):
        spans(None, datetime(2024, 1, 1), None)  # noqa: DTZ001 - as typer gives them


def test_a_year_that_fails_does_not_stop_the_next(duckdb_file: Target, publisher: Sandbox) -> None:
    publisher.fail("BM_UNITS", "404", times=1)
    done = run_cli(
        *("load", "2015", "2016", "--dataset", "bm_units"),
        **duckdb_file.settings,
        MILLRACE_ELEXON_URL=publisher.url("elexon"),
    )
    assert "0 windows loaded, 0 done before, 1 failed, 0 left" in done.stdout
    assert "1 windows loaded, 0 done before, 0 failed, 0 left" in done.stdout
    assert done.returncode == 2


def test_of_many_failures_the_first_twenty_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show_outcome(Console(width=200), Outcome(windows_failed=25, errors=[f"error {n}." for n in range(25)]), 1.0)
    said = capsys.readouterr().out
    assert "error 19." in said
    assert "error 20." not in said
    assert "... and 5 more; `millrace status --errors` lists all" in said


def test_what_was_loaded_too_early_is_loaded_again(load: Load, warehouse: Target, publisher: Sandbox) -> None:
    # The ledger is made to say that the window was loaded on the evening of its day, before its values settled.
    assert load("fuelhh", "2024-01-01", "2024-01-02").windows_loaded == 2
    warehouse.execute(
        "UPDATE raw.load_ledger SET started_at = CAST('2024-01-03T12:00:00Z' AS TIMESTAMPTZ) "
        "WHERE window_label = '2024-01-02'"
    )
    outcome = load("fuelhh", "2024-01-01", "2024-01-02")
    assert (outcome.windows_done_before, outcome.windows_loaded) == (1, 1)


def test_a_register_is_asked_for_each_time(load: Load) -> None:
    for _ in range(2):
        assert load("bm_units", "2024-01-01").windows_loaded == 1
