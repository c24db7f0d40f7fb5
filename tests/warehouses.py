"""A warehouse as a test holds it: its settings, what stands in it, and digests that do not know the order of rows.

It is read here with the driver itself, not through the loader, so that the loader is not its own witness.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import duckdb
import psycopg2
from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from loaders.catalogue import FieldType
from loaders.destination import RAW, Warehouse, open_warehouse

Row = tuple[Any, ...]


class Digest(NamedTuple):
    """How many rows, and the sum of their hashes: equal for equal tables, whatever the order."""

    rows: int
    hashes: int


def digest(rows: Sequence[Row]) -> Digest:
    return Digest(len(rows), sum(map(_hash, rows)) % (1 << 64))


def _hash(row: Row) -> int:
    text = repr(tuple(_plain(value) for value in row))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _plain(value: Any) -> Any:
    """A value as both drivers and plain Python give it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value


@dataclass(frozen=True)
class Target(ABC):
    """One warehouse of one test."""

    name: str
    settings: dict[str, str]

    @property
    @abstractmethod
    def types(self) -> dict[FieldType, str]:
        """Its own names of the declared types."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """What stands before the schema where SQL names a table in full."""

    @abstractmethod
    def query(self, sql: str) -> list[Row]:
        """The rows of a query, instants in UTC."""

    @abstractmethod
    def execute(self, sql: str) -> None:
        """Run a statement and commit it."""

    @abstractmethod
    def copy(self, name: str) -> Target:
        """Another one that holds the same. Nobody may be connected to this one."""

    @abstractmethod
    def drop(self) -> None:
        """Take it away."""

    def open(self) -> Warehouse:
        """The loader's own view of it."""
        with environment(self.settings):
            return open_warehouse()

    def has(self, table: str) -> bool:
        found = self.query(
            f"SELECT 1 FROM information_schema.tables WHERE table_schema = '{RAW}' AND table_name = '{table}'"
        )
        return bool(found)

    def columns(self, table: str, schema: str = RAW) -> dict[str, str]:
        """Column names and types of a table, in order."""
        rows = self.query(
            "SELECT column_name, data_type FROM information_schema.columns "
            f"WHERE table_schema = '{schema}' AND table_name = '{table}' ORDER BY ordinal_position"
        )
        return dict(rows)

    def rows(self, table: str, columns: Sequence[str], where: str = "TRUE") -> list[Row]:
        """Rows of a raw table; none if it does not exist."""
        if not self.has(table):
            return []
        return self.query(f"SELECT {', '.join(columns)} FROM {RAW}.{table} WHERE {where}")

    def count(self, table: str, where: str = "TRUE") -> int:
        return len(self.rows(table, ["1"], where))


@dataclass(frozen=True)
class DuckDBTarget(Target):
    path: Path

    @classmethod
    def create(cls, base: Path) -> DuckDBTarget:
        """A new file in the first free folder below `base`: where one was dropped, dbt knows the place already."""
        for number in itertools.count():
            folder = base / f"warehouse-{number}"
            with suppress(FileExistsError):
                folder.mkdir()
                return cls.at(folder / "raw_data.duckdb")
        raise AssertionError

    @classmethod
    def at(cls, path: Path) -> DuckDBTarget:
        return cls("duckdb", {"MILLRACE_WAREHOUSE": "duckdb", "MILLRACE_DUCKDB": str(path)}, path)

    @property
    def identity(self) -> str:
        return self.path.stem

    @property
    def types(self) -> dict[FieldType, str]:
        return {
            "string": "VARCHAR",
            "json": "VARCHAR",
            "integer": "BIGINT",
            "double": "DOUBLE",
            "boolean": "BOOLEAN",
            "date": "DATE",
            "timestamp": "TIMESTAMP WITH TIME ZONE",
        }

    def query(self, sql: str) -> list[Row]:
        if not self.path.exists():  # nothing was ever loaded
            return []
        with duckdb.connect(self.path) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()

    def execute(self, sql: str) -> None:
        with duckdb.connect(self.path) as connection:
            connection.execute(sql)

    def drop(self) -> None:
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink()
        if not any(self.path.parent.iterdir()):
            self.path.parent.rmdir()  # another may take its place

    def copy(self, name: str) -> Target:
        path = self.path.with_name(f"{name}.duckdb")
        shutil.copy(self.path, path)
        return DuckDBTarget.at(path)


