"""Reports that hold more than a day, such as the operator's CSV of a month, cut into a file per day.

Values are cut as they stand, by the date in front of each hour: what they mean is read from the pieces.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loaders.errors import SourceChanged
from loaders.files import SourceFile
from loaders.sources.openshift.report import all_columns
from loaders.workshop import FOLDER_PREFIX

HOUR = "interval_start"
DATE_LENGTH = len("2025-01-01")


@cache
def cut_into_days(file: SourceFile) -> tuple[tuple[date, SourceFile], ...]:
    """The days that a file holds, each as a parquet file on disk that ends with this process.

    Raises `SourceChanged` if a row has no date, and `SourceUnavailable` for a file that cannot be read.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-days-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    writers: dict[date, pq.ParquetWriter] = {}
    with ExitStack() as stack, file.open() as opened:
        for batch in all_columns(opened, file.name):
            for day, rows in _days(batch, file.name):
                if day not in writers:
                    writers[day] = stack.enter_context(pq.ParquetWriter(folder / f"{day}.parquet", batch.schema))
                writers[day].write_batch(rows)
    return tuple(
        (day, SourceFile(f"{file.name} of {day}", file.size, file.modified, str(folder / f"{day}.parquet")))
        for day in sorted(writers)
    )


def _days(batch: pa.RecordBatch, name: str) -> Iterator[tuple[date, pa.RecordBatch]]:
    if HOUR not in batch.schema.names:
        raise SourceChanged(f"{name} has no column {HOUR}, so nothing says which day its rows are of")
    dates = pc.utf8_slice_codeunits(batch.column(HOUR).cast(pa.string()), 0, DATE_LENGTH)
    for text in pc.unique(dates).to_pylist():
        try:
            day = date.fromisoformat(text or "")
        except ValueError as error:
            raise SourceChanged(f"{name}: a row's {HOUR} begins with {text!r}, which is no date") from error
        yield day, batch.filter(pc.equal(dates, text))
