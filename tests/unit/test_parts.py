"""Part files: no larger than a bulk load can be, and no row lost or moved between them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders.parts import LARGEST_BATCH_ROWS, Part, Parts, batch_rows, merge_parts

SCHEMA = pa.schema([("number", pa.int64())])


def batch(first: int, rows: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array(range(first, first + rows), pa.int64())], schema=SCHEMA)


def numbers(parts: list[Part]) -> list[int]:
    found: list[int] = []
    for path, rows in parts:
        column = pq.read_table(path).column("number").to_pylist()
        assert len(column) == rows, "the count that goes with a part is its rows"
        found += column
    return found


def write(home: Path, sizes: list[int], part_rows: int) -> list[Part]:
    parts = Parts(home, "part", SCHEMA, part_rows)
    first = 0
    with parts.closing():
        for rows in sizes:
            parts.write(batch(first, rows))
            first += rows
    return parts.written


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(0, 40), max_size=8), part_rows=st.integers(1, 30))
def test_parts_hold_all_rows_in_order_and_no_part_is_too_large(
    tmp_path: Path, sizes: list[int], part_rows: int
) -> None:
    written = write(tmp_path, sizes, part_rows)
    assert numbers(written) == list(range(sum(sizes)))
    assert all(0 < rows <= part_rows for _, rows in written)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(1, 40), max_size=8), part_rows=st.integers(1, 60))
def test_merged_parts_hold_the_same_rows_in_as_few_files_as_neighbours_make(
    tmp_path: Path, sizes: list[int], part_rows: int
) -> None:
    written = write(tmp_path, sizes, 40)
    merged = list(merge_parts(written, part_rows))
    assert numbers(merged) == list(range(sum(sizes)))
    assert all(one[1] + other[1] > part_rows for one, other in itertools.pairwise(merged))


def test_a_row_group_is_never_larger_than_a_batch(tmp_path: Path) -> None:
    [(path, _)] = write(tmp_path, [2 * LARGEST_BATCH_ROWS + 1], 1_000_000)
    file = pq.ParquetFile(path)
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [
        LARGEST_BATCH_ROWS,
        LARGEST_BATCH_ROWS,
        1,
    ]


def test_a_batch_of_a_wide_table_has_fewer_rows() -> None:
    assert [batch_rows(columns) for columns in (1, 12, 46, 10_000_000)] == [50_000, 50_000, 13_043, 1]


def test_nothing_is_a_file_with_the_schema_and_no_rows(tmp_path: Path) -> None:
    parts = Parts(tmp_path, "part", SCHEMA, 10)
    with parts.closing():
        parts.write_nothing()
    [(path, rows)] = parts.written
    assert (rows, pq.read_table(path).num_rows, pq.read_schema(path)) == (0, 0, SCHEMA)


def test_a_part_is_closed_when_its_writing_breaks_off(tmp_path: Path) -> None:
    parts = Parts(tmp_path, "part", SCHEMA, 10)
    with pytest.raises(RuntimeError, match="broken"), parts.closing():
        parts.write(batch(0, 3))
        raise RuntimeError("broken")
    assert numbers(parts.written) == [0, 1, 2]
