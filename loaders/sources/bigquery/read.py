"""A table of BigQuery as a stream of Arrow batches, over the Storage Read API.

Columns and rows are chosen by BigQuery, which sends nothing else. A view has no rows of its own to send: its query is
written into a table that expires by itself, and that is read.
"""

import difflib
import uuid
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from loaders.errors import AccessRefused, DeclarationError
from loaders.sources.bigquery.access import Access
from loaders.sources.bigquery.refusals import translated
from loaders.sources.bigquery.streams import Patience, read_streams

PAGE_ROWS = 20_000  # of an answer over REST: JSON, so a page is held twice
EXPIRES_AFTER_HOURS = 24  # of a query's table: longer than a session, and gone by itself if this process dies


class SlowRead(UserWarning):
    """Rows come over REST, page by page as JSON, because the Storage Read API is denied."""


@dataclass(frozen=True)
class Selection:
    """What is read: a table as project.dataset.table, its columns (all if none are named), and which rows."""

    table: str
    columns: tuple[str, ...] = ()
    where: str | None = None
    streams: int = 1


@dataclass(frozen=True)
class Reading:
    """Rows on their way: the schema, and messages that each hold a record batch, in Arrow's IPC format."""

    schema: pa.Schema
    messages: Iterator[bytes]

    def batches(self) -> Iterator[pa.RecordBatch]:
        for message in self.messages:
            yield pa.ipc.read_record_batch(pa.py_buffer(message), self.schema)


def read_table(
    table: str,
    *,
    columns: Sequence[str] = (),
    where: str | None = None,
    streams: int = 1,
    access: Access | None = None,
) -> Iterator[pa.RecordBatch]:
    """The rows of `project.dataset.table` as Arrow batches; one stream keeps the table's order, several are faster.

    `where` is a condition in BigQuery's SQL over the columns,
    without aggregates or subqueries. Memory does not grow with the table.

    Raises `DeclarationError` for a table, column or condition that is none, or a view; `AccessRefused` without the
    rights; `SourceUnavailable` when reading breaks off for good. Warns with `SlowRead` where it has to go over REST.
    """
    access = access or Access.of_environment()
    yield from open_reading(access, Selection(table, tuple(columns), where, streams)).batches()


def read_query(
    sql: str, *, streams: int = 1, scratch: str | None = None, access: Access | None = None
) -> Iterator[pa.RecordBatch]:
    """The rows of a query as Arrow batches, as `read_table`; the query is run once and paid for as any other.

    Its rows wait in BigQuery's own table of results, which holds 10 GB; with `scratch` (project.dataset) in a table
    there of any size, which is dropped in the end, and expires after a day if this process does not get there.
    """
    access = access or Access.of_environment()
    with materialised(access, sql, scratch) as table:
        yield from open_reading(access, Selection(table, streams=streams)).batches()


@contextmanager
def materialised(access: Access, sql: str, scratch: str | None = None) -> Iterator[str]:
    """The name of a table that holds the query's rows while the context lasts."""
    if scratch is None:
        with translated("the query"):
            job = access.rest.query(sql)
            job.result()
        if job.destination is None:  # of a script, or of nothing
            raise DeclarationError("the query has no rows of its own to read; write one SELECT")
        yield _name(job.destination)
        return
    table = f"{scratch}.millrace_{uuid.uuid4().hex}"
    expires = f"TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL {EXPIRES_AFTER_HOURS} HOUR)"
    with translated("the query"):  # the table is born with its end, so that no crash leaves one behind
        access.rest.query(
            f"CREATE TABLE `{table}` OPTIONS (expiration_timestamp = {expires}) AS\n{sql.rstrip().rstrip(';')}"
        ).result()
    try:
        yield table
    finally:
        access.rest.delete_table(table, not_found_ok=True)


def _name(reference: Any) -> str:
    return f"{reference.project}.{reference.dataset_id}.{reference.table_id}"


