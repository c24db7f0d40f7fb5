"""From a stream of bytes to Arrow batches under the publisher's own keys. Never a whole body in memory.

A JSON array is cut at the borders of its records and decoded block by block. Reading the blocks with pyarrow is the
fast way; a block that it refuses, or whose records are nested, is read record by record into text columns, so that
a single bad value spoils a row and not a block. `shape` casts and judges either.
"""

import json
import re
from array import array
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, NoReturn, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
import pyarrow.parquet as pq

from loaders.body import Body
from loaders.budget import budget
from loaders.catalogue import Dataset, Field, source_module
from loaders.delimited import as_file, gunzip, read_csv, unpacked
from loaders.errors import SourceChanged, SourceUnavailable
from loaders.markets.read import read as read_market
from loaders.parts import batch_rows

BLOCK_BYTES = 1 << 20  # about 4,800 records; four times as much was no faster and cost 25 MB
LARGEST_RECORD_BYTES = 64 << 20  # a "record" beyond this is a body without borders
WHITESPACE = b" \t\r\n"
SEPARATOR = b"\x1e"  # a control character, which JSON does not allow anywhere

# A quote that is followed by none of `,` `}` `]` `:` opens a string, so what stands before it is outside of any
# string: in flat records this matches every border between two records and nothing else.
BORDER = re.compile(rb'\}\s*,\s*\{\s*"(?=[^\s,}\]:])')
TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["{}\[\]]', re.DOTALL)


class Repeats:
    """Counts records that are the same text as an earlier one. Holds 8 bytes a record."""

    def __init__(self) -> None:
        self._hashes = array("q")

    def add(self, records: list[bytes]) -> None:
        self._hashes.extend(map(hash, records))

    def count(self) -> int:
        """How many of the records seen repeat another. Wrong by one with a chance of n² / 2⁶⁵."""
        hashes = pa.Array.from_buffers(pa.int64(), len(self._hashes), [None, pa.py_buffer(self._hashes)])
        ordered = hashes.take(pc.sort_indices(hashes))  # sorting takes a tenth of the memory that a hash table does
        return int(pc.sum(pc.equal(ordered[1:], ordered[:-1]), min_count=0).as_py())


def read_body(body: Body, dataset: Dataset, repeats: Repeats) -> Iterator[pa.RecordBatch]:
    """Batches of a body in the dataset's format, under the publisher's keys.

    Raises `SourceUnavailable` when the body is cut or malformed, and `SourceChanged` when its header is another one.
    """
    if dataset.format == "parquet":
        yield from read_parquet(body, dataset) if dataset.reader is None else _read_seeking(body, dataset)
        return
    is_gzip = dataset.compression == "gzip" and not body.files  # a file that somebody has may be unpacked by now
    chunks = gunzip(body.read()) if is_gzip else unpacked(body.read())
    if dataset.layout:
        with closing(as_file(chunks)) as file:
            yield from read_market(file, dataset, body.url)
    elif dataset.reader is not None:
        module = source_module(dataset.source_name, dataset.reader)
        with closing(as_file(chunks)) as file:
            yield from module.read(file, dataset, body.url)
    elif dataset.format == "csv":
        yield from read_csv(as_file(chunks), dataset)
    else:
        yield from read_json(chunks, dataset, repeats)


def _read_seeking(body: Body, dataset: Dataset) -> Iterator[pa.RecordBatch]:
    """Batches of the source's own reader, which gets a file that may be read from any position, or all of a window."""
    assert body.files and dataset.reader is not None
    for _ in body.read():  # all of it is hashed, whichever columns are wanted
        pass
    module = source_module(dataset.source_name, dataset.reader)
    if dataset.together:
        yield from module.read(body.files, dataset)
        return
    [file] = body.files
    with file.open() as opened:
        yield from module.read(opened, dataset, body.url)


def read_parquet(body: Body, dataset: Dataset) -> Iterator[pa.RecordBatch]:
    """Batches of a parquet file's declared columns, a row group's part at a time; other columns are not read.

    Raises `SourceChanged` for a column that is not there, and `SourceUnavailable` for a file that cannot be read.
    """
    [file] = body.files  # parquet is read from its end, so from no stream
    for _ in body.read():  # all of it is hashed, whichever columns are wanted
        pass
    wanted = [field.key for field in dataset.published]
    try:
        with file.open() as seekable, pq.ParquetFile(seekable, pre_buffer=False) as opened:
            if missing := [key for key in wanted if key not in opened.schema_arrow.names]:
                raise SourceChanged(
                    f"{body.url} has no column {', '.join(missing)}; it has {', '.join(opened.schema_arrow.names)}"
                )
            yield from opened.iter_batches(batch_rows(len(wanted)), columns=wanted)
    except (pa.ArrowException, OSError) as error:
        raise SourceUnavailable(f"{body.url} is not parquet that can be read: {error}") from error


def read_json(chunks: Iterable[bytes], dataset: Dataset, repeats: Repeats | None = None) -> Iterator[pa.RecordBatch]:
    """Batches of a JSON array of records, or of the array under the dataset's `envelope` key.

    Column names are the publisher's keys; columns are typed as JSON has them, or all text. Every record is shown to
    `repeats`.
    Raises `SourceUnavailable` when the body is not JSON, is not an array, is cut, or is malformed anywhere.
    """
    flat = dataset.envelope is None and not dataset.is_nested
    splitter: _Splitter = _FlatSplitter() if flat else _NestedSplitter(dataset.envelope)
    if dataset.records == "values":
        splitter = _ValueSplitter()
    schema = pa.schema([(field.key, _json_type(field)) for field in dataset.published])
    for block in _blocks(chunks, splitter):
        if repeats is not None:
            repeats.add(block)
        batch = None if dataset.is_nested else _decode(block, schema)
        yield batch if batch is not None else _decode_records(block)


class _Splitter(Protocol):
    """Cuts a stream into whole records."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The records that `chunk` completes, each as JSON text."""

    def close(self) -> list[bytes]:
        """The last records. Raises `SourceUnavailable` unless the array ended where the body ends."""


def _blocks(chunks: Iterable[bytes], splitter: _Splitter) -> Iterator[list[bytes]]:
    records: list[bytes] = []
    size = 0
    for chunk in chunks:
        records += splitter.feed(chunk)
        size += len(chunk)
        if size >= budget().of(BLOCK_BYTES) and records:
            yield records
            records, size = [], 0
    records += splitter.close()
    if records:
        yield records


class _FlatSplitter:
    """A bare array of records without objects or arrays inside: a regular expression finds every border."""

    def __init__(self) -> None:
        self._rest = b""
        self._opened = False

    def feed(self, chunk: bytes) -> list[bytes]:
        self._rest += chunk
        if not self._opened:
            self._rest = self._rest.lstrip(WHITESPACE)
            if not self._rest:
                return []
            if self._rest[:1] != b"[":
                _not_an_array(self._rest)
            self._opened, self._rest = True, self._rest[1:]
        *records, self._rest = BORDER.sub(b"}" + SEPARATOR + b'{"', self._rest).split(SEPARATOR)
        if len(self._rest) > LARGEST_RECORD_BYTES:
            raise SourceUnavailable(
                f"no border between records in {len(self._rest):,} bytes: not an array of flat records"
            )
        return records

    def close(self) -> list[bytes]:
        if not self._opened:
            raise SourceUnavailable("the body is empty; an answer without records would be []")
        rest = self._rest.rstrip(WHITESPACE)
        if rest[-1:] != b"]":
            raise SourceUnavailable(f"the body is cut: it ends in {_shown(rest[-60:])} and not in ]")
        last = rest[:-1].strip(WHITESPACE)
        return [last] if last else []


class _NestedSplitter:
    """Records of any shape, in a bare array or under a key: brackets are counted outside of strings."""

    def __init__(self, envelope: str | None) -> None:
        self._key = None if envelope is None else json.dumps(envelope).encode()
        self._level = 1 if envelope is None else 2  # depth of what stands between the records
        self._rest = b""
        self._depth = 0
        self._inside = False  # the array of records
        self._found = False
        self._opened = False
        self._has_records = False
        self._last_string = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        text = self._rest + chunk
        if not self._opened and not (text := text.lstrip(WHITESPACE)):
            return []
        if not self._opened and text[:1] != (b"[" if self._key is None else b"{"):
            _not_an_array(text)
        records: list[bytes] = []
        # A record that is under way starts at 0 and is read from its start again: records are small.
        depth, start, done = self._depth, 0, 0
        for token in TOKEN.finditer(text):
            mark = token[0]
            if mark == b'"':  # a string whose end has not arrived
                break
            if depth == 0:
                if self._opened:
                    raise SourceUnavailable(f"malformed: {_shown(mark[:60])} after the end of the body")
                self._opened = True
            elif self._inside and depth == self._level:
                self._check_border(text[done : token.start()], mark)
            if mark in b"{[":
                if mark == b"{" and self._inside and depth == self._level:
                    start = token.start()
                depth += 1
                if mark == b"[" and depth == self._level and not self._found and self._key in (None, self._last_string):
                    self._inside = self._found = True
            elif mark in b"}]":
                depth -= 1
                if self._inside and depth == self._level:
                    records.append(text[start : token.end()])
                    self._has_records = True
                elif self._inside and depth == self._level - 1:
                    self._inside = False
            elif depth == 1:
                self._last_string = mark
            if not (self._inside and depth > self._level):
                self._depth, done = depth, token.end()
        self._rest = text[done:]
        if len(self._rest) > LARGEST_RECORD_BYTES:
            raise SourceUnavailable(f"a record of more than {LARGEST_RECORD_BYTES:,} bytes: not an array of records")
        return records

    def _check_border(self, gap: bytes, mark: bytes) -> None:
        """Between records stands a comma and nothing else; before the first and after the last, nothing."""
        wanted = b"," if mark == b"{" and self._has_records else b""
        if mark not in (b"{", b"]") or gap.strip(WHITESPACE) != wanted:
            raise SourceUnavailable(f"malformed between two records: {_shown((gap + mark)[:60])}")

    def close(self) -> list[bytes]:
        if not self._opened:
            raise SourceUnavailable("the body is empty; an answer without records would be an empty array")
        if self._depth or self._rest.strip(WHITESPACE):
            raise SourceUnavailable(f"the body is cut, or malformed near its end: {_shown(self._rest[-60:])}")
        if not self._found:
            raise SourceUnavailable(f"there is no array under the key {_shown(self._key or b'')}")
        return []


class _ValueSplitter:
    """A bare array of text or numbers, each a record with the key `value`. Held whole, as registers are small."""

    def __init__(self) -> None:
        self._body = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        self._body += chunk
        if len(self._body) > LARGEST_RECORD_BYTES:
            raise SourceUnavailable(f"more than {LARGEST_RECORD_BYTES:,} bytes: not an array of codes")
        return []

    def close(self) -> list[bytes]:
        if not self._body.strip(WHITESPACE):
            raise SourceUnavailable("the body is empty; an answer without records would be []")
        try:
            values = json.loads(self._body)
        except ValueError as error:
            raise SourceUnavailable(f"malformed or cut ({error}): {_shown(self._body[-60:])}") from error
        if not isinstance(values, list):
            _not_an_array(self._body.lstrip(WHITESPACE))
        if bad := [value for value in values if isinstance(value, dict | list)]:
            raise SourceUnavailable(f"not a bare value but {type(bad[0]).__name__}: {str(bad[0])[:200]}")
        return [json.dumps({"value": value}).encode() for value in values]


def _decode(records: list[bytes], schema: pa.Schema) -> pa.RecordBatch | None:
    """One batch with the schema's types, plus a column for each key beside it; None if pyarrow refuses."""
    block = b"\n".join(records)
    if block.lstrip(WHITESPACE)[:1] != b"{":  # pyarrow does not survive a block that begins with null
        return None
    try:
        table = pj.read_json(
            pa.BufferReader(block),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(block) + 1),
            parse_options=pj.ParseOptions(
                explicit_schema=schema, newlines_in_values=True, unexpected_field_behavior="infer"
            ),
        )
        table.validate(full=True)  # text that is not UTF-8
    except (pa.ArrowInvalid, UnicodeDecodeError):  # the latter from a key
        return None
    if table.num_rows != len(records):
        return None
    batches = table.combine_chunks().to_batches()
    return batches[0] if len(batches) == 1 else None


