"""Which warehouse it is, what its SQL looks like, and who may write to it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event

import pytest

from loaders.destination import DuckDB, Postgres, open_session, open_warehouse, session
from loaders.errors import DeclarationError, WarehouseUnavailable
from loaders.workshop import FOLDER_PREFIX
from tests.loads import ELEXON
from tests.warehouses import Target
from tests.wire import closed_port

FUELHH, PN = ELEXON.dataset("fuelhh"), ELEXON.dataset("pn")


def test_duckdb_in_the_working_directory_is_the_default() -> None:
    assert open_warehouse() == DuckDB(Path("millrace.duckdb"))


def test_the_environment_names_the_warehouse_and_an_option_overrides_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_WAREHOUSE", "postgres")
    monkeypatch.setenv("MILLRACE_POSTGRES_URL", "postgresql://me:secret@db.example:5433/power")
    monkeypatch.setenv("MILLRACE_DUCKDB", "/somewhere/power.duckdb")
    assert isinstance(open_warehouse(), Postgres)
    assert open_warehouse("duckdb") == DuckDB(Path("/somewhere/power.duckdb"))


def test_a_warehouse_that_is_none_is_answered_with_those_that_are() -> None:
    with pytest.raises(
        DeclarationError, match="no warehouse 'oracle'; write duckdb, postgres or bigquery in MILLRACE_WAREHOUSE"
    ):
        open_warehouse("oracle")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://me:secret@db.example:5433/power", "postgresql://me:secret@db.example:5433/power"),
        ("postgres://me@db.example", "postgresql://me:unused@db.example:5432/postgres"),
        ("postgresql:///power?host=/run/pg", "postgresql://postgres:unused@%2Frun%2Fpg:5432/power"),
        (
            "postgresql://me@db.example/power?sslmode=require",
            "postgresql://me:unused@db.example:5432/power?sslmode=require",
        ),
    ],
)
def test_a_postgres_url_gets_what_every_driver_insists_on(
    monkeypatch: pytest.MonkeyPatch, url: str, expected: str
) -> None:
    monkeypatch.setenv("MILLRACE_POSTGRES_URL", url)
    assert open_warehouse("postgres") == Postgres(expected)


def test_without_a_url_libpqs_own_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PGHOST": "db.example",
        "PGPORT": "5499",
        "PGUSER": "me",
        "PGPASSWORD": "s",
        "PGDATABASE": "p",
    }.items():
        monkeypatch.setenv(name, value)
    assert open_warehouse("postgres") == Postgres("postgresql://me:s@db.example:5499/p")


def test_a_warehouse_is_shown_without_its_password() -> None:
    shown = str(Postgres("postgresql://me:secret@db.example:5433/power"))
    assert shown == "postgres at db.example:5433/power"
    assert "secret" not in shown


def test_dbt_is_told_where_the_same_warehouse_is() -> None:
    url = "postgresql://me:se%2Fcret@%2Frun%2Fpg:5433/power?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=9"
    assert Postgres(url).environment() == {
        "MILLRACE_WAREHOUSE": "postgres",
        "PGHOST": "/run/pg",
        "PGPORT": "5433",
        "PGUSER": "me",
        "PGPASSWORD": "se/cret",
        "PGDATABASE": "power",
        "PGSSLMODE": "verify-full",  # dbt is not to be content with less than the loader
        "PGSSLROOTCERT": "/ca.pem",
    }
    assert DuckDB(Path("/a/power.duckdb")).environment()["MILLRACE_DUCKDB"] == "/a/power.duckdb"


@pytest.mark.parametrize(
    "value",
    [date(2024, 2, 29), datetime(2024, 3, 31, 1, 30, 0, 250_000, tzinfo=UTC), "it's", "'; DROP TABLE x; --", "\\"],
)
def test_a_literal_is_read_back_as_the_value(warehouse: Target, value: object) -> None:
    if warehouse.name == "duckdb":
        warehouse.execute("SELECT 1")  # makes the file
    [(found,)] = warehouse.query(f"SELECT {warehouse.open().literal(value)}")
    assert found == value


def test_the_day_of_an_instant_is_that_of_utc(warehouse: Target) -> None:
    if warehouse.name == "duckdb":
        warehouse.execute("SELECT 1")
    instant = "CAST('2024-07-01T00:30:00+01:00' AS TIMESTAMPTZ)"
    assert warehouse.query(f"SELECT {warehouse.open().utc_day(instant)}") == [(date(2024, 6, 30),)]


def test_who_holds_the_lock_keeps_others_out_until_done(warehouse: Target) -> None:
    one, other = warehouse.open(), warehouse.open()
    refused = pytest.raises(WarehouseUnavailable, match=r"[Ww]ait until it is done")
    with one.lock([FUELHH]), refused, other.lock([FUELHH]):
        pass
    with other.lock([FUELHH]):
        pass


def test_duckdbs_lock_says_which_process_has_it(duckdb_file: Target) -> None:
    said = f"is being written by process {os.getpid()}: DuckDB has one writer"
    refused = pytest.raises(WarehouseUnavailable, match=said)
    with duckdb_file.open().lock([FUELHH]), refused, duckdb_file.open().lock([PN]):
        pass


def test_postgres_takes_two_loads_of_different_datasets(postgres: Target) -> None:
    with postgres.open().lock([FUELHH]), postgres.open().lock([PN]):
        pass


def test_a_refused_lock_leaves_none_behind(postgres: Target) -> None:
    with postgres.open().lock([PN]):
        with (
            pytest.raises(WarehouseUnavailable, match=r"elexon\.pn is being loaded"),
            postgres.open().lock([FUELHH, PN]),
        ):
            pass
        with postgres.open().lock([FUELHH]):
            pass


def test_postgres_waits_for_a_lock_that_is_about_to_go(postgres: Target) -> None:
    waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"

    answered = Event()

    def let_go_when_wanted() -> None:
        while not (answered.is_set() or postgres.query(waiting)):
            pass
        held.close()

    with ThreadPoolExecutor(1) as aside, ExitStack() as asked, ExitStack() as held:
        asked.callback(answered.set)
        held.enter_context(postgres.open().lock([PN]))
        aside.submit(let_go_when_wanted)
        with postgres.open().lock([PN]):
            pass


def test_a_server_that_is_not_there_is_unavailable() -> None:
    nowhere = Postgres(f"postgresql://me:secret@127.0.0.1:{closed_port()}/power")
    with (
        pytest.raises(WarehouseUnavailable, match=r"Postgres does not answer: .*[Rr]efused") as error,
        nowhere.lock([PN]),
    ):
        pass
    assert "secret" not in str(error.value)


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "raw_data.duckdb"
    path.write_text("this is not a database " * 1_000)
    with open_session(DuckDB(path)) as session, pytest.raises(WarehouseUnavailable, match=r"raw_data\.duckdb"):
        session.query("SELECT 1")


def test_a_query_of_a_table_that_does_not_exist_has_no_rows(warehouse: Target) -> None:
    with open_session(warehouse.open()) as session:
        assert session.query(f"SELECT 1 FROM {session.table('nothing')}") == []


def test_a_query_that_is_wrong_is_an_error_that_names_the_warehouse(warehouse: Target) -> None:
    refused = pytest.raises(WarehouseUnavailable, match=f"^{warehouse.name}: ")
    with open_session(warehouse.open()) as session, refused:
        session.query("SELECT FROM WHERE")


def test_a_run_leaves_no_folder_and_clears_those_of_killed_runs(
    duckdb_file: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session.tempfile, "tempdir", str(tmp_path))
    killed = tmp_path / f"{FOLDER_PREFIX}999999999-left"
    alive = tmp_path / f"{FOLDER_PREFIX}{os.getpid()}-another"
    killed.mkdir()
    alive.mkdir()
    with open_session(duckdb_file.open()) as opened:
        assert opened.folder.parent == tmp_path
        assert opened.folder.is_dir()
    assert sorted(tmp_path.iterdir()) == [alive]
