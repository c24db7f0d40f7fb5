"""A folder of parquet files that appears whole or not at all, with a manifest of what is in it.

Files are written beside the folder, under `<name>.partial`, and take its place when the last one is closed. A reader
sees the earlier folder or the new one; what a killed run has left is cleared by the next.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from loaders.errors import DeclarationError
from loaders.parts import LARGEST_BATCH_ROWS, Parts

MANIFEST = "_manifest.json"  # readers of a folder of parquet pass over what begins with an underscore
FILE_ROWS = 1_000_000
ROW_GROUP_BYTES = 2 << 20  # of one partition, before compression: three are open at once, and each is copied to write
HASHED_AT_ONCE_BYTES = 1 << 20


class Folder:
    """Collects batches into files of at most a million rows, each partition's in a folder of its own."""

    def __init__(self, path: Path, partitions: Sequence[str] = ("",)) -> None:
        self.path = path
        self.partial = path.with_name(f"{path.name}.partial")
        self._waiting: dict[str, list[pa.RecordBatch]] = {partition: [] for partition in partitions}
        self._parts: dict[str, Parts] = {}
        self._schema: pa.Schema | None = None

    def begin(self, schema: pa.Schema) -> None:
        """Say what the columns are. A partition without rows still gets a file that has them."""
        self._schema = schema
        # A dictionary of numbers costs memory and time, and zstd makes them smaller without it.
        texts = [field.name for field in schema if pa.types.is_string(field.type)]
        for partition in self._waiting:
            home = self.partial / partition
            home.mkdir(parents=True)
            self._parts[partition] = Parts(home, "part", schema, FILE_ROWS, compression="zstd", use_dictionary=texts)

    def write(self, batch: pa.RecordBatch, partition: str = "") -> None:
        if self._schema is None:
            self.begin(batch.schema)
        waiting = self._waiting[partition]
        waiting.append(batch)
        rows, size = sum(one.num_rows for one in waiting), sum(one.nbytes for one in waiting)
        if rows >= LARGEST_BATCH_ROWS or size >= ROW_GROUP_BYTES:
            self._flush(partition)

    def _flush(self, partition: str) -> None:
        waiting, self._waiting[partition] = self._waiting[partition], []
        for batch in pa.Table.from_batches(waiting, self._schema).combine_chunks().to_batches():
            self._parts[partition].write(batch)

    def finish(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Close the files and put the folder in its place. Returns the manifest: `facts`, rows, and each file."""
        if self._schema is None:
            raise AssertionError(f"{self.path}: neither columns nor rows were given")
        files, rows = [], {}
        for partition, parts in self._parts.items():
            self._flush(partition)
            if not parts.written:
                parts.write_nothing()
            parts.close()
            rows[partition.rpartition("=")[2]] = sum(count for _, count in parts.written)
            for file, count in parts.written:
                facts_of_file = {"path": file.relative_to(self.partial).as_posix(), "rows": count}
                files.append(facts_of_file | {"bytes": file.stat().st_size, "sha256": _sha256(file)})
        columns = {field.name: str(field.type) for field in self._schema}
        counted = rows if list(rows) != [""] else rows[""]
        manifest = dict(facts) | {"rows": counted, "columns": columns, "files": files}
        (self.partial / MANIFEST).write_text(json.dumps(manifest, indent=2, default=str) + "\n", encoding="utf-8")
        _replace(self.path, self.partial)
        return manifest

    def close(self) -> None:
        for parts in self._parts.values():
            parts.close()


@contextmanager
def new_folder(path: Path, partitions: Sequence[str] = ("",)) -> Iterator[Folder]:
    """A folder to write into. It is at `path` after `finish`; without it, `path` stays as it was.

    Raises `DeclarationError` if something stands at `path` that was not written so: it would be lost.
    """
    if path.exists() and not (path / MANIFEST).is_file() and (not path.is_dir() or any(path.iterdir())):
        raise DeclarationError(f"{path} is not empty and has no {MANIFEST}: it is not ours to replace. Take another")
    folder = Folder(path, partitions)
    shutil.rmtree(folder.partial, ignore_errors=True)
    try:
        yield folder
    finally:
        folder.close()
        shutil.rmtree(folder.partial, ignore_errors=True)


def _replace(path: Path, by: Path) -> None:
    old = path.with_name(f"{path.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if path.exists():
        path.rename(old)
    by.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(HASHED_AT_ONCE_BYTES):
            digest.update(piece)
    return digest.hexdigest()
