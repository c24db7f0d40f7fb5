"""Identity of rows that have no key: a hash of what was published, and which of the identical ones a row is.

(window, row_hash, occurrence) is unique and does not depend on the order of rows, so that two releases of a file can
be compared row by row although nothing in them numbers the rows.
"""

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from sys import byteorder

import pyarrow as pa
import pyarrow.compute as pc

from loaders.budget import budget
from loaders.catalogue import Computed, Dataset
from loaders.hashes import Hashes

SEPARATOR = "\x1f"  # between values: it stands in no published text
DIGEST_BYTES = 16  # two of 10^9 rows collide with a chance of 10^-21
PREFIX_BYTES = 8  # of the hash, by which repeated rows are looked for: a chance match costs a look, no more
BATCH_ROWS = 8_192  # of wide rows: 8 MB
LATE: tuple[Computed, ...] = ("occurrence", "body_sha256", "release", "loaded_at")  # known when the last row has come


class RowIdentity:
    """Gives one window's rows their identity, in two passes.

    `add` while the rows come by, which are kept on disk; `finish` when the last has come, and it is known which rows
    repeat, gives all of them out again. Memory grows with the repeated rows only. Datasets without such columns pass
    through untouched, and at once.
    """

    def __init__(self, dataset: Dataset, folder: Path) -> None:
        self._dataset, self._folder = dataset, folder
        self._row_hash = dataset.computed("row_hash")
        self._hashed = [f.name for f in dataset.published if f.name not in dataset.not_in_row_hash]
        self._prefixes = Hashes(folder / "hashes")
        self._is_late = any(dataset.computed(what) for what in LATE)
        self._rows: pa.ipc.RecordBatchStreamWriter | None = None

    def add(self, shaped: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Take a batch, and give it out again if nothing in it waits for the last row."""
        if self._row_hash is not None:
            shaped = self._hash(shaped, self._row_hash.name)
        if not self._is_late:
            yield shaped
            return
        if self._rows is None:
            lz4 = pa.ipc.IpcWriteOptions(compression="lz4")  # takes a third of the time that parquet takes
            self._rows = pa.ipc.new_stream(str(self._kept), self._dataset.schema, options=lz4)
        self._rows.write_batch(shaped)

    @property
    def _kept(self) -> Path:
        return self._folder / "rows.arrow"

    def _hash(self, shaped: pa.RecordBatch, name: str) -> pa.RecordBatch:
        """The batch with its hashes filled in: 32 hexadecimal digits.

        The values are hashed as they are stored, so 12 and 12.00 are the same area.
        """
        texts = [shaped.column(name).cast(pa.string()) for name in self._hashed]
        rows = pc.binary_join_element_wise(*texts, SEPARATOR, null_handling="replace", null_replacement="")
        encoded = rows.cast(pa.binary()).to_pylist()
        digests = b"".join([hashlib.blake2b(row, digest_size=DIGEST_BYTES).digest() for row in encoded])
        self._prefixes.add(_prefixes(digests))
        digits = pa.py_buffer(digests.hex().encode())
        ends = pa.py_buffer(array("i", range(0, 2 * len(digests) + 1, 2 * DIGEST_BYTES)))
        return _with_column(shaped, name, pa.StringArray.from_buffers(len(encoded), ends, digits))

    def finish(self, sha256: str, release: str) -> Iterator[pa.RecordBatch]:
        """The rows that were kept, with what only the last one settles: occurrences, the file's hash and release."""
        if self._rows is None:
            return
        self._rows.close()
        late: dict[Computed, object] = {"body_sha256": sha256, "release": release, "loaded_at": datetime.now(UTC)}
        constants = {field.name: value for what, value in late.items() if (field := self._dataset.computed(what))}
        repeated = [prefix.to_bytes(PREFIX_BYTES, byteorder, signed=True) for prefix in self._prefixes.repeated()]
        candidates = pa.array([prefix.hex() for prefix in repeated], pa.string())
        seen: Counter[str] = Counter()
        with pa.OSFile(str(self._kept)) as file, pa.ipc.open_stream(file) as rows:
            for batch in _gathered(rows, budget().of(BATCH_ROWS)):
                yield self._with_late_columns(batch, constants, candidates, seen)
        self._kept.unlink()

    def _with_late_columns(
        self, batch: pa.RecordBatch, constants: dict[str, object], candidates: pa.Array, seen: Counter[str]
    ) -> pa.RecordBatch:
        for name, value in constants.items():
            kind = batch.schema.field(name).type
            batch = _with_column(batch, name, pa.repeat(pa.scalar(value, kind), batch.num_rows))
        occurrence = self._dataset.computed("occurrence")
        if occurrence is not None and self._row_hash is not None:
            hashes = batch.column(self._row_hash.name)
            batch = _with_column(batch, occurrence.name, _occurrences(hashes, candidates, seen))
        return batch


def _prefixes(digests: bytes) -> pa.Array:
    """The first half of each digest, as a number."""
    halves = pa.Array.from_buffers(pa.int64(), len(digests) // PREFIX_BYTES, [None, pa.py_buffer(digests)])
    return pc.list_element(pa.FixedSizeListArray.from_arrays(halves, DIGEST_BYTES // PREFIX_BYTES), 0)


def _gathered(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of at least so many: each is a row group, and small ones cost more than they hold."""
    group: list[pa.RecordBatch] = []
    for batch in batches:
        group.append(batch)
        if sum(one.num_rows for one in group) >= rows:
            yield pa.concat_batches(group)
            group = []
    if group:
        yield pa.concat_batches(group)


def _occurrences(hashes: pa.Array, candidates: pa.Array, seen: Counter[str]) -> pa.Array:
    """1 for a hash that occurs once; 1, 2, 3 ... for the others, in the order in which they come."""
    numbers = [1] * len(hashes)
    prefixes = pc.utf8_slice_codeunits(hashes, 0, 2 * PREFIX_BYTES)
    for position in pc.indices_nonzero(pc.is_in(prefixes, value_set=candidates)).to_pylist():
        row_hash = hashes[position].as_py()
        seen[row_hash] += 1
        numbers[position] = seen[row_hash]
    return pa.array(numbers, pa.int64())


def _with_column(batch: pa.RecordBatch, name: str, values: pa.Array) -> pa.RecordBatch:
    return batch.set_column(batch.schema.get_field_index(name), batch.schema.field(name), values)
