"""A day's pod reports added up before they are loaded, by DuckDB in this process: by pod, with its node's capacity.

By raw label text: whatever a label means is decided in the warehouse, where it may change. DuckDB reads parquet on disk
itself; reports in archives, in object stores or with faults are first copied there without them. Memory grows with the
pods of one day.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from loaders.catalogue import Dataset, read_catalogue
from loaders.files import SourceFile
from loaders.parts import LARGEST_BATCH_ROWS
from loaders.shape import SET_ASIDE
from loaders.sources.openshift import report
from loaders.sources.openshift.scan import NotClean, scan
from loaders.workshop import FOLDER_PREFIX

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,  # sums of two would depend on which of them came first, in their last digits
    "memory_limit": "64MB",  # a day of 30,000 pods; beyond it DuckDB goes to disk
    "temp_directory": tempfile.gettempdir(),
    "enable_external_file_cache": False,  # it would keep every report that was ever read
}
DAY_SECONDS = 86_400
DAY = f"(epoch_us(interval_start) // {DAY_SECONDS * 1_000_000})"  # in UTC; four times as fast as date_trunc
KEYS = ", ".join(("namespace", "pod", "node", "pod_labels"))
SUMMED = [f"pod_{what}_{of}_seconds" for of in ("cpu_core", "memory_byte") for what in ("usage", "request", "limit")]
GREATEST = ("resource_id", "node_role", "node_capacity_cpu_cores", "node_capacity_memory_bytes")
CAPACITIES = ("node_capacity_cpu_core_seconds", "node_capacity_memory_byte_seconds")


def read(files: Sequence[SourceFile], dataset: Dataset) -> Iterator[pa.RecordBatch]:
    """Batches of a day's pods, of all files of that day.

    Rows that the hourly report would have rejected come as they are, and say why. Raises as `report.read`.
    """
    hours = _hours_of(dataset)
    try:
        table = scan(_on_disk(files), hours, DAYS, _engine())
    except NotClean:
        with tempfile.TemporaryDirectory(prefix=f"{FOLDER_PREFIX}{os.getpid()}-hours-") as folder:
            copies = {}
            for number, file in enumerate(files):
                path = Path(folder, f"{number}.parquet")
                yield from _copy(file, hours, path)
                if path.exists():
                    copies[file.name] = str(path)
            if not copies:  # all of their rows were rejected
                return
            table = scan(copies, hours, DAYS, _engine())
    yield from table.to_batches(LARGEST_BATCH_ROWS)


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One for all days of this process: to open and to close it takes a tenth of the time that a day does."""
    engine = duckdb.connect(config=SETTINGS)
    engine.execute("SET TimeZone = 'UTC'")
    return engine


def _on_disk(files: Sequence[SourceFile]) -> dict[str, str]:
    """The files' paths by name. Raises `NotClean` if one is no file of this disk."""
    paths = {file.name: file.path for file in files}
    if None in paths.values():
        raise NotClean
    return {name: path for name, path in paths.items() if path is not None}


def _copy(file: SourceFile, hours: Dataset, path: Path) -> Iterator[pa.RecordBatch]:
    """Write the good rows of a report into a parquet file, and give out the others. Without good ones there is none."""
    with ExitStack() as stack, file.open() as opened:
        writer: pq.ParquetWriter | None = None
        for batch in report.read(opened, hours, file.name):
            if SET_ASIDE in (batch.schema.metadata or {}):
                yield batch
                continue
            # Texts are typed as themselves: dictionaries of two batches are not the same.
            rows = batch.cast(
                pa.schema(
                    [(field.key, field.arrow_type) for field in hours.published if field.key in batch.schema.names]
                )
            )
            if writer is None:
                writer = stack.enter_context(pq.ParquetWriter(path, rows.schema))
            writer.write_batch(rows)


def _sql() -> str:
    """One row per pod and label text. The larger of usage and request is taken hour by hour, before it is added up.

    Each row of a node's pods repeats its capacity, so an hour has its maximum, and the day the sum of its hours.
    """
    greatest = ", ".join(f"max({column}) AS {column}" for column in GREATEST)
    sums = ", ".join(f"sum({column}) AS {column}" for column in SUMMED)
    effective = ", ".join(
        f"sum(greatest(pod_usage_{of}_seconds, pod_request_{of}_seconds)) AS pod_effective_usage_{of}_seconds"
        for of in ("cpu_core", "memory_byte")
    )
    of_the_hour = ", ".join(f"max({column}) AS {column}" for column in CAPACITIES)
    of_the_day = ", ".join(f"sum({column}) AS {column}" for column in CAPACITIES)
    return f"""
        WITH days AS (
            SELECT {DAY} AS day, {KEYS}, {greatest}, {sums}, {effective}
            FROM hours GROUP BY {DAY}, {KEYS}
        ), node_hours AS (
            SELECT interval_start, node, {of_the_hour} FROM unchecked GROUP BY interval_start, node
        ), nodes AS (
            SELECT {DAY} AS day, node, count(*) AS node_hours, {of_the_day} FROM node_hours GROUP BY {DAY}, node
        )
        SELECT to_timestamp(day * {DAY_SECONDS}) AS interval_start, days.* EXCLUDE (day), nodes.* EXCLUDE (day, node)
        FROM days INNER JOIN nodes USING (day, node)
    """


DAYS = _sql()


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
