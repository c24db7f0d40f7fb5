"""Postgres: a server at MILLRACE_POSTGRES_URL, or where libpq's own PGHOST, PGUSER ... say."""

import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import pyarrow as pa

from loaders.budget import Peaks
from loaders.catalogue import Dataset
from loaders.destination.warehouse import BATCH_BYTES, Warehouse, columns_first
from loaders.errors import WarehouseUnavailable

LOCK_PATIENCE = "2s"  # a load's lock goes when the server notices that its connection is closed: after the load itself


@dataclass(frozen=True)
class Postgres(Warehouse):
    """A server; several loads may run at once, each on datasets of its own."""

    url: str
    name: ClassVar[str] = "postgres"
    part_values: ClassVar[int] = 2_000_000  # the driver holds a whole part while it copies; opening it takes 25 ms
    peaks: ClassVar[Peaks] = {1: 225, 2: 205, 4: 195}

    @classmethod
    def of_environment(cls) -> Self:
        return cls(_with_host_in_place(os.environ.get("MILLRACE_POSTGRES_URL") or _url_of_libpq()))

    @contextmanager
    def connect(self, dlt: Any, columns: int) -> Iterator[Any]:
        from loaders.destination.postgres_jobs import destination

        yield destination(dlt, self.url)

    @contextmanager
    def lock(self, datasets: Sequence[Dataset]) -> Iterator[None]:
        import psycopg2

        try:
            connection = psycopg2.connect(self.url)
        except psycopg2.OperationalError as error:
            said = " ".join(str(error).split())
            raise WarehouseUnavailable(
                f"Postgres does not answer: {said} Start it, or say in MILLRACE_POSTGRES_URL where it is"
            ) from error
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = %s", (LOCK_PATIENCE,))
                for label in sorted(dataset.label for dataset in datasets):
                    try:
                        cursor.execute("SELECT pg_advisory_lock(%s)", (zlib.crc32(f"millrace:{label}".encode()),))
                    except psycopg2.errors.LockNotAvailable as error:
                        raise WarehouseUnavailable(
                            f"{label} is being loaded by another process; wait until it is done"
                        ) from error
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

    def batches(self, connection: Any, sql: str) -> Iterator[pa.RecordBatch]:
        from adbc_driver_postgresql import StatementOptions, dbapi

        with dbapi.connect(self.url) as copying, copying.cursor() as cursor:
            cursor.adbc_statement.set_options(**{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(BATCH_BYTES)})
            cursor.execute(sql)
            yield from columns_first(cursor.fetch_record_batch())

    def layout(self, dataset: Dataset, constants: Mapping[str, object]) -> dict[str, Any]:
        """A partition for each year of a dataset that is loaded by years, with indexes of the declared clusters."""
        if dataset.request.window != "year":
            return {}
        return {
            "x-millrace-partition": dataset.window,
            "x-millrace-indexes": list(dataset.cluster),
            "x-millrace-constants": {name: self.literal(value) for name, value in constants.items()},
        }

    def index(self, dataset: Dataset, table: str) -> str | None:
        """A block range index: a few pages, and enough, because what a window holds is written together."""
        if dataset.window is None or dataset.request.window == "year":
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
        } | {f"PG{name.upper()}": value for name, value in parse_qsl(parts.query) if name.startswith("ssl")}


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
