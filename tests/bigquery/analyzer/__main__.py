"""`python -m tests.bigquery.analyzer`: statements on stdin, what is wrong with them on stdout, both as JSON.

{"tables": {table: {column: type}}, "statements": [{"name": ..., "creates": table or null, "sql": ...}]} is answered
with [[name, message], ...]. What a statement creates is a table for those that read it, with the columns and types that
the analyzer gives it; what reads a table that is wrong is passed over. A table is written `project.schema.table`, in
one pair of backticks.
"""

from __future__ import annotations

import functools
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from zetasql.core.exceptions import ServerError
from zetasql.core.local_service import ZetaSqlLocalService
from zetasql.core.wasm_client import WasmClient
from zetasql.types import AnalyzerOptions, LanguageOptions, TypeKind, ZetaSQLBuiltinFunctionOptions
from zetasql.wasi._pb2.zetasql.local_service.local_service_pb2 import (
    AnalyzeRequest,
    AnalyzeResponse,
    RegisterCatalogRequest,
    RegisterResponse,
    UnregisterRequest,
)
from zetasql.wasi._pb2.zetasql.public.simple_table_pb2 import SimpleTableProto
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from tests.bigquery.analyzer.module import copy_at_once, keep_compiled

PRODUCT_EXTERNAL = 1  # BigQuery, whose types are FLOAT64 and INT64; inside of Google they have other names
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
PROCESSES = os.cpu_count() or 1
NAME = re.compile(r"`([^`]+)`")

Statement = dict[str, Any]
Columns = dict[str, TypeProto]


class Analyzer:
    """Google's analyzer. Its own messages go in and out: its Python objects for them take longer than the analysis."""

    def __init__(self) -> None:
        keep_compiled()
        copy_at_once()
        language = LanguageOptions.maximum_features()
        language.product_mode = PRODUCT_EXTERNAL
        self._functions = ZetaSQLBuiltinFunctionOptions(language_options=language).to_proto()
        self._options = AnalyzerOptions(language_options=language).to_proto()
        self._module: WasmClient = ZetaSqlLocalService.get_instance().wasm_client

    @contextmanager
    def catalogue(self, tables: dict[str, Columns]) -> Iterator[int]:
        """The number under which the analyzer knows these tables. To learn it takes as long as many statements."""
        request = RegisterCatalogRequest()
        request.simple_catalog.name = "bigquery"
        request.simple_catalog.builtin_function_options.CopyFrom(self._functions)
        for name, columns in tables.items():
            request.simple_catalog.table.append(_table(name, columns))
        for alias in ALIASES:
            request.simple_catalog.named_type.add(name=alias, type=_simple("INT64"))
        number = self._call("RegisterCatalog", request, RegisterResponse).registered_id
        yield number
        self._module.call_grpc_func("ZetaSqlLocalService_UnregisterCatalog", UnregisterRequest(registered_id=number))

    def columns(self, sql: str, catalogue: int) -> Columns:
        """The columns of a query. Raises `ServerError` if there is something wrong with it."""
        request = AnalyzeRequest(options=self._options, registered_catalog_id=catalogue, sql_statement=sql)
        found = self._call("Analyze", request, AnalyzeResponse).resolved_statement.resolved_query_stmt_node
        return {column.name: column.column.type for column in found.output_column_list}

    def _call(self, name: str, request: Any, response: Any) -> Any:
        return self._module.call_grpc_func(f"ZetaSqlLocalService_{name}", request, response)


@functools.cache
def analyzer() -> Analyzer:
    return Analyzer()


def analyse(tables: dict[str, dict[str, str]], statements: list[Statement]) -> list[tuple[str, str]]:
    """What is wrong, by the statement's name, in the order of the statements."""
    known = {name: {c: _simple(kind) for c, kind in columns.items()} for name, columns in tables.items()}
    said: dict[str, str] = {}
    broken: set[str] = set()
    for generation in _generations([statement for statement in statements if statement["creates"]]):
        with analyzer().catalogue(known) as catalogue:
            for statement in generation:
                try:
                    if not _reads(statement) & broken:
                        known[statement["creates"]] = analyzer().columns(statement["sql"], catalogue)
                        continue
                except ServerError as error:
                    said[statement["name"]] = str(error)
                broken.add(statement["creates"])
    others = [one for one in statements if not one["creates"] and not _reads(one) & broken]
    with analyzer().catalogue(known) as catalogue, get_context("fork").Pool(PROCESSES) as pool:
        parts = ((others[first::PROCESSES], catalogue) for first in range(PROCESSES))
        for found in pool.starmap(_wrong, parts):
            said |= found
    return [(one["name"], said[one["name"]]) for one in statements if one["name"] in said]


def _wrong(statements: list[Statement], catalogue: int) -> dict[str, str]:
    """What is wrong with statements that create nothing; in a fork, which knows the catalogues of its parent."""
    said = {}
    for statement in statements:
        try:
            analyzer().columns(statement["sql"], catalogue)
        except ServerError as error:
            said[statement["name"]] = str(error)
    return said


def _generations(statements: list[Statement]) -> Iterator[list[Statement]]:
    """The statements, each in a list after those of all that it reads."""
    while statements:
        awaited = {statement["creates"] for statement in statements}
        ready = [statement for statement in statements if not (_reads(statement) & awaited)]
        if not ready:
            raise ValueError(f"these read each other: {', '.join(statement['name'] for statement in statements)}")
        yield ready
        done = {id(statement) for statement in ready}
        statements = [statement for statement in statements if id(statement) not in done]


def _reads(statement: Statement) -> set[str]:
    return set(NAME.findall(statement["sql"])) - {statement["creates"]}


def _table(name: str, columns: Columns) -> SimpleTableProto:
    table = SimpleTableProto(name=name)
    for column, kind in columns.items():
        table.column.add(name=column, type=kind)
    return table


def _simple(kind: str) -> TypeProto:
    return TypeProto(type_kind=int(KINDS[kind]))


if __name__ == "__main__":
    analyzer()  # while the statements are being written
    if asked := sys.stdin.read():
        json.dump(analyse(**json.loads(asked)), sys.stdout)
