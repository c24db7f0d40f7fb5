"""A report's hours added up to days before they are loaded, by DuckDB in this process.

By raw label text: whatever a label means is decided in the warehouse, where it may change. DuckDB reads parquet on disk
itself; other reports are grouped as they stream by. Memory grows with the pods of one day.
"""

import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from typing import IO

import duckdb
import pyarrow as pa

from loaders.catalogue import Dataset, read_catalogue
from loaders.parts import LARGEST_BATCH_ROWS
from loaders.shape import SET_ASIDE
from loaders.sources.openshift import report
from loaders.sources.openshift.scan import scan

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "memory_limit": "64MB",  # a day of 30,000 pods; beyond it DuckDB goes to disk
    "temp_directory": tempfile.gettempdir(),
}
DAY_SECONDS = 86_400
DAY = f"(epoch_us(interval_start) // {DAY_SECONDS * 1_000_000})"  # in UTC; four times as fast as date_trunc
KEYS = ("namespace", "pod", "node", "pod_labels")
SUMMED = [f"pod_{what}_{of}_seconds" for of in ("cpu_core", "memory_byte") for what in ("usage", "request", "limit")]
GREATEST = ("resource_id", "node_role", "node_capacity_cpu_cores", "node_capacity_memory_bytes")
CAPACITIES = ("node_capacity_cpu_core_seconds", "node_capacity_memory_byte_seconds")


def read(file: IO[bytes], dataset: Dataset, name: str) -> Iterator[pa.RecordBatch]:
    """Batches of days (`pod_usage_daily`) or of a node's hours (`node_capacity`) of one hourly pod report.

    Rows that the hourly report would have rejected come as they are, and say why. Raises as `report.read`.
    """
    hours, query = _hours_of(dataset), _QUERIES[dataset.name]
    if (table := scan(file, hours, name, query, SETTINGS)) is not None:
        yield from table.to_batches(LARGEST_BATCH_ROWS)
        return
    file.seek(0)
    set_aside: list[pa.RecordBatch] = []
    columns: list[str] = []

    def good() -> Iterator[pa.RecordBatch]:
        for batch in report.read(file, hours, name):
            if SET_ASIDE in (batch.schema.metadata or {}):
                set_aside.append(batch)
            else:
                yield batch

    batches = good()
    first = next(batches, None)
    if first is not None:
        columns = first.schema.names
        reader = pa.RecordBatchReader.from_batches(first.schema, _chain(first, batches))
        with duckdb.connect(config=SETTINGS) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.register("hours", reader)
            result = connection.execute(query(columns))
            yield from result.to_arrow_reader(LARGEST_BATCH_ROWS)
    if dataset.name == _REPORTING:  # a row is read twice, and rejected once
        yield from set_aside


_REPORTING = "pod_usage_daily"


def _chain(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


def _days(columns: list[str]) -> str:
    """One row per pod and label text. The larger of usage and request is taken hour by hour, before it is added up."""
    greatest = ", ".join(f"max({column}) AS {column}" for column in GREATEST if column in columns)
    sums = ", ".join(f"sum({column}) AS {column}" for column in SUMMED)
    effective = ", ".join(
        f"sum(greatest(pod_usage_{of}_seconds, pod_request_{of}_seconds)) AS pod_effective_usage_{of}_seconds"
        for of in ("cpu_core", "memory_byte")
    )
    keys = ", ".join(KEYS)
    return (
        f"SELECT to_timestamp({DAY} * {DAY_SECONDS}) AS interval_start, {keys}, {greatest}, {sums}, {effective} "
        f"FROM hours GROUP BY {DAY}, {keys}"
    )


def _node_hours(columns: list[str]) -> str:
    """One row per node and hour: each row of a node's pods repeats its capacity."""
    greatest = ", ".join(f"max({column}) AS {column}" for column in CAPACITIES)
    return f"SELECT interval_start, node, {greatest} FROM hours GROUP BY interval_start, node"


_QUERIES: dict[str, Callable[[list[str]], str]] = {"pod_usage_daily": _days, "node_capacity": _node_hours}


def _hours_of(dataset: Dataset) -> Dataset:
    """The hourly report without the texts that are not needed here; those are not even read.

    Every number is: one that is nonsense rejects its row, here as there.
    """
    hours = _declared(dataset.source_name, str(dataset.files_of))
    own = {field.key for field in dataset.published}
    dropped = [field.key for field in hours.published if field.type != "double" and field.key not in own]
    fields = tuple(field for field in hours.fields if field.key not in dropped)
    return Dataset.model_construct(**dict(hours) | {"fields": fields, "ignored": (*hours.ignored, *dropped)})


@cache
def _declared(source: str, dataset: str) -> Dataset:
    return read_catalogue().source(source).dataset(dataset)
