"""What local-bigquery 0.4.0 does otherwise than BigQuery, or cannot do without a network, put right.

Each correction takes the place of one function of the package, so the version is pinned and `selftest` runs at every
start: a correction that no longer fits is an error there, not a wrong result in a test.
"""

from __future__ import annotations

import functools
import gzip
import os
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import grpc
import sqlglot
from google.cloud.bigquery_storage_v1 import types
from local_bigquery.api import jobs as jobs_api
from local_bigquery.api import uploads
from local_bigquery.catalog import tables
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError
from local_bigquery.grpc import read, server
from local_bigquery.jobs import load, runner
from local_bigquery.settings import settings
from local_bigquery.sql import rules, script
from sqlglot import exp

GZIP_MAGIC = b"\x1f\x8b"
MESSAGE_ROWS = 8_192  # BigQuery sends small messages; local-bigquery sends up to a million rows in one
LIMITS = {"memory_limit": "MILLRACE_EMULATOR_MEMORY", "threads": "MILLRACE_EMULATOR_THREADS"}
ENDS_SESSION = re.compile(r"(?is)^(?P<before>.*?\S);\s*CALL\s+BQ\.ABORT_SESSION\s*\(\s*\)\s*;?\s*$")

Faults = dict[str, Any]
faults: Faults = {}  # of ReadRows: status `code` with the text `said`, raised `after` so many messages, so many `times`
SILENCE = "SILENCE"  # in place of a status: the stream says nothing until the reads are mended
mended = threading.Event()


def correct() -> None:
    """Apply every correction. Call before the server starts."""
    _store_tables_in_plain_files()
    _assign_several_variables_at_once()
    _end_a_session_after_its_last_statement()
    _name_the_table_that_a_query_created()
    _unpack_gzipped_uploads()
    _load_json_by_the_schema_of_the_table()
    _divide_whole_operands()
    _refuse_partition_decorators()
    _stream_small_messages_and_faults()


def _store_tables_in_plain_files() -> None:
    """A DuckDB file for each project: DuckLake, and the time zones and geography, are extensions to be downloaded."""

    def attach(connection: duckdb.DuckDBPyConnection, project: str) -> None:
        file = settings.data_dir / f"{project}.project"
        connection.execute(f"ATTACH IF NOT EXISTS '{file}' AS {database.quote(project)}")
        database._attached.add(project)

    @functools.cache
    def connect() -> duckdb.DuckDBPyConnection:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect()
        connection.execute("SET GLOBAL TimeZone = 'UTC'; SET autoinstall_known_extensions = false")
        for setting, variable in LIMITS.items():
            if variable in os.environ:
                connection.execute(f"SET {setting} = '{os.environ[variable]}'")
        connection.execute("ATTACH ':memory:' AS emulator")
        connection.execute(database.EMULATOR_SCHEMA)
        connection.execute("ATTACH ':memory:' AS bq")
        database.native.register(connection)
        for path in database.FUNCTIONS:
            if path.stem != "geography":
                connection.execute(database.MACRO.sub(r"CREATE MACRO bq.main.\1", path.read_text()))
        attach(connection, settings.default_project_id)
        default = database.quote(settings.default_project_id, settings.default_dataset_id)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {default}")
        return connection

    database._connect, database._attach = connect, attach
    database.projects = lambda: sorted(database._attached)


def _assign_several_variables_at_once() -> None:
    """`SET (a, b) = (SELECT AS STRUCT x, y FROM ...)`, which dbt writes to replace partitions."""
    set_one = script.Interpreter.set

    def assign(interpreter: Any, statement: Any) -> None:
        tree = sqlglot.parse_one(statement.text, dialect=script.BigQueryDialect)
        for item in tree.expressions:
            names, query = _targets(item.this.this), item.this.expression.unnest()
            if not isinstance(query, exp.Select) or str(query.args.get("kind")).upper() != "STRUCT":
                set_one(interpreter, statement)
                return
            for name, column in zip(names, query.expressions, strict=True):
                value = query.copy()
                value.set("kind", None)
                value.set("expressions", [column.copy()])
                interpreter.assign(interpreter.variable(name), exp.Subquery(this=value))

    script.Interpreter.set = assign


def _targets(target: exp.Expression) -> list[str]:
    inner = target.unnest()
    return [part.name for part in (inner.expressions if isinstance(inner, exp.Tuple) else [inner])]


def _end_a_session_after_its_last_statement() -> None:
    """`COMMIT TRANSACTION; CALL BQ.ABORT_SESSION()` in one query, as dlt sends it."""
    query = runner._query

    def run(job: Any, session: Any, running: Any) -> Any:
        config = job.configuration.query
        ends = session and ENDS_SESSION.match(config.query or "")
        if not ends:
            return query(job, session, running)
        config.query = ends["before"]
        try:
            return query(job, session, running)
        finally:
            runner.sessions.abort(session.id)

    runner._query = run


