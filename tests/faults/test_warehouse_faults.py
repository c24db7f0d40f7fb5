"""The warehouse locked, away, or refusing: a clear message, nothing half-written, and the same command later."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import Load
from tests.loads import (
    ELEXON,
    ROOT,
    command_environment,
    day,
    ledger,
    look,
    published,
    run_cli,
    run_load,
    running,
    stored,
)
from tests.sandbox import Sandbox
from tests.warehouses import Digest, PostgresTarget, Target, digest
from tests.wire import closed_port

Record = dict[str, Any]
PN, FUELHH = ELEXON.dataset("pn"), ELEXON.dataset("fuelhh")
DAYS = ["2024-01-01", "2024-01-02", "2024-01-03"]
LOAD = ("load", "--from", DAYS[0], "--to", DAYS[-1])


def right(publisher: Sandbox, name: str, change: Callable[[Record], Record] = dict, on: list[str] = DAYS) -> Digest:
    """What a right load of these days holds."""
    dataset = ELEXON.dataset(name)
    records = [change(row) for text in on for row in publisher.rows(name, day(text))]
    return digest(published(dataset, records))


# --- refusals ---------------------------------------------------------------------------------------------------------


def without_level(row: Record) -> Record:
    return {key: value for key, value in row.items() if key != "levelFrom"}


def test_a_merge_that_is_refused_halfway_leaves_the_old_rows(
    load: Load, warehouse: Target, publisher: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD__RAISE_ON_MAX_RETRIES", "1")
    assert load("pn", DAYS[0], DAYS[-1]).exit_code == 0
    # The old rows are deleted before the new ones, which have nulls there, are refused.
    warehouse.execute("ALTER TABLE raw.elexon__pn ALTER COLUMN level_from_mw SET NOT NULL")
    publisher.mutate("PN", lambda rows: map(without_level, rows))
    outcome = load("pn", DAYS[0], DAYS[-1], force=True)
    assert (outcome.windows_loaded, outcome.windows_failed, outcome.exit_code) == (0, 3, 1)
    for message, on in zip(outcome.errors, DAYS, strict=True):
        assert message.startswith("WarehouseUnavailable: elexon.pn: ")
        assert f"{warehouse.name} refused {DAYS[0]} to {DAYS[-1]}: " in message
        assert "level_from_mw" in message
        assert "run the same command again once that is mended" in message
        assert [entry["error"] for entry in ledger(warehouse) if entry["window_label"] == on][-1] == message
    assert stored(warehouse, PN) == right(publisher, "pn")

    warehouse.execute("ALTER TABLE raw.elexon__pn ALTER COLUMN level_from_mw DROP NOT NULL")
    assert load("pn", DAYS[0], DAYS[-1]).windows_loaded == 3
    assert stored(warehouse, PN) == right(publisher, "pn", without_level)


def test_a_table_that_somebody_changed_is_a_refusal_that_names_it(
    load: Load, warehouse: Target, publisher: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD__RAISE_ON_MAX_RETRIES", "1")
    load("fuelhh", DAYS[0])
    warehouse.execute("ALTER TABLE raw.elexon__fuelhh RENAME COLUMN fuel_type TO fuel")
    warehouse.execute("ALTER TABLE raw.elexon__fuelhh ALTER COLUMN fuel SET NOT NULL")
    outcome = load("fuelhh", DAYS[1])
    assert outcome.exit_code == 1
    assert "refused 2024-01-02 to 2024-01-02: " in outcome.errors[0]
    assert warehouse.count("elexon__fuelhh") == 960


def test_a_warehouse_that_takes_not_even_the_failure_gives_each_reason_once(
    duckdb_file: Target, publisher: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD__RAISE_ON_MAX_RETRIES", "1")
    duckdb_file.execute("CREATE SCHEMA raw")
    duckdb_file.execute("CREATE TABLE raw.load_ledger (somebodys INTEGER)")
    outcome = run_load(duckdb_file, publisher.url("elexon"), ["fuelhh"], DAYS[0])
    assert outcome.exit_code == 1
    assert [message.count("duckdb refused") for message in outcome.errors] == [1, 1]  # of the rows, and of the record


def test_rows_that_somebody_deleted_are_found_by_verify_and_brought_back_by_force(
    load: Load, warehouse: Target, publisher: Sandbox
) -> None:
    load("pn", DAYS[0], DAYS[-1])
    assert look(warehouse, "verify")[0] == 0
    warehouse.execute(f"DELETE FROM raw.elexon__pn WHERE settlement_date = DATE '{DAYS[1]}' AND settlement_period = 7")
    code, found = look(warehouse, "verify")
    assert code == 2
    assert f"elexon.pn {DAYS[1]}: the ledger says " in found
    assert "1 differences" in found
    assert load("pn", DAYS[1], force=True).exit_code == 0
    assert stored(warehouse, PN) == right(publisher, "pn")


def test_a_writer_who_interferes_with_a_load_is_noticed(
    load: Load, warehouse: Target, publisher: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loaders.commit import Committer

    run = Committer._run

    def and_then_delete(committer: Committer, windows: Any) -> None:
        run(committer, windows)
        committer._session.execute(f"DELETE FROM raw.elexon__pn WHERE settlement_date = DATE '{DAYS[1]}'")

    monkeypatch.setattr(Committer, "_run", and_then_delete)
    outcome = load("pn", DAYS[0], DAYS[-1])
    assert outcome.windows_loaded == 0
    written = right(publisher, "pn", on=[DAYS[1]]).rows
    said = f"elexon.pn {DAYS[1]}: {written} rows were written and 0 are there; something else writes to elexon__pn"
    assert said in outcome.errors[0]
    monkeypatch.setattr(Committer, "_run", run)
    assert load("pn", DAYS[0], DAYS[-1]).windows_loaded == 3
    assert stored(warehouse, PN) == right(publisher, "pn")


# --- away -------------------------------------------------------------------------------------------------------------


def test_a_postgres_that_is_down_is_a_message_and_exit_1(publisher: Sandbox) -> None:
    done = run_cli(
        *LOAD,
        MILLRACE_WAREHOUSE="postgres",
        MILLRACE_POSTGRES_URL=f"postgresql://me:secret@127.0.0.1:{closed_port()}/power",
        MILLRACE_ELEXON_URL=publisher.url("elexon"),
    )
    assert done.returncode == 1
    assert done.stderr.startswith("WarehouseUnavailable: Postgres does not answer: ")
    assert "refused" in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stdout + done.stderr


def test_a_postgres_that_goes_away_during_a_load_loses_nothing_that_was_done(
    postgres: PostgresTarget, publisher: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loaders import load as loading
    from loaders.commit import Committer

    monkeypatch.setattr(loading, "COMMIT_WINDOWS", 1)
    commit = Committer.commit
    calls: list[int] = []

    def until_the_second(committer: Committer, windows: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            postgres.accept_connections(False)
        commit(committer, windows)

    monkeypatch.setattr(Committer, "commit", until_the_second)
    outcome = run_load(postgres, publisher.url("elexon"), ["pn"], DAYS[0], DAYS[-1])
    postgres.accept_connections(True)
    assert (outcome.windows_loaded, outcome.windows_failed, outcome.windows_left) == (1, 1, 1)
    assert outcome.exit_code == 2
    assert any("is not currently accepting connections" in message for message in outcome.errors)
    monkeypatch.setattr(Committer, "commit", commit)
    assert run_load(postgres, publisher.url("elexon"), ["pn"], DAYS[0], DAYS[-1]).windows_loaded == 2
    assert stored(postgres, PN) == right(publisher, "pn")


# --- locked -----------------------------------------------------------------------------------------------------------

HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def held_by_another(duckdb_file: Target) -> Iterator[Target]:
    """A DuckDB file that another process has open."""
    path = duckdb_file.settings["MILLRACE_DUCKDB"]
    with running([sys.executable, "-c", HOLD, path]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield duckdb_file


def test_a_duckdb_file_that_another_process_has_open_is_a_message_and_exit_1(
    held_by_another: Target, publisher: Sandbox
) -> None:
    settings = held_by_another.settings | {"MILLRACE_ELEXON_URL": publisher.url("elexon")}
    for command in (LOAD, ("status",)):
        done = run_cli(*command, **settings)
        assert done.returncode == 1
        assert done.stderr.startswith("WarehouseUnavailable: ")
        assert "raw_data.duckdb" in done.stderr
        assert "Wait until the other process is done" in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr


def test_a_second_load_into_a_duckdb_file_is_told_who_writes(duckdb_file: Target, publisher: Sandbox) -> None:
    settings = duckdb_file.settings | {"MILLRACE_ELEXON_URL": publisher.url("elexon")}
    with duckdb_file.open().lock([FUELHH]):
        done = run_cli(*LOAD, "--dataset", "pn", **settings)
    assert done.returncode == 1
    said = " ".join(done.stderr.split())
    assert f"is being written by process {os.getpid()}: DuckDB has one writer. Wait until it is done" in said


def test_a_second_load_of_a_dataset_into_postgres_is_told_which(postgres: Target, publisher: Sandbox) -> None:
    settings = postgres.settings | {"MILLRACE_ELEXON_URL": publisher.url("elexon")}
    with postgres.open().lock([PN]):
        done = run_cli(*LOAD, "--dataset", "fuelhh", "--dataset", "pn", **settings)
    assert done.returncode == 1
    assert done.stderr.startswith("WarehouseUnavailable: elexon.pn is being loaded by another process; wait until")
    assert not postgres.has("elexon__fuelhh")


def test_a_lock_ends_with_the_process_that_held_it(warehouse: Target) -> None:
    code = (
        "import os, signal; from loaders.destination import open_warehouse; from tests.loads import ELEXON\n"
        "with open_warehouse().lock([ELEXON.dataset('pn')]): os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = command_environment() | warehouse.settings
    died = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=False)
    assert died.returncode == -9
    with warehouse.open().lock([PN]):
        pass


# --- two at once ------------------------------------------------------------------------------------------------------


WAITING = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def together(point: str, dataset: str) -> list[str]:
    return [sys.executable, "-m", "tests.faults.together", point, *LOAD, "--dataset", dataset]


def is_ready(process: subprocess.Popen[str]) -> bool:
    """Read what a process says until it waits. False if it ended."""
    assert process.stdout is not None
    return any(line == "ready\n" for line in process.stdout)


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def assert_both_right(one: subprocess.Popen[str], other: subprocess.Popen[str], target: Target, of: Sandbox) -> None:
    """Both loads end well, and each table and its ledger are as if the other had not been there."""
    said = [process.communicate(timeout=60) for process in (one, other)]
    assert [one.returncode, other.returncode] == [0, 0], said
    for dataset in (PN, FUELHH):
        assert stored(target, dataset, f"settlement_date >= DATE '{DAYS[0]}'") == right(of, dataset.name)
        assert [entry["window_label"] for entry in ledger(target, dataset.name)][-3:] == DAYS


def test_two_loads_of_different_datasets_at_once_are_both_right(postgres: Target, publisher: Sandbox) -> None:
    for name in ("pn", "fuelhh"):
        assert run_load(postgres, publisher.url("elexon"), [name], "2023-12-31").exit_code == 0
    settings = postgres.settings | {"MILLRACE_ELEXON_URL": publisher.url("elexon")}
    with (
        running(together("committing", "pn"), **settings) as one,
        running(together("committing", "fuelhh"), **settings) as other,
    ):
        assert is_ready(one)
        assert is_ready(other)
        go(one)
        go(other)
        assert_both_right(one, other, postgres, publisher)


def test_two_first_loads_at_once_do_not_create_the_same_schema(postgres: Target, publisher: Sandbox) -> None:
    settings = postgres.settings | {"MILLRACE_ELEXON_URL": publisher.url("elexon")}
    with running(together("creating", "pn"), **settings) as one:
        assert is_ready(one), "it has found no schema and is about to create it"
        with running(together("creating", "fuelhh"), **settings) as other:
            assert other.stdout is not None
            said = b""
            # The other one waits for its turn; if it did not, it would find no schema either, and say so.
            while b"ready\n" not in said and not postgres.query(WAITING):
                if select.select([other.stdout], [], [], 0.05)[0]:
                    said += os.read(other.stdout.fileno(), 1 << 16)
                assert other.poll() is None, said
            go(one)
            go(other)
            assert_both_right(one, other, postgres, publisher)
