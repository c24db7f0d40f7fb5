"""The only place that knows which warehouse it is: how to reach it, lock it, and write a literal in its SQL.

MILLRACE_WAREHOUSE names it (`duckdb`, the default, or `postgres`); MILLRACE_DUCKDB is the file's path and
MILLRACE_POSTGRES_URL the server's, without which libpq's own PGHOST, PGUSER ... are used.
"""

import fcntl
import os
import shutil
import tempfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import duckdb
import pyarrow.parquet as pq

from loaders.catalogue import Dataset
from loaders.errors import DeclarationError, WarehouseUnavailable, innermost
from loaders.memory import duckdb_settings

RAW = "raw"  # the schema that loads write to

FOLDER_PREFIX = "millrace-"

DLT_SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",  # what fails is raised, and said once, by us
    "LOAD__WORKERS": "1",  # each worker holds a whole part; the parts are written in turn anyway
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",  # the ledger's link to dlt's own record of loads
}


class Warehouse(ABC):
    """A warehouse: how a load reaches it and what it can bear."""

    name: ClassVar[str]
    part_values: ClassVar[int]  # rows times columns of a part, which is one bulk load
    timestamp_type: ClassVar[str] = "TIMESTAMPTZ"

    @abstractmethod
    def connect(self, dlt: Any, columns: int) -> AbstractContextManager[Any]:
        """The destination for dlt while the context lasts, to write a table of so many columns.

        Raises `WarehouseUnavailable`.
        """

    @abstractmethod
    def lock(self, datasets: Sequence[Dataset]) -> AbstractContextManager[None]:
        """The sole right to write the datasets. Raises `WarehouseUnavailable` if another process has it."""

    def creating(self) -> AbstractContextManager[None]:
        """Held while a run's first commit creates what is missing: two processes cannot create one thing at once."""
        return nullcontext()

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """What dbt's profile reads."""

    def part_rows(self, columns: int) -> int:
        """The most rows of a part of a table of so many columns."""
        return max(1, self.part_values // columns)

    def index(self, dataset: Dataset, table: str) -> str | None:
        """SQL for whatever finds a window in the table, if the warehouse does not by itself."""
        return None

    def utc_day(self, column: str) -> str:
        """SQL for the day in UTC of a column of instants."""
        return f"CAST({column} AT TIME ZONE 'UTC' AS DATE)"

    def literal(self, value: object) -> str:
        """A date, an instant or a text in this warehouse's SQL."""
        if isinstance(value, datetime):
            return f"CAST('{value.isoformat()}' AS {self.timestamp_type})"
        if isinstance(value, int):
            return str(value)
        if isinstance(value, date):
            return f"DATE '{value.isoformat()}'"
        return "'" + str(value).replace("'", "''") + "'"


@dataclass(frozen=True)
class DuckDB(Warehouse):
    """One file, one writer."""

    path: Path
    name: ClassVar[str] = "duckdb"
    part_values: ClassVar[int] = 12_000_000

    @contextmanager
    def connect(self, dlt: Any, columns: int) -> Iterator[Any]:
        # Left to itself dlt opens the file ten times a commit, which takes 25 ms and keeps 8 KB each time.
        try:
            connection = duckdb.connect(self.path, config=duckdb_settings(columns))
        except duckdb.Error as error:
            raise WarehouseUnavailable(f"{self.path}: {error}. Wait until the other process is done") from error
        with connection:
            connection.execute("SET GLOBAL TimeZone = 'UTC'")
            # Without being told, dlt commits a merge's DELETE before its INSERT.
            yield dlt.destinations.duckdb(connection, supports_transactions=True)

    @contextmanager
    def lock(self, datasets: Sequence[Dataset]) -> Iterator[None]:
        path = self.path.with_name(self.path.name + ".lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                file.seek(0)
                raise WarehouseUnavailable(
                    f"{self.path} is being written by process {file.read().strip() or 'unknown'}: DuckDB has one "
                    "writer. Wait until it is done, or load into Postgres, which takes several"
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def __str__(self) -> str:
        return str(self.path)

    def environment(self) -> dict[str, str]:
        return {"MILLRACE_WAREHOUSE": self.name, "MILLRACE_DUCKDB": str(self.path.resolve())}


@dataclass(frozen=True)
class Postgres(Warehouse):
    """A server; several loads may run at once, each on datasets of its own."""

    url: str
    name: ClassVar[str] = "postgres"
    part_values: ClassVar[int] = 1_200_000  # the driver holds a whole part while it copies

    @contextmanager
    def connect(self, dlt: Any, columns: int) -> Iterator[Any]:
        yield _postgres_that_takes_empty_parts(dlt, self.url)

    @contextmanager
    def lock(self, datasets: Sequence[Dataset]) -> Iterator[None]:
        import psycopg2

        try:
            connection = psycopg2.connect(self.url)
        except psycopg2.OperationalError as error:
            raise WarehouseUnavailable(f"Postgres does not answer: {str(error).strip()}") from error
        try:
            with connection.cursor() as cursor:
                for label in sorted(dataset.label for dataset in datasets):
                    cursor.execute("SELECT pg_try_advisory_lock(%s)", (zlib.crc32(f"millrace:{label}".encode()),))
                    if cursor.fetchone() != (True,):
                        raise WarehouseUnavailable(f"{label} is being loaded by another process; wait until it is done")
            connection.commit()  # a session's lock outlives the transaction, which would hold back vacuum
            yield
        finally:
            connection.close()

    @contextmanager
    def creating(self) -> Iterator[None]:
        import psycopg2

        connection = psycopg2.connect(self.url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", (zlib.crc32(b"millrace:creating"),))
                yield
        finally:
            connection.close()

    def index(self, dataset: Dataset, table: str) -> str | None:
        """A block range index: a few pages, and enough, because what a window holds is written together."""
        if dataset.window is None:
            return None
        return (
            f'CREATE INDEX IF NOT EXISTS "{dataset.table}__window" ON {table} USING brin ("{dataset.window}") '
            "WITH (pages_per_range = 16, autosummarize = on)"
        )

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        return f"postgres at {unquote(parts.hostname or '')}:{parts.port}{parts.path}"

    def environment(self) -> dict[str, str]:
        parts = urlsplit(self.url)
        return {
            "MILLRACE_WAREHOUSE": self.name,
            "PGHOST": unquote(parts.hostname or ""),
            "PGPORT": str(parts.port),
            "PGUSER": unquote(parts.username or ""),
            "PGPASSWORD": unquote(parts.password or ""),
            "PGDATABASE": parts.path.lstrip("/"),
        }


def _postgres_that_takes_empty_parts(dlt: Any, url: str) -> Any:
    """dlt's destination, but a part without rows is not copied: the driver fails on it, and there is nothing to copy.

    The merge that follows still takes the window's old rows away.
    """
    from dlt.destinations.impl.postgres.postgres import PostgresClient
    from dlt.destinations.job_impl import FinalizedLoadJobWithFollowupJobs

    class Client(PostgresClient):
        def create_load_job(self, table: Any, file_path: str, load_id: str, restore: bool = False) -> Any:
            if file_path.endswith(".parquet") and pq.read_metadata(file_path).num_rows == 0:
                return FinalizedLoadJobWithFollowupJobs(file_path)
            return super().create_load_job(table, file_path, load_id, restore)

    class Destination(dlt.destinations.postgres):  # type: ignore[misc]
        client_class = Client

    return Destination(url, destination_name="postgres", supports_transactions=True)


class Session:
    """A warehouse as one run uses it: dlt bound to a working folder that is thrown away, and queries.

    The warehouse is held open only inside of `connected`, so that what DuckDB caches does not pile up over a year.
    """

    def __init__(self, warehouse: Warehouse, folder: Path, dlt: Any) -> None:
        self.warehouse, self.folder, self.dlt = warehouse, folder, dlt
        self._destination: Any = None
        self._reader: Any = None  # the pipeline that queries go through; making one takes 30 ms
        self._table_pattern: str | None = None

    @contextmanager
    def connected(self, columns: int = 0) -> Iterator[None]:
        """One connection for everything inside, to write a table of so many columns. Raises `WarehouseUnavailable`."""
        if self._destination is not None:
            yield
            return
        with self.warehouse.connect(self.dlt, columns) as self._destination:
            try:
                yield
            finally:
                self._destination = self._reader = None

    def pipeline(self, name: str) -> Any:
        """The dlt pipeline of that name in this run's folder. Use inside of `connected`."""
        return self.dlt.pipeline(
            f"millrace_{name}",
            destination=self._destination,
            dataset_name=RAW,
            pipelines_dir=str(self._home(name)),
        )

    def forget(self, name: str) -> None:
        """Throw a pipeline's files away: a package that failed is never resumed, which would double its rows."""
        shutil.rmtree(self._home(name), ignore_errors=True)

    def _home(self, name: str) -> Path:
        return self.folder / f"dlt-{name}"

    def table(self, name: str, schema: str = RAW) -> str:
        """The table's name as SQL writes it."""
        if self._table_pattern is None:
            with self._client() as client:
                self._table_pattern = str(client.make_qualified_table_name("{table}")).replace(RAW, "{schema}", 1)
        return self._table_pattern.format(schema=schema, table=name)

    @contextmanager
    def _client(self) -> Iterator[Any]:
        with self.connected():
            if self._reader is None:
                self._reader = self.pipeline("reader")
            with self._reader.sql_client() as client:
                yield client

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query; none if a table in it does not exist yet.

        Raises `WarehouseUnavailable` if the warehouse cannot be reached or refuses.
        """
        return self.query_named(sql)[1]

    def query_named(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The columns and the rows of a query, as `query`."""
        from dlt.destinations.exceptions import DatabaseUndefinedRelation

        try:
            with self._client() as client, client.execute_query(sql) as cursor:
                names = [column[0] for column in cursor.description]
                return names, list(cursor.fetchall())
        except DatabaseUndefinedRelation:
            return [], []
        except WarehouseUnavailable:
            raise
        except Exception as error:  # each driver has its own
            raise WarehouseUnavailable(f"{self.warehouse.name}: {innermost(error)}") from error

    def execute(self, sql: str) -> None:
        """Run a statement."""
        with self._client() as client:
            client.execute_sql(sql)


@contextmanager
def open_session(warehouse: Warehouse) -> Iterator[Session]:
    """A session in a new working folder. Folders that killed processes left behind go first."""
    root = Path(tempfile.gettempdir())
    for left in root.glob(f"{FOLDER_PREFIX}*"):
        owner = left.name.removeprefix(FOLDER_PREFIX).split("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists() and Path("/proc").exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-", dir=root))
    os.environ.update(DLT_SETTINGS)
    os.environ["DLT_DATA_DIR"] = str(folder)
    import dlt  # reads the environment, so not before

    try:
        yield Session(warehouse, folder, dlt)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def open_warehouse(name: str | None = None, sample: bool = False) -> Warehouse:
    """The warehouse of that name, or of MILLRACE_WAREHOUSE. Raises `DeclarationError` for a name that is none.

    Generated data (`sample`) have a default file of their own, so that they are never taken for real ones.
    """
    name = name or os.environ.get("MILLRACE_WAREHOUSE", "duckdb")
    if name == "duckdb":
        return DuckDB(Path(os.environ.get("MILLRACE_DUCKDB", f"millrace{'-sample' if sample else ''}.duckdb")))
    if name == "postgres":
        return Postgres(_with_host_in_place(os.environ.get("MILLRACE_POSTGRES_URL") or _url_of_libpq()))
    raise DeclarationError(f"no warehouse {name!r}; write duckdb or postgres in MILLRACE_WAREHOUSE or --warehouse")


def _url_of_libpq() -> str:
    """A URL from the variables that every Postgres client reads."""
    read = os.environ.get
    user = quote(read("PGUSER", "postgres"), safe="")
    host = quote(read("PGHOST", "localhost"), safe="")
    return f"postgresql://{user}@{host}:{read('PGPORT', '5432')}/{read('PGDATABASE', 'postgres')}"


def _with_host_in_place(url: str) -> str:
    """The URL with its host (or socket folder) and a password where dlt insists on having them."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    host = quote(unquote(parts.hostname or options.pop("host", "localhost")), safe="")
    password = parts.password or os.environ.get("PGPASSWORD") or "unused"  # a server that trusts us never asks for it
    place = f"{parts.username or 'postgres'}:{password}@{host}:{parts.port or 5432}"
    return urlunsplit(("postgresql", place, parts.path or "/postgres", urlencode(options), ""))
