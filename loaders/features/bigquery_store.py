"""Tables of BigQuery: statistics by queries, rows by Storage Read streams."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from loaders.features.columns import Column, Kind, Unusable
from loaders.features.dialect import BigQueryDialect
from loaders.features.store import Store
from loaders.sources.bigquery import read_table
from loaders.sources.bigquery.access import Access
from loaders.sources.bigquery.read import Selection, describe
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
    """Tables are named project.dataset.table; without a project it is the one that pays."""

    dialect = BigQueryDialect()

    def __init__(self, access: Access) -> None:
        self._access = access

    def name(self, table: str) -> str:
        return self.dialect.identifier(self._full(table))

    def _full(self, table: str) -> str:
        return table if table.count(".") != 1 else f"{self._access.project}.{table}"

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with translated("a query of statistics"):
            return [tuple(row.values()) for row in self._access.rest.query(sql).result()]

    def replace(self, table: str, sql: str) -> None:
        with translated(table):
            self._access.rest.query(self.dialect.replacing(self.name(table), sql)).result()

    def columns(self, table: str) -> list[Column | Unusable]:
        described = describe(self._access, Selection(self._full(table)))
        return [column for field in described.schema for column in _columns_of(field, ())]

    def read(self, table: str, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        whole = list(dict.fromkeys(column.path[0] for column in columns))  # a struct comes with all of its fields
        for batch in read_table(self._full(table), columns=whole, access=self._access):
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
