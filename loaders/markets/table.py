"""A delimited file as batches of text under its headers: streamed, each row of the header's length, the footer true."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv

from loaders.errors import SourceChanged
from loaders.markets.layout import Layout, plain
from loaders.markets.lines import Head, Numbered

BLOCK_BYTES = 1 << 20  # about 10,000 rows; larger blocks are no faster and cost memory


@dataclass
class Table:
    """The data rows of one file, in batches. After the last one the footer has been compared with their number."""

    file: BinaryIO
    numbered: Numbered
    head: Head
    layout: Layout
    name: str
    rows: int = 0
    _odd: list[Any] = field(default_factory=list)  # rows of another length, as pyarrow met them

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
        try:
            reader = pv.open_csv(
                self.file,
                read_options=pv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES, column_names=names),
                parse_options=pv.ParseOptions(invalid_row_handler=self._remember),
                convert_options=pv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
                ),
            )
            for batch in reader:
                yield from self._data(batch)
        except pa.ArrowInvalid as error:
            if "Empty CSV file" not in str(error):
                raise SourceChanged(self._malformed(str(error))) from error
        self._check_odd_rows()

    def _remember(self, row: Any) -> str:
        self._odd.append(row)
        return "skip"

    def _data(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        if self.layout.marked:
            header, data = self.layout.marked
            is_data = pc.fill_null(pc.equal(batch.column("_mark"), data), False)
            others = set(batch.filter(pc.invert(is_data)).column("_mark").to_pylist()) - {header}
            if others:
                raise SourceChanged(f"{self.name}: rows marked {sorted(map(str, others))} among the data")
            batch = batch.filter(is_data)
        if not self.layout.footer and self._odd:
            self._check_odd_rows()
        if batch.num_rows:
            yield batch
            self.rows += batch.num_rows

    def line(self, row: int) -> int:
        """The line of the data row with this number, from 0."""
        second_header = 1 if self.layout.marked else 0
        return self.numbered.line(self.head, row + second_header)

    def _malformed(self, said: str) -> str:
        row = re.search(r"Row #(\d+)", said)
        where = f", line {self.numbered.line(self.head, int(row[1]) - 1)}" if row else ""
        what = "not UTF-8: two encodings in one file?" if "UTF8" in said else said
        return f"{self.name}{where}: malformed: {what}"

    def _check_odd_rows(self) -> None:
        footers = [row for row in self._odd if self.layout.footer and re.search(self.layout.footer, row.text)]
        for row in self._odd:
            if row not in footers:
                raise SourceChanged(
                    f"{self.name}, line {self._line_of(row)}: {row.actual_columns} values where the header has "
                    f"{row.expected_columns}: {row.text[:200]!r}; cut, or not this kind of file"
                )
        if not self.layout.footer:
            return
        if not footers:
            raise SourceChanged(
                f"{self.name}, line {self.line(self.rows - 1)}: the file ends after {self.rows:,} rows without the "
                f"footer that tells their number: it is cut; get it again"
            )
        found = re.search(self.layout.footer, footers[-1].text)
        if found and found.groups() and int(found[1]) != self.rows:
            raise SourceChanged(
                f"{self.name}, line {self._line_of(footers[-1])}: the footer counts {int(found[1]):,} rows and the "
                f"file has {self.rows:,}; get it again"
            )

    def _line_of(self, row: Any) -> int:
        return self.numbered.line(self.head, row.number - 1)
