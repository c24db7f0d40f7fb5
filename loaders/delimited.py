"""Delimited text, and the compression that files come in: streamed, and refused unless whole."""

import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import IO

import pyarrow as pa
import pyarrow.csv as pv

from loaders.budget import budget
from loaders.catalogue import Dataset
from loaders.errors import SourceChanged, SourceUnavailable

BLOCK_BYTES = 1 << 20  # 130 MB of memory for any length; blocks of 4 MiB take 100 MB more and are no faster
GZIP = 16 + zlib.MAX_WBITS
GZIP_MAGIC = b"\x1f\x8b"
LARGEST_RATIO = 200  # deflate reaches 1,032; text that is worth loading stays below 50
RATIO_FREE_BYTES = 100 << 20  # before which the ratio is not looked at


def unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The text of a body that may be gzip, which its first two bytes say."""
    pieces = iter(chunks)
    beginning = b""
    while len(beginning) < len(GZIP_MAGIC) and (piece := next(pieces, None)) is not None:
        beginning += piece
    whole = chain([beginning] if beginning else [], pieces)
    yield from gunzip(whole) if beginning.startswith(GZIP_MAGIC) else whole


def gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The text of a gzip file of one or more members, as it arrives.

    Raises `SourceUnavailable` unless the last member ended with its checksum, and for a file that swells beyond
    all measure.
    """
    member = zlib.decompressobj(GZIP)
    taken = given = 0
    is_inside = False
    for chunk in chunks:
        taken += len(chunk)
        while chunk:
            if not is_inside:
                chunk = chunk.lstrip(b"\0")  # padding between members is allowed
                if not chunk:
                    break
                member, is_inside = zlib.decompressobj(GZIP), True
            try:
                text = member.decompress(chunk, budget().of(BLOCK_BYTES))
            except zlib.error as error:
                raise SourceUnavailable(f"not a gzip file, or a damaged one, near byte {taken:,}: {error}") from error
            given += len(text)
            if given > RATIO_FREE_BYTES and given > LARGEST_RATIO * taken:
                raise SourceUnavailable(f"{taken:,} bytes of gzip hold more than {given:,}: refused as a bomb")
            if text:
                yield text
            chunk = member.unconsumed_tail
            if member.eof:
                chunk, is_inside = member.unused_data, False
    if is_inside or not taken:
        raise SourceUnavailable(f"the gzip file is cut after {taken:,} bytes: its checksum never came")


def read_csv(file: IO[bytes], dataset: Dataset) -> Iterator[pa.RecordBatch]:
    """Batches of text columns under the header's names; an empty value is null.

    Raises `SourceChanged` if the header is not exactly the declared one, and `SourceUnavailable` for a row with too
    many or too few values.
    """
    header = file.readline().decode("utf-8-sig", "replace").rstrip("\r\n")
    if not header:
        raise SourceUnavailable("the file is empty; one without rows would have its header")
    names = [name.strip('"') for name in header.split(dataset.delimiter)]
    wanted = [*(field.key for field in dataset.published)]
    if names != wanted:
        raise SourceChanged(_difference(names, wanted, dataset))
    yield from read_delimited(file, names, dataset.delimiter)


def read_delimited(
    file: IO[bytes], names: Sequence[str], delimiter: str, *, quoted: bool = True
) -> Iterator[pa.RecordBatch]:
    """Batches of text columns under these names, from the first row after a header; an empty value is null.

    Raises `SourceUnavailable` for a row with too many or too few values.
    """
    try:
        reader = pv.open_csv(
            file,
            read_options=pv.ReadOptions(use_threads=False, block_size=budget().of(BLOCK_BYTES), column_names=names),
            parse_options=pv.ParseOptions(delimiter=delimiter, quote_char='"' if quoted else False),
            convert_options=pv.ConvertOptions(
                column_types={name: pa.string() for name in names}, null_values=[""], strings_can_be_null=True
            ),
        )
        yield from reader
    except pa.ArrowInvalid as error:
        if "Empty CSV file" in str(error):
            return
        raise SourceUnavailable(f"malformed: {error}") from error


def _difference(names: list[str], wanted: list[str], dataset: Dataset) -> str:
    missing = [name for name in wanted if name not in names]
    added = [name for name in names if name not in wanted]
    what = f"missing {missing}, not declared {added}" if missing or added else f"another order: {names}"
    return f"the header is not the declared one: {what}; correct `fields` in {dataset.path.name}, in the file's order"


def as_file(chunks: Iterable[bytes]) -> io.BufferedReader:
    """Pieces of bytes as a file to read once, from its beginning to its end."""
    return io.BufferedReader(_Stream(chunks), budget().of(BLOCK_BYTES))


class _Stream(io.RawIOBase):
    """Pieces of bytes as a file to read."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]  # what it is given in fact
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
