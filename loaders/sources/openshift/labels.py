"""Labels of nodes and namespaces: hour by hour, or on the route `daily` the last hour at which each text was reported.

A day has the labels of its last hour, so both say the same of it.
"""

from collections.abc import Iterator
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

from loaders.catalogue import Dataset
from loaders.parts import LARGEST_BATCH_ROWS
from loaders.shape import SET_ASIDE
from loaders.sources.openshift import report


def read(file: IO[bytes], dataset: Dataset, name: str) -> Iterator[pa.RecordBatch]:
    """Batches of the report's declared columns. Raises as `report.read`."""
    batches = report.read(file, dataset, name)
    yield from _last_hours(batches, dataset) if dataset.setting("route") == "daily" else batches


def _last_hours(batches: Iterator[pa.RecordBatch], dataset: Dataset) -> Iterator[pa.RecordBatch]:
    """The last row of each text of each thing and day; memory grows with those."""
    hour = next(field.key for field in dataset.fields if field.name == dataset.window)
    last: pa.Table | None = None
    for batch in batches:
        if SET_ASIDE in (batch.schema.metadata or {}):
            yield batch
            continue
        rows = pa.Table.from_batches([batch])
        texts = [key for key in rows.schema.names if key != hour]
        for key in texts:  # dictionaries of two batches are not the same
            rows = rows.set_column(rows.schema.get_field_index(key), key, rows.column(key).cast(pa.string()))
        rows = rows.append_column("day", pc.floor_temporal(rows.column(hour), unit="day"))
        both = rows if last is None else pa.concat_tables([last, rows])
        last = both.group_by([*texts, "day"], use_threads=False).aggregate([(hour, "max")])
        last = last.rename_columns([*texts, "day", hour]).select(rows.schema.names)
    if last is not None:
        yield from last.drop_columns(["day"]).to_batches(LARGEST_BATCH_ROWS)
