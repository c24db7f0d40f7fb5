"""Tables of BigQuery: statistics by queries, rows by Storage Read streams."""

import os
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from loaders.destination import BigQuery
from loaders.destination.bigquery import labels_of_environment
from loaders.features.columns import Column, Kind, Unusable
from loaders.features.dialect import BigQueryDialect
from loaders.features.store import MARTS, Store
from loaders.sources.bigquery.access import Access
from loaders.sources.bigquery.read import Selection, describe, open_reading
from loaders.sources.bigquery.refusals import translated

KINDS: dict[str, Kind] = {
    "INTEGER": "integer",
    "INT64": "integer",
    "FLOAT": "real",
    "FLOAT64": "real",
    "NUMERIC": "decimal",
    "BIGNUMERIC": "decimal",
    "BOOLEAN": "boolean",
    "BOOL": "boolean",
    "STRING": "text",
    "DATE": "date",
    "TIMESTAMP": "instant",
    "DATETIME": "civil",
}
STRUCTS = ("RECORD", "STRUCT")


class BigQueryStore(Store):
    """Tables are named project.dataset.table; without a project it is the one that pays, without a dataset the marts.

    `prefix` goes before the marts' name, as it does where dbt writes them.
    """

    dialect = BigQueryDialect()

    def __init__(self, access: Access, prefix: str = "") -> None:
        self._access, self._prefix = access, prefix

    def name(self, table: str) -> str:
        return self.dialect.identifier(self._full(table))

    def _full(self, table: str) -> str:
        named = table if "." in table else f"{self._prefix}{MARTS}.{table}"
        return named if named.count(".") != 1 else f"{self._access.project}.{named}"

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with translated("a query of statistics"):
            return [tuple(row.values()) for row in self._access.rest.query(sql).result()]

    def replace(self, table: str, sql: str) -> None:
        with translated(table):
            self._create_dataset(self._full(table).rpartition(".")[0])
            self._access.rest.query(self.dialect.replacing(self.name(table), sql)).result()

    def _create_dataset(self, name: str) -> None:
        """Where the loader's own datasets lie, if it is not there. To ask first takes no right to create any."""
        from google.api_core.exceptions import NotFound
        from google.cloud import bigquery

        try:
            self._access.rest.get_dataset(name)
        except NotFound:
            wanted = bigquery.Dataset(name)
            wanted.location = os.environ.get("MILLRACE_BIGQUERY_LOCATION", BigQuery.location)
            wanted.labels = labels_of_environment()
            self._access.rest.create_dataset(wanted, exists_ok=True)

    def columns(self, table: str) -> list[Column | Unusable]:
        described = describe(self._access, Selection(self._full(table)))
        return [column for field in described.schema for column in _columns_of(field, ())]

    def read(self, table: str, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        whole = list(dict.fromkeys(column.path[0] for column in columns))  # a struct comes with all of its fields
        reading = open_reading(self._access, Selection(self._full(table), tuple(whole)))
        nothing = pa.RecordBatch.from_pylist([], reading.schema)  # a table without rows has columns, too
        for batch in chain([nothing], reading.batches()):
            arrays = [_field_of(batch, column.path) for column in columns]
            yield pa.RecordBatch.from_arrays(arrays, [column.name for column in columns])


def _columns_of(field: Any, above: tuple[str, ...]) -> Iterator[Column | Unusable]:
    path = (*above, field.name)
    if field.mode == "REPEATED":
        yield Unusable(path, f"ARRAY of {field.field_type}")
    elif field.field_type in STRUCTS:
        for inner in field.fields:
            yield from _columns_of(inner, path)
    elif field.field_type in KINDS:
        yield Column(path=path, kind=KINDS[field.field_type])
    else:
        yield Unusable(path, field.field_type)


def _field_of(batch: pa.RecordBatch, path: tuple[str, ...]) -> pa.Array:
    """The column, or the field of a struct; a struct that is null has null fields."""
    array = batch.column(path[0])
    return array if len(path) == 1 else pc.struct_field(array, list(path[1:]))
