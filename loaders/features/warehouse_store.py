"""Tables of DuckDB and Postgres, through the loader's own session."""

import difflib
from collections.abc import Iterator, Sequence

import pyarrow as pa

from loaders.destination import Session
from loaders.errors import DeclarationError
from loaders.features.columns import Column, Kind, Unusable, columns_of
from loaders.features.dialect import DuckDBDialect, PostgresDialect
from loaders.features.store import MARTS, Store

DIALECTS = {"duckdb": DuckDBDialect(), "postgres": PostgresDialect()}


class WarehouseStore(Store):
    """DuckDB or Postgres, through a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.dialect = DIALECTS[session.warehouse.name]

    def name(self, table: str) -> str:
        schema, name = _place(table)
        return self._session.table(name, schema)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        return self._session.query(sql)

    def replace(self, table: str, sql: str) -> None:
        name = self.name(table)
        self._session.execute(f"CREATE SCHEMA IF NOT EXISTS {name.rsplit('.', 1)[0]}")
        self._session.execute(self.dialect.replacing(name, sql))

    def columns(self, table: str) -> list[Column | Unusable]:
        schema, name = _place(table)
        literal = self.dialect.literal
        declared = self.query(
            "SELECT column_name, data_type FROM information_schema.columns "
            f"WHERE table_schema = {literal(schema)} AND table_name = {literal(name)} ORDER BY ordinal_position"
        )
        if not declared:
            near = self._tables_like(name)
            raise DeclarationError(f"no table {schema}.{name} in {self._session.warehouse}" + near)
        if self.dialect.name == "duckdb":  # which says what is in a struct
            return columns_of(next(self._session.batches(f"SELECT * FROM {self.name(table)} LIMIT 0")).schema)
        return [
            Column(path=(str(column),), kind=POSTGRES_KINDS[str(type_)])
            if type_ in POSTGRES_KINDS
            else Unusable((str(column),), str(type_))
            for column, type_ in declared
        ]

    def _tables_like(self, name: str) -> str:
        known = [
            f"{schema}.{table}"
            for schema, table in self.query(
                "SELECT table_schema, table_name FROM information_schema.tables "
                "WHERE table_schema NOT IN ('information_schema', 'pg_catalog')"
            )
        ]
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        return f"; did you mean {' or '.join(near)}?" if near else ""

    def read(self, table: str, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        wanted = ", ".join(f"{self._plain(column)} AS {self.dialect.identifier(column.name)}" for column in columns)
        yield from self._session.batches(f"SELECT {wanted} FROM {self.name(table)} AS t")

    def _plain(self, column: Column) -> str:
        value = self.dialect.column(column)
        if column.kind == "decimal" and self.dialect.name == "postgres":  # which would send text
            return f"CAST({value} AS {self.dialect.real_type})"
        return value


def _place(table: str) -> tuple[str, str]:
    """The schema and the name."""
    schema, _, name = table.rpartition(".")
    if "." in schema:
        raise DeclarationError(f"{table!r} is no table; write schema.table")
    return schema or MARTS, name


POSTGRES_KINDS: dict[str, Kind] = {
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "real": "real",
    "double precision": "real",
    "numeric": "decimal",
    "boolean": "boolean",
    "text": "text",
    "character varying": "text",
    "date": "date",
    "timestamp with time zone": "instant",
    "timestamp without time zone": "civil",
}
