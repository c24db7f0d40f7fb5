"""A delimited file as batches under its headers: streamed, each row of the header's length, the footer true."""

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv

from loaders.budget import budget
from loaders.errors import SourceChanged
from loaders.markets.layout import Layout, plain
from loaders.markets.lines import LONGEST_LINE_BYTES, Head

# About 40,000 rows: some work is done once a block, and smaller ones have more of it.
BLOCK_BYTES = 1 << 22
LARGEST_BATCH_ROWS = 50_000


@dataclass
class Table:
    """The data rows of one file, in batches. After the last one the footer has been compared with their number.

    `types` are the columns that are wanted, under their plain headers, and how a block is decoded that is as it should
    be. A block with a value of another kind, or with a line that may be blank, is read again: all of it, as text.
    """

    file: BinaryIO
    head: Head
    layout: Layout
    name: str
    types: Mapping[str, pa.DataType]
    rows: int = 0
    _lines: int = 0  # of the blocks that are decoded
    _gaps: list[int] = field(default_factory=list)  # those among them that are no data rows, ascending
    _odd: list[Any] = field(default_factory=list)  # rows of another length, as pyarrow met them in a block
    _footer: str = ""
    _footer_line: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The headers as printed."""
        return self.head.names

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Columns are named as `plain` writes the header. Raises `SourceChanged` naming file and line."""
        names = [plain(name) or f"_{place}" for place, name in enumerate(self.head.names)]
        if twice := {name for name in names if names.count(name) > 1}:
            raise SourceChanged(f"{self.name}, line {self.head.line}: two columns are called {twice.pop()!r}")
        if self.layout.marked:
            names[0] = "_mark"
        for block in self._blocks():
            batch = self._decoded(block, names)
            self._account_for_odd_rows()
            gaps = [row.number - 1 for row in self._odd]
            is_data = self._data(batch)
            lines = batch.num_rows + len(gaps)
            if is_data is not None:
                gaps = sorted([*gaps, *(_place(row, gaps) for row in _falses(is_data))])
                batch = batch.filter(is_data)
            self._gaps += [self._lines + gap for gap in gaps]
            for start in range(0, batch.num_rows, LARGEST_BATCH_ROWS):
                yield batch.slice(start, LARGEST_BATCH_ROWS)
            self._lines += lines
            self.rows += batch.num_rows
        self._check_footer()

    def _blocks(self) -> Iterator[bytes]:
        """Whole lines, as many at a time as the budget allows."""
        rest = b""
        while chunk := self.file.read(budget().of(BLOCK_BYTES)):
            end = chunk.rfind(b"\n") + 1
            if end:
                yield rest + chunk[:end]
                rest = b""
            rest += chunk[end:]
            if len(rest) > LONGEST_LINE_BYTES:
                raise SourceChanged(f"{self.name}, line {self._at(self._lines)}: more than {len(rest):,} bytes long")
        if rest:
            yield rest

    def _decoded(self, block: bytes, names: list[str]) -> pa.RecordBatch:
        """The block's rows, lines without any value among them as rows of nulls."""
        wanted = [name for name in names if name in self.types]
        if wanted:
            try:
                batch = self._parsed(block, names, {name: self.types[name] for name in wanted})
            except pa.ArrowInvalid:
                pass  # what is wrong, text tells
            else:
                if not batch.column(0).null_count:
                    return batch
        try:
            return self._parsed(block, names, dict.fromkeys(names, pa.string()))
        except pa.ArrowInvalid as error:
            raise SourceChanged(self._malformed(str(error))) from error

    def _parsed(self, block: bytes, names: list[str], types: Mapping[str, pa.DataType]) -> pa.RecordBatch:
        self._odd = []
        table = pv.read_csv(
            pa.BufferReader(block),
            # One block for pyarrow too, so that its rows are numbered from the first of these lines.
            read_options=pv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=names),
            parse_options=pv.ParseOptions(ignore_empty_lines=False, invalid_row_handler=self._remember),
            convert_options=pv.ConvertOptions(
                column_types=types, include_columns=list(types), null_values=[""], strings_can_be_null=True
            ),
        )
        return pa.RecordBatch.from_arrays(
            [column.combine_chunks() if column.num_chunks != 1 else column.chunk(0) for column in table.columns],
            names=table.column_names,
        )

    def _remember(self, row: Any) -> str:
        self._odd.append(row)
        return "skip"

    def _data(self, batch: pa.RecordBatch) -> pa.Array | None:
        """Which rows are data; None if all are. A line without a value is no row, whether it has its commas or not."""
        is_data = None
        if batch.column(0).null_count:
            is_data = functools.reduce(pc.or_, map(pc.is_valid, batch.columns))
        if self.layout.marked:
            header, data = self.layout.marked
            marks = batch.column("_mark") if is_data is None else batch.column("_mark").filter(is_data)
            if others := set(pc.unique(marks).to_pylist()) - {header, data}:
                raise SourceChanged(f"{self.name}: rows marked {sorted(map(str, others))} among the data")
            is_data = pc.fill_null(pc.equal(batch.column("_mark"), data), False)
        return is_data

    def line(self, row: int) -> int:
        """The line of the data row with this number, from 0."""
        return self._at(_place(row, self._gaps))

    def _at(self, place: int) -> int:
        """The line of the file that stands so many below the header, from 0."""
        return self.head.line + 1 + place

    def _malformed(self, said: str) -> str:
        row = re.search(r"Row #(\d+)", said)
        where = f", line {self._at(self._lines + int(row[1]) - 1)}" if row else ""
        what = "not UTF-8: two encodings in one file?" if "UTF8" in said else said
        return f"{self.name}{where}: malformed: {what}"

    def _account_for_odd_rows(self) -> None:
        """Blank lines and footers may be of another length than the header, and nothing else."""
        for row in self._odd:
            line = self._at(self._lines + row.number - 1)
            if self.layout.footer and re.search(self.layout.footer, row.text):
                self._footer, self._footer_line = row.text, line
            elif row.text.strip():
                raise SourceChanged(
                    f"{self.name}, line {line}: {row.actual_columns} values where the header has "
                    f"{row.expected_columns}: {row.text[:200]!r}; cut, or not this kind of file"
                )

    def _check_footer(self) -> None:
        if not self.layout.footer:
            return
        if not self._footer:
            raise SourceChanged(
                f"{self.name}, line {self.line(self.rows - 1)}: the file ends after {self.rows:,} rows without the "
                f"footer that tells their number: it is cut; get it again"
            )
        found = re.search(self.layout.footer, self._footer)
        if found and found.groups() and int(found[1]) != self.rows:
            raise SourceChanged(
                f"{self.name}, line {self._footer_line}: the footer counts {int(found[1]):,} rows and the "
                f"file has {self.rows:,}; get it again"
            )


def _place(row: int, gaps: Sequence[int]) -> int:
    """Where a row stands among lines of which `gaps`, ascending, are no rows."""
    for gap in gaps:
        if gap > row:
            break
        row += 1
    return row


def _falses(mask: pa.Array) -> list[int]:
    rows: list[int] = pc.indices_nonzero(pc.invert(mask)).to_pylist()
    return rows
