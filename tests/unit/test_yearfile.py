"""A file of the lake while it is written: batches of any size become row groups of a good one."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from loaders.catalogue import CODED
from loaders.hashes import hashes
from loaders.yearfile import MOST_PENDING, YearFile

SCHEMA = pa.schema([("place", CODED), ("hour", pa.int64()), ("price", pa.float64())])


def a_row(number: int) -> pa.RecordBatch:
    place = None if number % 7 == 0 else f"place {number % 300}"
    columns = [
        pa.array([place], pa.string()).dictionary_encode().cast(CODED),
        pa.array([number]),
        pa.array([number / 4]),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def test_thousands_of_files_of_a_row_each_take_no_more_memory_than_some(tmp_path: Path) -> None:
    (tmp_path / "unfinished").mkdir()
    year = YearFile(tmp_path / "year.parquet", SCHEMA, ["hour"], "hour", tmp_path / "unfinished")
    held = {}
    for number in range(4 * MOST_PENDING + 5):
        batch = a_row(number)
        year.write(batch, number, hashes(batch, ["hour"]))
        held[number] = pa.total_allocated_bytes()
    assert held[4 * MOST_PENDING - 2] < 1.5 * held[MOST_PENDING - 2]

    year.close([])
    year.verify()
    year.publish()
    written = pq.read_table(tmp_path / "year.parquet")
    assert written.to_pylist() == [row for number in held for row in a_row(number).to_pylist()]
    assert pq.read_metadata(tmp_path / "year.parquet").num_row_groups == 1