@dataclass(frozen=True)
class PostgresTarget(Target):
    url: str

    @classmethod
    def create(cls, server: str, name: str, template: str = "template1") -> PostgresTarget:
        """A new database on the server."""
        with _connected(server) as cursor:
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        return cls("postgres", {"MILLRACE_WAREHOUSE": "postgres", "MILLRACE_POSTGRES_URL": url}, url)

    @property
    def identity(self) -> str:
        return urlsplit(self.url).path.lstrip("/")

    @property
    def types(self) -> dict[FieldType, str]:
        return {
            "string": "character varying",
            "json": "character varying",
            "integer": "bigint",
            "double": "double precision",
            "boolean": "boolean",
            "date": "date",
            "timestamp": "timestamp with time zone",
        }

    def query(self, sql: str) -> list[Row]:
        with _connected(self.url) as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
            cursor.execute(sql)
            return list(cursor.fetchall())

    def execute(self, sql: str) -> None:
        with _connected(self.url) as cursor:
            cursor.execute(sql)

    def copy(self, name: str) -> Target:
        return PostgresTarget.create(self.url, f"{name}", template=self.identity)

    def take_raw(self, other: DuckDBTarget, without: str = "^$") -> None:
        """Hold the same raw tables as a DuckDB file, the loader's own among them, but for those of a pattern."""
        named = other.query(
            f"SELECT table_name, list(column_name || ' ' || replace(data_type, 'DOUBLE', 'DOUBLE PRECISION') "
            f"ORDER BY column_index) FROM duckdb_columns() WHERE schema_name = '{RAW}' "
            f"AND NOT regexp_matches(table_name, '{without}') GROUP BY table_name"
        )
        self.execute(f"CREATE SCHEMA IF NOT EXISTS {RAW}")
        with tempfile.TemporaryDirectory() as folder, _connected(self.url) as cursor:
            for table, columns in named:
                rows = Path(folder) / f"{table}.csv"
                other.execute(f"COPY {RAW}.{table} TO '{rows}' (HEADER false, NULLSTR '\\N', FORCE_QUOTE *)")
                cursor.execute(f"CREATE TABLE {RAW}.{table} ({', '.join(columns)})")
                with rows.open() as lines:
                    cursor.copy_expert(f"COPY {RAW}.{table} FROM STDIN (FORMAT csv, NULL '\\N')", lines)

    def empty(self) -> None:
        """As it was created, which takes longer than this."""
        found = self.query(
            "SELECT nspname FROM pg_namespace "
            "WHERE nspname !~ '^pg_' AND nspname NOT IN ('public', 'information_schema')"
        )
        for (schema,) in found:
            self.execute(f'DROP SCHEMA "{schema}" CASCADE')

    def drop(self) -> None:
        self._from_outside(f'DROP DATABASE IF EXISTS "{self.identity}" WITH (FORCE)')

    def accept_connections(self, yes: bool) -> None:
        """Let nobody in, or everybody again."""
        self._from_outside(f'ALTER DATABASE "{self.identity}" ALLOW_CONNECTIONS {yes}')

    def _from_outside(self, sql: str) -> None:
        with _connected(urlunsplit(urlsplit(self.url)._replace(path="/postgres"))) as cursor:
            cursor.execute(sql)


@dataclass(frozen=True)
class BigQueryTarget(Target):
    host: str

    @classmethod
    def create(cls, host: str, name: str) -> BigQueryTarget:
        """A project of its own in the emulator at `host`."""
        settings = {
            "MILLRACE_WAREHOUSE": "bigquery",
            "MILLRACE_BIGQUERY_PROJECT": name.replace("_", "-"),
            "BIGQUERY_EMULATOR_HOST": host,
        }
        return cls("bigquery", settings, host)

    @property
    def identity(self) -> str:
        return self.settings["MILLRACE_BIGQUERY_PROJECT"]

    @property
    def types(self) -> dict[FieldType, str]:
        return {
            "string": "STRING",
            "json": "STRING",
            "integer": "INT64",
            "double": "FLOAT64",
            "boolean": "BOOL",
            "date": "DATE",
            "timestamp": "TIMESTAMP",
        }

    @contextmanager
    def client(self) -> Iterator[bigquery.Client]:
        with (
            environment(self.settings),
            bigquery.Client(self.identity, AnonymousCredentials(), location="EU") as client,
        ):
            yield client

    def query(self, sql: str) -> list[Row]:
        with self.client() as client:
            return [row.values() for row in client.query_and_wait(sql)]

    def execute(self, sql: str) -> None:
        self.query(sql)

    def has(self, table: str) -> bool:
        return bool(self.columns(table))

    def columns(self, table: str, schema: str = RAW) -> dict[str, str]:
        with self.client() as client:
            try:
                found = client.get_table(f"{self.identity}.{schema}.{table}").schema
            except NotFound:
                return {}
        return {field.name: LEGACY_TYPES.get(field.field_type, field.field_type) for field in found}

    def copy(self, name: str) -> Target:
        other = BigQueryTarget.create(self.host, name)
        with self.client() as client:
            for schema in (RAW, f"{RAW}_staging"):
                client.create_dataset(f"{other.identity}.{schema}")
                for table in client.list_tables(f"{self.identity}.{schema}"):
                    client.copy_table(table.reference, f"{other.identity}.{schema}.{table.table_id}").result()
        return other

    def take_raw(self, other: DuckDBTarget) -> None:
        """Hold the same raw tables as a DuckDB file, the loader's own among them."""
        config = bigquery.LoadJobConfig(source_format=bigquery.SourceFormat.PARQUET)
        with tempfile.TemporaryDirectory() as folder, self.client() as client:
            client.create_dataset(RAW)
            jobs = []
            for (table,) in other.query(f"SELECT table_name FROM duckdb_tables() WHERE schema_name = '{RAW}'"):
                rows = Path(folder) / f"{table}.parquet"
                other.execute(f"COPY {RAW}.{table} TO '{rows}' (FORMAT parquet)")
                with rows.open("rb") as file:
                    jobs.append(client.load_table_from_file(file, f"{self.identity}.{RAW}.{table}", job_config=config))
            for job in jobs:  # begun before the first is waited for, a second at a time
                job.result()

    def drop(self) -> None:
        with self.client() as client:
            for found in client.list_datasets():
                client.delete_dataset(found.reference, delete_contents=True)


LEGACY_TYPES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}  # as the interface still names them


@contextmanager
def _connected(url: str) -> Iterator[Any]:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


@contextmanager
def environment(settings: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
