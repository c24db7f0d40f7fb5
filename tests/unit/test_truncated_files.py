"""A file or a stream that is cut at any byte at all is refused; only the whole one is not."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pyarrow as pa
import pytest
from google.cloud import bigquery
from hypothesis import example, given
from hypothesis import strategies as st

from loaders.delimited import as_file, unpacked
from loaders.errors import SourceUnavailable
from loaders.sources.bigquery import ipc
from loaders.sources.bigquery.declare import declare
from loaders.sources.bigquery.publisher import _messages
from loaders.sources.bigquery.read import Reading

WHOLE = gzip.compress(b"".join(b"%d,a row\n" % number for number in range(500)))


def pieces_of(whole: bytes, size: int) -> Iterator[bytes]:
    return (whole[start : start + size] for start in range(0, len(whole), size))


@given(cut=st.integers(2, len(WHOLE) - 1), piece=st.integers(1, 700))
@example(cut=len(WHOLE) - 1, piece=1)
@example(cut=len(WHOLE) - 8, piece=700)  # all of the text, and no checksum
def test_a_cut_file_is_refused(cut: int, piece: int) -> None:
    with pytest.raises(SourceUnavailable, match="cut"):
        list(unpacked(pieces_of(WHOLE[:cut], piece)))


@given(piece=st.integers(1, 700))
def test_the_whole_file_is_read(piece: int) -> None:
    assert b"".join(unpacked(pieces_of(WHOLE, piece))) == gzip.decompress(WHOLE)


# A message's own end can look like the mark: -1 in 32 bits, filled up to 64.
BATCHES = [pa.record_batch({"n": pa.array(numbers, pa.int32())}) for numbers in (range(50), [-1])]
SENT = list(_messages(Reading(BATCHES[0].schema, (batch.serialize().to_pybytes() for batch in BATCHES))))
STREAM = b"".join(SENT)
TABLE = bigquery.Table("project.dataset.table", [bigquery.SchemaField("n", "INTEGER")])
[DATASET] = declare(TABLE, (), "project.dataset.table").datasets.values()


def read_stream(whole: bytes, piece: int) -> list[pa.RecordBatch]:
    return list(ipc.read(as_file(pieces_of(whole, piece)), DATASET, "table"))


@given(cut=st.integers(0, len(STREAM) - 1), piece=st.integers(1, 700))
@example(cut=len(SENT[0]), piece=700)  # no batch at all
@example(cut=len(STREAM) - len(SENT[3]) - len(SENT[2]), piece=700)  # between two
@example(cut=len(STREAM) - len(SENT[3]), piece=700)  # all of the rows, and no mark
def test_a_cut_stream_of_messages_is_refused(cut: int, piece: int) -> None:
    with pytest.raises(SourceUnavailable, match=r"^table: the stream of Arrow messages is broken: "):
        read_stream(STREAM[:cut], piece)


@given(piece=st.integers(1, 700))
def test_the_whole_stream_of_messages_is_read(piece: int) -> None:
    assert read_stream(STREAM, piece) == BATCHES
