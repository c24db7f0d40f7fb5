"""Wide rows as long ones: a column for each hour, or for each series, becomes a row for each."""

import re
from collections.abc import Iterator

import pyarrow as pa

from loaders.markets.layout import Layout, plain

HOUR = "=hour"  # the column that the hour's label is moved to
HOUR_HEADER = re.compile(r"he(\d{1,2})")
LARGEST_BATCH_ROWS = 50_000


def reshape(batch: pa.RecordBatch, layout: Layout, names: tuple[str, ...]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Long batches of a wide one, each with the number of rows of the file that it was.

    `names` are the file's own headers: a series keeps its name as printed.
    """
    if layout.shape in ("hours", "tables"):
        moved = {plain(name): found[1] for name in names if (found := HOUR_HEADER.fullmatch(plain(name)))}
        yield from _long(batch, moved, HOUR, "=value")
    elif layout.shape == "melt":
        moved = {plain(name): name.strip() for name in names if re.fullmatch(layout.melt, name.strip())}
        yield from _long(batch, moved, *(f"={key}" for key in layout.into))
    else:
        yield batch.num_rows, batch


def _long(batch: pa.RecordBatch, moved: dict[str, str], label: str, value: str) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Series after series of a few rows at a time."""
    kept = [name for name in batch.schema.names if name not in moved]
    rows_at_once = max(LARGEST_BATCH_ROWS // max(len(moved), 1), 1)
    for start in range(0, batch.num_rows, rows_at_once):
        part = batch.slice(start, rows_at_once)
        columns = [pa.concat_arrays([part.column(name)] * len(moved)) for name in kept]
        labels = pa.concat_arrays([pa.repeat(pa.scalar(name), part.num_rows) for name in moved.values()])
        values = pa.concat_arrays([part.column(name) for name in moved])
        yield part.num_rows, pa.RecordBatch.from_arrays([*columns, labels, values], names=[*kept, label, value])
