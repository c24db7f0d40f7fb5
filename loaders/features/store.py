"""Where a table is: its columns, its statistics and its rows as a stream, in whichever warehouse it stands."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from loaders.destination import open_session, open_warehouse
from loaders.features.columns import Column, Unusable
from loaders.features.dialect import Dialect

MARTS = "marts"  # where a table is, if its name does not say
COLUMNS_WHILE_READING = 8  # DuckDB's memory is sized by the columns written; 48 MB read 5 million rows as fast as 96


class Store(ABC):
    """A warehouse as features use it. Errors are the loader's own."""

    dialect: Dialect

    @abstractmethod
    def columns(self, table: str) -> list[Column | Unusable]:
        """The table's columns in its order, structs taken apart. Raises `DeclarationError` if it is not there."""

    @abstractmethod
    def query(self, sql: str) -> list[tuple[object, ...]]:
        """The rows of a query that gives few."""

    @abstractmethod
    def replace(self, table: str, sql: str) -> None:
        """Put the rows of a query into a table, which is replaced in one step."""

    @abstractmethod
    def read(self, table: str, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        """The rows of a table as a stream of batches, with these columns under their flattened names."""

    @abstractmethod
    def name(self, table: str) -> str:
        """The table as SQL writes it."""


@contextmanager
def open_store(warehouse: str | None = None) -> Iterator[Store]:
    """The warehouse of that name, or of MILLRACE_WAREHOUSE, to take features from.

    Raises `DeclarationError` for a name that is none, and `WarehouseUnavailable`.
    """
    name = warehouse or os.environ.get("MILLRACE_WAREHOUSE", "duckdb")
    if name == "bigquery":
        from loaders.features.bigquery_store import BigQueryStore
        from loaders.sources.bigquery.access import Access

        yield BigQueryStore(Access.of_environment(), os.environ.get("MILLRACE_BIGQUERY_PREFIX", ""))
        return
    from loaders.features.warehouse_store import WarehouseStore

    with open_session(open_warehouse(name)) as session, session.connected(COLUMNS_WHILE_READING):
        yield WarehouseStore(session)
