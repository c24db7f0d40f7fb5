"""`python -m tests.bigquery.analyzer`: statements on stdin, what is wrong with them on stdout, both as JSON.

{"tables": {table: {column: type}}, "statements": [{"name": ..., "creates": table or null, "sql": ...}]} is answered
with [[name, message], ...]. What a statement creates is a table for those after it, with the columns and types that
the analyzer gives it; what reads a table that is wrong is passed over. A table is written `project.schema.table`, in
one pair of backticks.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from zetasql.api import Analyzer, CatalogBuilder, TableBuilder, TypeFactory
from zetasql.core.exceptions import ServerError
from zetasql.types import (
    AnalyzerOptions,
    LanguageOptions,
    SimpleCatalog,
    SimpleTable,
    Type,
    TypeKind,
    ZetaSQLBuiltinFunctionOptions,
)

from tests.bigquery.analyzer.module import keep_compiled

keep_compiled()

PRODUCT_EXTERNAL = 1  # BigQuery, whose types are FLOAT64 and INT64; inside of Google they have other names
LANGUAGE = LanguageOptions.maximum_features()
LANGUAGE.product_mode = PRODUCT_EXTERNAL
FUNCTIONS = ZetaSQLBuiltinFunctionOptions(language_options=LANGUAGE)
KINDS = {
    "BOOL": TypeKind.TYPE_BOOL,
    "DATE": TypeKind.TYPE_DATE,
    "FLOAT64": TypeKind.TYPE_DOUBLE,
    "INT64": TypeKind.TYPE_INT64,
    "NUMERIC": TypeKind.TYPE_NUMERIC,
    "STRING": TypeKind.TYPE_STRING,
    "TIMESTAMP": TypeKind.TYPE_TIMESTAMP,
}


ALIASES = ("BIGINT", "BYTEINT", "INT", "INTEGER", "SMALLINT", "TINYINT")  # of INT64; the analyzer has to be told


def analyse(tables: dict[str, dict[str, str]], statements: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What is wrong, by the statement's name."""
    known = {name: _table(name, {c: _simple(kind) for c, kind in columns.items()}) for name, columns in tables.items()}
    wrong, broken = [], set()
    for statement in statements:
        sql, creates = statement["sql"], statement["creates"]
        if any(f"`{name}`" in sql for name in broken):
            broken.add(creates)
            continue
        try:
            columns = _columns(sql, [table for name, table in known.items() if f"`{name}`" in sql])
        except ServerError as error:
            wrong.append((statement["name"], str(error)))
            broken.add(creates)
            continue
        if creates:
            known[creates] = _table(creates, columns)
    return wrong


def _columns(sql: str, tables: list[SimpleTable]) -> dict[str, Type]:
    """The columns of a query over these tables. Raises `ServerError`. The catalogue is sent along, so it is small."""
    catalog = CatalogBuilder("bigquery").with_builtin_functions(FUNCTIONS)
    for table in tables:
        catalog.add_table(table)
    built = catalog.build()
    for alias in ALIASES:
        built.named_type.append(SimpleCatalog.NamedType(alias, _simple("INT64")))
    found = Analyzer(AnalyzerOptions(language_options=LANGUAGE), built).analyze_statement(sql)
    return {column.name: column.column.type for column in found.output_column_list}


def _table(name: str, columns: dict[str, Type]) -> SimpleTable:
    table = TableBuilder(name)
    for column, kind in columns.items():
        table.add_column(column, kind)
    return table.build()


def _simple(kind: str) -> Type:
    return TypeFactory.create_simple_type(KINDS[kind])


if __name__ == "__main__":
    json.dump(analyse(**json.load(sys.stdin)), sys.stdout)