def _decode_records(records: list[bytes]) -> pa.RecordBatch:
    """The records as one batch of text columns, one for each key that occurs."""
    rows = [_loads(record) for record in records]
    keys = dict.fromkeys(key for row in rows for key in row)
    return pa.RecordBatch.from_arrays(
        [pa.array([_as_text(row.get(key)) for row in rows], pa.string()) for key in keys],
        names=[_as_text(key) for key in keys],
    )


def _loads(record: bytes) -> dict[str, Any]:
    try:
        row = json.loads(record, parse_constant=_refuse_constant)
    except ValueError as error:
        raise SourceUnavailable(f"malformed JSON ({error}) in {_shown(record[:200])}") from error
    if not isinstance(row, dict):
        raise SourceUnavailable(f"not a record but {type(row).__name__}: {_shown(record[:200])}")
    return row


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _as_text(value: Any) -> str | None:
    """A value as the text that `shape` casts; objects and arrays as compact JSON.

    Half a character (an emoji that somebody cut in two) is no text: it keeps the escape that was published.
    """
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode()


def _json_type(field: Field) -> pa.DataType:
    """The type that a field has in JSON: dates and instants are strings there, and so are exact decimals to us."""
    return pa.string() if field.type in ("date", "timestamp", "json", "decimal") else field.arrow_type


def _not_an_array(body: bytes) -> NoReturn:
    kind = "a web page" if body[:1] == b"<" else "an object" if body[:1] == b"{" else "no array of records"
    raise SourceUnavailable(f"status 200 but the body is {kind}: {_shown(body[:300])}")


def _shown(body: bytes) -> str:
    return body.decode("utf-8", "replace")