def describe(access: Access, selection: Selection) -> Any:
    """BigQuery's own description of the table. Raises as `read_table`."""
    if selection.streams < 1:  # BigQuery takes 0 for as many as it likes, up to a thousand, each of them a thread here
        raise DeclarationError(f"{selection.streams} streams: at least one")
    if selection.table.count(".") < 2:
        raise DeclarationError(f"{selection.table!r} is not a table; write project.dataset.table")
    with translated(selection.table):
        table = access.rest.get_table(selection.table)
    if table.table_type not in ("TABLE", "SNAPSHOT", "CLONE"):
        raise DeclarationError(
            f"{selection.table} is of the type {table.table_type}, and only a table's own rows can be streamed; read "
            f"it as a query, SELECT * FROM `{selection.table}`, which is run once and paid for"
        )
    known = [field.name for field in table.schema]
    for column in selection.columns:
        if column not in known:
            near = difflib.get_close_matches(column, known, n=3) or known[:8]
            raise DeclarationError(f"{selection.table} has no column {column!r}; did you mean {' or '.join(near)}?")
    return table


def open_reading(access: Access, selection: Selection) -> Reading:
    """Begin to read. The rows are those of this moment, whatever is written to the table meanwhile."""
    table = describe(access, selection)
    try:
        return _open_session(access, selection, table)
    except AccessRefused as error:
        warnings.warn(SlowRead(f"{error}. Until then rows come over REST, many times slower"), stacklevel=2)
        return open_pages(access, selection, table)


def _open_session(access: Access, selection: Selection, table: Any) -> Reading:
    from google.cloud.bigquery_storage_v1 import types

    wanted = types.ReadSession(
        table=f"projects/{table.project}/datasets/{table.dataset_id}/tables/{table.table_id}",
        data_format=types.DataFormat.ARROW,
        read_options=types.ReadSession.TableReadOptions(
            selected_fields=list(selection.columns),
            row_restriction=selection.where or "",
            # Each buffer of a batch is compressed, which Arrow undoes by itself; compressing the message as well
            # would be refused.
            arrow_serialization_options=types.ArrowSerializationOptions(
                buffer_compression=types.ArrowSerializationOptions.CompressionCodec.LZ4_FRAME
            ),
        ),
    )
    with translated(selection.table):
        session = access.storage.create_read_session(
            parent=f"projects/{access.project}", read_session=wanted, max_stream_count=selection.streams
        )
    schema = pa.ipc.read_schema(pa.py_buffer(session.arrow_schema.serialized_schema))
    messages = read_streams(access.storage, [stream.name for stream in session.streams], Patience.of_environment())
    return Reading(schema, _begun(messages))


def _begun(messages: Iterator[bytes]) -> Iterator[bytes]:
    """The same messages, the first one fetched: a right that is missing shows itself only then."""
    first = next(messages, None)

    def rest() -> Iterator[bytes]:
        if first is not None:
            yield first
        yield from messages

    return rest()


def open_pages(access: Access, selection: Selection, table: Any) -> Reading:
    """Through the API that everybody who may query has: a query's result, or the table itself, in pages."""
    chosen = ", ".join(f"`{column}`" for column in selection.columns) or "*"
    where = f" WHERE {selection.where}" if selection.where else ""
    with translated(selection.table):
        rows = access.rest.query(f"SELECT {chosen} FROM `{selection.table}`{where}").result(page_size=PAGE_ROWS)
        batches = iter(rows.to_arrow_iterable(bqstorage_client=None))
        first = next(batches, None)
    if first is None:
        first = pa.RecordBatch.from_pylist([], schema=rows.to_arrow(create_bqstorage_client=False).schema)

    def messages() -> Iterator[bytes]:
        yield first.serialize().to_pybytes()
        with translated(selection.table):
            for batch in batches:
                yield batch.serialize().to_pybytes()

    return Reading(first.schema, messages())
