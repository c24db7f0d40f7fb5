"""Several tables in one file, one after the other with blank lines between: the market first, then its nodes."""

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from loaders.errors import SourceChanged
from loaders.markets.layout import Layout, headers, plain
from loaders.markets.lines import split, text_lines

BLOCK_ROWS = 2_000  # wide rows: 48,000 long ones


class Tables:
    """The tables of a file as batches of text, each under its own header, the market's rows with a blank first name."""

    def __init__(self, file: BinaryIO, layout: Layout, name: str) -> None:
        self.preamble: list[str] = []
        self.names: tuple[str, ...] = ()
        self._file, self._layout, self._name = file, layout, name
        self._lines: list[int] = []

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Raises `SourceChanged` for a row that is not as long as its header, and for a file without a table."""
        rows: list[list[str]] = []
        known = {one for aliases in self._layout.columns.values() for one in headers(aliases)}
        for number, line in text_lines(self._file, self._name):
            cells = split(line, self._name, number)
            if not any(cell.strip() for cell in cells):
                continue
            if "he1" in map(plain, cells):
                yield from self._block(rows)
                rows, self.names = [], tuple(cells)
                unknown = [one for one in cells if plain(one) and plain(one) not in known and not _is_hour(one)]
                if unknown:
                    raise SourceChanged(f"{self._name}, line {number}: unknown column {unknown[0]!r}")
                if twice := {one for one in cells if [*map(plain, cells)].count(plain(one)) > 1}:
                    raise SourceChanged(f"{self._name}, line {number}: two columns are called {twice.pop()!r}")
            elif not self.names:
                self.preamble.append(line.strip(", "))
            elif len(cells) != len(self.names):
                raise SourceChanged(
                    f"{self._name}, line {number}: {len(cells)} values where the header has {len(self.names)}: "
                    f"{line[:200]!r}"
                )
            else:
                rows.append(cells)
                self._lines.append(number)
                if len(rows) == BLOCK_ROWS:
                    yield from self._block(rows)
                    rows = []
        yield from self._block(rows)
        if not self.names:
            raise SourceChanged(f"{self._name}: no table with the columns HE 1 to HE 24 in it")

    def line(self, row: int) -> int:
        """The line of the file that a data row stands on."""
        return self._lines[row]

    def _block(self, rows: list[list[str]]) -> Iterator[pa.RecordBatch]:
        if rows:
            names = [plain(name) or "region" for name in self.names]
            columns = [pa.array([cell or None for cell in column], pa.string()) for column in zip(*rows, strict=True)]
            yield pa.RecordBatch.from_arrays(columns, names=names)


def _is_hour(name: str) -> bool:
    return plain(name).removeprefix("he").isdecimal()
