"""What a warehouse is to a load: how to reach it, what it can bear, and what differs in its SQL."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime
from typing import Any, ClassVar

import pyarrow as pa

from loaders.budget import Peaks, budget
from loaders.catalogue import Dataset
from loaders.errors import innermost

RAW = "raw"  # the schema that loads write to
BATCH_ROWS, BATCH_BYTES = 16_384, 4 << 20  # of a stream out of a warehouse: more was no faster


def columns_first(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """An empty batch, so that the columns are known of a result without rows, and then the rows."""
    yield pa.RecordBatch.from_pylist([], schema=reader.schema)
    yield from reader


class Warehouse(ABC):
    """A warehouse: how a load reaches it and what it can bear."""

    name: ClassVar[str]
    part_values: ClassVar[int]  # rows times columns of a part, which is one bulk load
    peaks: ClassVar[Peaks]  # of a million rows of the widest table, 46 columns
    commit_rows: ClassVar[int] = 100_000  # a day of the largest datasets; more was no faster and held more memory
    load_workers: ClassVar[int] = 1  # each holds a whole part; the parts are written in turn anyway
    timestamp_type: ClassVar[str] = "TIMESTAMPTZ"
    version_sql: ClassVar[str] = "version()"

    def reach(self) -> None:
        """See that it answers, where its client would go on asking for long. Raises `WarehouseUnavailable`."""
        return  # the others' drivers say so at once

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

    @property
    def is_new(self) -> bool:
        """True if there is nothing to ask yet, and asking would create it."""
        return False

    @abstractmethod
    def batches(self, connection: Any, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows of a query as a stream that is never held whole; the first batch says the columns, even of no rows.

        `connection` is the driver's own.
        """

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """What dbt's profile reads."""

    def schema(self, layer: str) -> str:
        """The schema of a layer: its own name, unless the warehouse is shared with others."""
        return layer

    def layout(self, dataset: Dataset, constants: Mapping[str, object]) -> dict[str, Any]:
        """Hints to dlt for how the dataset's table is laid out when it is created.

        `constants` are the columns that have one value in all of the rows that are being written, and that value.
        """
        return {}

    def part_rows(self, columns: int) -> int:
        """The most rows of a part of a table of so many columns."""
        return max(1, budget().of(self.part_values) // columns)

    def index(self, dataset: Dataset, table: str) -> str | None:
        """SQL for whatever finds a window in the table, if the warehouse does not by itself."""
        return None

    def table_list(self, layer: str) -> str:
        """The relation that lists the tables of a layer, by `table_schema` and `table_name`."""
        return "information_schema.tables"

    def utc_day(self, column: str) -> str:
        """SQL for the day in UTC of a column of instants."""
        return f"CAST({column} AT TIME ZONE 'UTC' AS DATE)"

    def half_hour(self, column: str) -> str:
        """SQL for the number of the half-hour since 1970 in which an instant lies."""
        return f"CAST(FLOOR(EXTRACT(EPOCH FROM {column}) / 1800) AS BIGINT)"

    def literal(self, value: object) -> str:
        """A date, an instant or a text in this warehouse's SQL."""
        if isinstance(value, datetime):
            return f"CAST('{value.isoformat()}' AS {self.timestamp_type})"
        if isinstance(value, int):
            return str(value)
        if isinstance(value, date):
            return f"DATE '{value.isoformat()}'"
        return self.text(str(value))

    def text(self, value: str) -> str:
        """A text in this warehouse's SQL."""
        # dlt cuts SQL into statements at these, wherever they stand.
        quoted = value.replace("'", "''").replace(";", "' || chr(59) || '").replace("\n", "' || chr(10) || '")
        return f"'{quoted}'"

    def check_staging(self) -> str | None:
        """Where parts stand on their way into the warehouse. None if they go straight there.

        Raises `WarehouseUnavailable` if they cannot stand there.
        """
        return None

    def reason(self, error: BaseException) -> str:
        """Why the warehouse refused, and what to do where that is known."""
        return innermost(error)
