"""DuckDB: one file, at MILLRACE_DUCKDB."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import duckdb
import pyarrow as pa

from loaders.budget import Peaks
from loaders.catalogue import Dataset
from loaders.destination.warehouse import BATCH_ROWS, RAW, Warehouse, columns_first
from loaders.errors import DeclarationError, WarehouseUnavailable
from loaders.memory import duckdb_settings


@dataclass(frozen=True)
class DuckDB(Warehouse):
    """One file, one writer."""

    path: Path
    name: ClassVar[str] = "duckdb"
    part_values: ClassVar[int] = 12_000_000
    peaks: ClassVar[Peaks] = {1: 300}  # nearly all of it its own: smaller parts and batches save 2 MB

    @classmethod
    def of_environment(cls, sample: bool = False) -> Self:
        """The file at MILLRACE_DUCKDB, or in the working directory; generated data have a default of their own."""
        path = Path(os.environ.get("MILLRACE_DUCKDB") or f"millrace{'-sample' if sample else ''}.duckdb")
        if path.stem == RAW:  # DuckDB calls a database by its file's name, and could not tell it from the schema
            raise DeclarationError(f"MILLRACE_DUCKDB: call the file something else than {path.name}")
        return cls(path)

    @contextmanager
    def connect(self, dlt: Any, columns: int) -> Iterator[Any]:
        # Left to itself dlt opens the file ten times a commit, which takes 25 ms and keeps 8 KB each time.
        try:
            connection = duckdb.connect(self.path, config=duckdb_settings(columns))
        except duckdb.Error as error:
            is_taken = "Could not set lock" in str(error)
            mended = "Wait until the other process is done" if is_taken else "Name another file in MILLRACE_DUCKDB"
            raise WarehouseUnavailable(f"{self.path}: {str(error).rstrip('.!')}. {mended}") from error
        with connection:
            connection.execute("SET GLOBAL TimeZone = 'UTC'")
            # Without being told, dlt commits a merge's DELETE before its INSERT.
            yield dlt.destinations.duckdb(connection, supports_transactions=True)

    @contextmanager
    def lock(self, datasets: Sequence[Dataset]) -> Iterator[None]:
        path = self.path.with_name(self.path.name + ".lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            opened = path.open("a+")
        except OSError as error:
            said = f"{self.path} cannot be written: {error.strerror}"
            raise WarehouseUnavailable(f"{said}; name a file in another folder in MILLRACE_DUCKDB") from error
        with opened as file:
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

    def batches(self, connection: Any, sql: str) -> Iterator[pa.RecordBatch]:
        yield from columns_first(connection.cursor().execute(sql).to_arrow_reader(BATCH_ROWS))

    @property
    def is_new(self) -> bool:
        return not self.path.exists()

    def __str__(self) -> str:
        return str(self.path)

    def environment(self) -> dict[str, str]:
        return {"MILLRACE_WAREHOUSE": self.name, "MILLRACE_DUCKDB": str(self.path.resolve())}