def _name_the_table_that_a_query_created() -> None:
    """CREATE TABLE AS has its table as the job's destination, where dbt looks; its answer has no rows all the same."""
    query, results = runner._query, jobs_api.results

    def run(job: Any, session: Any, running: Any) -> Any:
        statistics = query(job, session, running)
        if _created(statistics.query) and not job.configuration.query.destinationTable:
            job.configuration.query.destinationTable = statistics.query.ddlTargetTable
        return statistics

    def without_rows(job: Any, *arguments: Any) -> Any:
        if job.statistics and _created(job.statistics.query):
            config = job.configuration.query.without("destinationTable")
            job = job.replace(configuration=job.configuration.replace(query=config))
        return results(job, *arguments)

    runner._query, jobs_api.results = run, without_rows


def _created(statistics: Any) -> bool:
    return bool(statistics and statistics.statementType == "CREATE_TABLE_AS_SELECT" and statistics.ddlTargetTable)


def _unpack_gzipped_uploads() -> None:
    """Text may be sent compressed."""
    start = uploads._start

    def unpack(project: str, body: Any, upload: str) -> Any:
        sent = Path(upload)
        with sent.open("rb") as file:
            is_gzip = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        if is_gzip:
            unpacked = sent.with_suffix(".unpacked")
            with gzip.open(sent) as source, unpacked.open("wb") as target:
                shutil.copyfileobj(source, target)
            unpacked.replace(sent)
        return start(project, body, upload)

    uploads._start = unpack


def _load_json_by_the_schema_of_the_table() -> None:
    """JSON without a schema takes that of its table. Guessed types would rewrite text that looks like a date."""
    run = load.run

    def typed(cursor: Any, config: Any, upload: str | None) -> Any:
        if config.sourceFormat == "NEWLINE_DELIMITED_JSON" and not config.schema_ and not config.autodetect:
            reference = tables.reference(config.destinationTable)
            if tables.exists(*reference):
                fields = [field.dump() for field in tables.columns(*reference)]
                config = type(config).model_validate(config.dump() | {"schema": {"fields": fields}})
        return run(cursor, config, upload)

    load.run = runner.HANDLERS["load"] = typed


def _divide_whole_operands() -> None:
    """`DIV(a - 1, 2)` would become `a - 1 // 2`, which divides 1 alone."""

    def bracketed(tree: exp.Expression, context: Any) -> exp.Expression:
        for division in list(tree.find_all(exp.IntDiv)):
            for side in ("this", "expression"):
                if isinstance(division.args[side], exp.Binary):
                    division.set(side, exp.Paren(this=division.args[side]))
            if isinstance(division.parent, exp.Binary):
                bracket = exp.Paren()
                division.replace(bracket)
                bracket.set("this", division)
        return tree

    rules.STATEMENT_RULES.insert(0, bracketed)


def _refuse_partition_decorators() -> None:
    """`table$20240101` would silently make another table."""
    reference = tables.reference

    def checked(table: Any) -> tuple[str, str, str]:
        found: tuple[str, str, str] = reference(table)
        if "$" in found[2]:
            raise BigQueryError("notImplemented", f"partition decorators are not emulated: {found[2]}")
        return found

    tables.reference = checked


def _stream_small_messages_and_faults() -> None:
    """Messages of MESSAGE_ROWS rows, and the fault that a test asked for."""
    whole = read.read_rows

    def messages(request: types.ReadRowsRequest) -> Iterator[types.ReadRowsResponse]:
        stream = read._lookup(request.read_stream)
        if stream.avro or request.offset > stream.allocated:
            yield from whole(request)
            return
        position, end = request.offset, stream.end - stream.start
        with database.cursor() as cursor:
            rows = f"SELECT * FROM ({stream.query}) LIMIT {end - position} OFFSET {stream.start + position}"
            reader = cursor.sql(rows).to_arrow_reader(MESSAGE_ROWS)
            schema = read._schema(None, reader.schema)
            for batch in reader:
                after = position + batch.num_rows
                stream.allocated = max(stream.allocated, after)
                yield types.ReadRowsResponse(
                    row_count=batch.num_rows,
                    stats=read._progress(stream, position, after),
                    arrow_record_batch={"serialized_record_batch": batch.serialize().to_pybytes()},
                    **schema,
                )
                position = after

    def faulty(request: types.ReadRowsRequest) -> Iterator[types.ReadRowsResponse]:
        for number, message in enumerate(messages(request)):
            if number == faults.get("after") and faults["times"] > 0:
                faults["times"] -= 1
                if faults["code"] == SILENCE:
                    mended.wait()
                    return
                raise read.StorageError(grpc.StatusCode[faults["code"]], faults["said"])
            yield message

    read.read_rows = faulty
    service = server.SERVICES["google.cloud.bigquery.storage.v1.BigQueryRead"]
    service["ReadRows"] = server._streaming(faulty, types.ReadRowsRequest, types.ReadRowsResponse)
