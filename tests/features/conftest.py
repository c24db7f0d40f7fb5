"""One table in three warehouses, as features see them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loaders.destination import open_session
from loaders.features.store import Store
from loaders.features.warehouse_store import WarehouseStore
from loaders.sources.bigquery.access import Access
from tests.bigquery.emulator import Emulator
from tests.conftest import MakeTarget
from tests.features.observations import observations
from tests.warehouses import DuckDBTarget, PostgresTarget

TABLE = "features_test.observations"
PROJECT = "features"


def put(store_kind: str, place: DuckDBTarget | PostgresTarget | Access, table: str, rows: pa.Table) -> None:
    """Write rows into a table as a user's own loader would."""
    schema, name = table.split(".")
    if isinstance(place, DuckDBTarget):
        with duckdb.connect(place.path) as connection:
            connection.register("arriving", rows)
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            connection.execute(f"CREATE OR REPLACE TABLE {table} AS FROM arriving")
    elif isinstance(place, PostgresTarget):
        from adbc_driver_postgresql import dbapi

        place.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        plain = [
            field.with_type(pa.float64()) if pa.types.is_decimal(field.type) or pa.types.is_null(field.type) else field
            for field in rows.schema
        ]
        decimals = [field.name for field in rows.schema if pa.types.is_decimal(field.type)]
        with dbapi.connect(place.url) as connection, connection.cursor() as cursor:
            cursor.adbc_ingest(name, rows.cast(pa.schema(plain)), mode="replace", db_schema_name=schema)
            connection.commit()
        for column in decimals:
            place.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE NUMERIC(12, 3)")
    else:
        from google.cloud import bigquery

        place.rest.create_dataset(f"{PROJECT}.{schema}", exists_ok=True)
        place.rest.delete_table(f"{PROJECT}.{table}", not_found_ok=True)
        with tempfile.TemporaryFile() as file:
            pq.write_table(rows, file)
            file.seek(0)
            config = bigquery.LoadJobConfig(source_format="PARQUET")
            place.rest.load_table_from_file(file, f"{PROJECT}.{table}", job_config=config).result()


@pytest.fixture(scope="module")
def access(emulator: Emulator) -> Iterator[Access]:
    """Clients of the emulator."""
    settings = {
        "BIGQUERY_EMULATOR_HOST": emulator.host,
        "BIGQUERY_STORAGE_EMULATOR_HOST": emulator.grpc_host,
        "MILLRACE_BIGQUERY_LABELS": "team=power",
        "MILLRACE_BIGQUERY_LOCATION": "europe-west2",
        "MILLRACE_RETRY_SECONDS": "0",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        yield Access.of_environment(PROJECT)


@pytest.fixture(scope="module", params=["duckdb", "postgres", "bigquery"])
def store(request: pytest.FixtureRequest, make_target: MakeTarget) -> Iterator[Store]:
    """The table in a warehouse; the test runs once on each kind."""
    rows = observations()
    with ExitStack() as stack:
        if request.param == "bigquery":
            from loaders.features.bigquery_store import BigQueryStore

            access = request.getfixturevalue("access")
            put(request.param, access, TABLE, rows)
            yield BigQueryStore(access)
            return
        target = make_target(request.param)
        put(request.param, target, TABLE, rows)
        session = stack.enter_context(open_session(target.open()))
        stack.enter_context(session.connected(8))
        yield WarehouseStore(session)


@pytest.fixture(scope="module")
def duckdb_path(make_target: MakeTarget) -> Path:
    """A DuckDB file with the table, for what does not depend on the warehouse."""
    target = make_target("duckdb")
    assert isinstance(target, DuckDBTarget)
    put("duckdb", target, TABLE, observations())
    return target.path


@pytest.fixture
def in_duckdb(duckdb_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file, as the warehouse that is used without being named."""
    monkeypatch.setenv("MILLRACE_WAREHOUSE", "duckdb")
    monkeypatch.setenv("MILLRACE_DUCKDB", os.fspath(duckdb_path))
    return duckdb_path
