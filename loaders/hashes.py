"""64-bit hashes on disk, and which of them occur more than once: any number of them, a few megabytes of memory."""

import shutil
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

COMPARED_AT_ONCE = 250_000  # 2 MB, and three times as much for their table
BITS = 7  # of a hash by which a longer file is split: into 128, whose tables stay in the cache of a processor
BLOCK_BYTES = 1 << 20
# Odd, so that nothing of a value is lost: 2^64 over the golden ratio. A column's place is its power.
MULTIPLIER = pa.scalar(0x9E3779B97F4A7C15 - (1 << 64), pa.int64())


def hashes(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.Array:
    """A hash of each row's values in these columns, as int64: the same for the same values, in this process.

    Each distinct value is hashed by Python, once; rows are put together from those in Arrow.
    """
    joined = pa.repeat(pa.scalar(0, pa.int64()), batch.num_rows)
    for name in columns:
        codes = _plain(batch.column(name)).dictionary_encode()
        distinct = pa.array([hash((value,)) for value in codes.dictionary.to_pylist()], pa.int64())
        hashed = distinct.take(codes.indices).fill_null(hash((None,)))
        joined = pc.add(pc.multiply(joined, MULTIPLIER), hashed)
    return joined


def _plain(values: pa.Array) -> pa.Array:
    """Instants and days as numbers, which are read ten times as fast as what Python makes of them."""
    if pa.types.is_timestamp(values.type):
        return values.cast(pa.int64())
    return pc.cast(values, pa.int32()) if pa.types.is_date32(values.type) else values


def first_repeated(
    batches: Iterable[pa.RecordBatch], columns: Sequence[str], suspects: Iterable[int]
) -> dict[str, object] | None:
    """The first key, by column, that comes twice in the batches: two keys may share a hash, so they are compared.

    `suspects` are the hashes that come more than once; without one, no batch is asked for.
    """
    found = pa.array(suspects, pa.int64())
    seen: set[tuple[object, ...]] = set()
    for batch in batches if len(found) else ():
        for row in pc.indices_nonzero(pc.is_in(hashes(batch, columns), found)).to_pylist():
            key = tuple(batch.column(name)[row].as_py() for name in columns)
            if key in seen:
                return dict(zip(columns, key, strict=True))
            seen.add(key)
    return None


class Hashes:
    """A file of hashes that grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.count = 0

    def add(self, values: pa.Array) -> None:
        """Add an array of int64 without nulls."""
        _append(self._path, values)
        self.count += len(values)

    def clear(self) -> None:
        """None again."""
        self._path.unlink(missing_ok=True)
        self.count = 0

    def copy(self) -> "Hashes":
        """The same hashes in a file of their own."""
        copied = Hashes(self._path.with_name(f"{self._path.name}-copy"))
        if self.count:
            shutil.copyfile(self._path, copied._path)
            copied.count = self.count
        return copied

    def repeated(self) -> Iterator[int]:
        """Every hash that occurs more than once, each once. The file is used up."""
        if self.count:
            yield from _repeated(self._path, self.count, 0)

    def blocks(self) -> Iterator[pa.Array]:
        """All of them in their order, 131,072 at a time."""
        yield from _blocks(self._path) if self.count else ()


class Latest:
    """Of hashes that occur more than once, the owner of the last of each: 16 bytes for each of these.

    `owners` are numbers, one for each of the hashes, in their order.
    """

    def __init__(self, of: Hashes, owners: Hashes) -> None:
        self._hashes = _as_arrow(array("q", of.copy().repeated()))
        found = array("q", bytes(8 * len(self._hashes)))
        for some, theirs in zip(of.blocks(), owners.blocks(), strict=True) if found else ():
            places = self._places(some)
            for place, owner in zip(places.to_pylist(), theirs.to_pylist(), strict=True):
                if place is not None:
                    found[place] = owner
        self._owners = _as_arrow(found)

    def __bool__(self) -> bool:
        return len(self._hashes) > 0

    def owns(self, some: pa.Array, owner: int) -> pa.Array:
        """A mask of `some` hashes of that owner: false where the last of the same hash is another's."""
        return pc.equal(self._owners.take(self._places(some)), owner).fill_null(True)

    def _places(self, some: pa.Array) -> pa.Array:
        """Where each stands among those that repeat; null if nowhere. The table that is made is of `some` alone."""
        near = pc.is_in(self._hashes, value_set=some)
        return pc.indices_nonzero(near).take(pc.index_in(some, value_set=self._hashes.filter(near)))


def _as_arrow(numbers: "array[int]") -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])


def _repeated(path: Path, count: int, level: int) -> Iterator[int]:
    if count <= COMPARED_AT_ONCE or level * BITS >= 60:
        values = pa.chunked_array(list(_blocks(path)) or [pa.array([], pa.int64())]).combine_chunks()
        path.unlink()
        if len(pc.unique(values)) < len(values):
            ordered = values.take(pc.sort_indices(values))
            yield from pc.unique(ordered[1:].filter(pc.equal(ordered[1:], ordered[:-1]))).to_pylist()
        return
    for part, rows in _split(path, level):
        yield from _repeated(part, rows, level + 1)


def _split(path: Path, level: int) -> list[tuple[Path, int]]:
    """The hashes sorted into files by the bits of this level."""
    parts = [path.with_name(f"{path.name}-{number:02}") for number in range(1 << BITS)]
    counts = [0] * len(parts)
    mask, shift = pa.scalar((1 << BITS) - 1, pa.int64()), pa.scalar(level * BITS, pa.int64())
    for block in _blocks(path):
        number = pc.bit_wise_and(pc.shift_right(block, shift), mask).cast(pa.uint8())
        ordered = block.take(pc.sort_indices(number))  # of so few numbers: they are counted, not compared
        start = 0
        for place, rows in sorted(_counted(number)):
            _append(parts[place], ordered[start : start + rows])
            counts[place] += rows
            start += rows
    path.unlink()
    return [(part, rows) for part, rows in zip(parts, counts, strict=True) if rows]


def _counted(values: pa.Array) -> Iterator[tuple[int, int]]:
    counted = pc.value_counts(values)
    return zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)


def _append(path: Path, values: pa.Array) -> None:
    with path.open("ab") as file:
        file.write(memoryview(values.buffers()[1])[8 * values.offset : 8 * (values.offset + len(values))])


def _blocks(path: Path) -> Iterator[pa.Array]:
    with path.open("rb") as file:
        while content := file.read(BLOCK_BYTES):
            yield pa.Array.from_buffers(pa.int64(), len(content) // 8, [None, pa.py_buffer(content)])
