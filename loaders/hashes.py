"""64-bit hashes on disk, and which of them occur more than once: any number of them, a few megabytes of memory."""

import shutil
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

SORTED_AT_ONCE = 250_000  # 2 MB, and as much again for each of two steps
BITS = 5  # of a hash by which a longer file is split: into 32
BLOCK_BYTES = 1 << 20


class Hashes:
    """A file of hashes that grows. Values are those of Python's `hash` in this process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.count = 0

    def add(self, values: Iterable[int]) -> None:
        found = array("q", values)
        with self._path.open("ab") as file:
            found.tofile(file)
        self.count += len(found)

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

    def __iter__(self) -> Iterator[int]:
        for block in _blocks(self._path) if self.count else ():
            yield from block.to_pylist()


def _repeated(path: Path, count: int, level: int) -> Iterator[int]:
    if count <= SORTED_AT_ONCE or level * BITS >= 60:
        values = pa.chunked_array(list(_blocks(path)) or [pa.array([], pa.int64())]).combine_chunks()
        path.unlink()
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
        number = pc.bit_wise_and(pc.shift_right(block, shift), mask)
        for place, part in enumerate(parts):
            values = block.filter(pc.equal(number, pa.scalar(place, pa.int64())))
            if len(values):
                counts[place] += len(values)
                with part.open("ab") as file:
                    array("q", values.to_pylist()).tofile(file)
    path.unlink()
    return [(part, rows) for part, rows in zip(parts, counts, strict=True) if rows]


def _blocks(path: Path) -> Iterator[pa.Array]:
    with path.open("rb") as file:
        while content := file.read(BLOCK_BYTES):
            yield pa.Array.from_buffers(pa.int64(), len(content) // 8, [None, pa.py_buffer(content)])
