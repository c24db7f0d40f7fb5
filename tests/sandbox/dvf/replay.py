"""A recorded year in place of a generated one: sent as it is, so that its length and its checksum are the recorded."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path


class Recording:
    """One .csv.gz file with its header."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise FileNotFoundError(f"no file to replay at {path}")
        self.path = path

    def lines(self) -> Iterator[str]:
        """Yield its lines after the header, for expectations and for faults that change lines."""
        with gzip.open(self.path, "rt", encoding="utf-8", newline="\n") as file:
            next(file, None)
            yield from file
