"""One market's file as Arrow batches under the dataset's keys: long, in UTC, its signs and its evidence checked."""

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from loaders.catalogue import CODED, Dataset, FieldType
from loaders.errors import SourceChanged
from loaders.markets.answers import Answer
from loaders.markets.clocks import read_date
from loaders.markets.evidence import Witness
from loaders.markets.instants import Columns, Instants
from loaders.markets.layout import Headers, Layout, headers, layout_of, plain
from loaders.markets.lines import read_head, said
from loaders.markets.reshape import HOUR_HEADER, reshape
from loaders.markets.table import Table
from loaders.markets.tables import Tables

NUMBERS = ("double", "integer")


def read(file: BinaryIO, dataset: Dataset, name: str) -> Iterator[pa.RecordBatch]:
    """Batches of at most 50,000 rows whose columns are keys of the dataset.

    Raises `SourceChanged`, naming the file and, where there is one, the line: at the beginning for what is not this
    kind of file, on the way for a bad row, and after the last batch for a file that is not whole.
    """
    layout = layout_of(dataset)
    source, preamble = _open(file, layout, dataset, name)
    keys = {one.key for one in dataset.published}
    kinds = {one.key: one.type for one in dataset.published}
    instants: Instants | None = None
    witness = Witness(layout, name, preamble)
    row = 0  # of the file
    for wide in source.batches():
        if instants is None:  # tables have read their preamble by now
            preamble = preamble or tuple(getattr(source, "preamble", ()))
            instants = Instants(layout, name, _date(layout, name, preamble))
        for rows, batch in reshape(wide, layout, source.names):

            def line(place: int, first: int = row, rows: int = rows) -> int:
                return source.line(first + place % rows)

            columns = _columns(batch, layout, kinds)
            columns |= instants.columns(batch, columns, line)
            columns |= _said(layout, dataset, name, preamble, batch.num_rows)
            for key, form in layout.stamps.items():
                columns[key] = instants.stamps(columns[key], form, line)
            shown = pa.RecordBatch.from_pydict({key: value for key, value in columns.items() if key in keys})
            witness.add(pa.RecordBatch.from_pydict(columns), line)
            yield shown
            row += rows
    witness.finish()


def _open(
    file: BinaryIO, layout: Layout, dataset: Dataset, name: str
) -> tuple[Table | Tables | Answer, tuple[str, ...]]:
    """What gives the batches, and the lines before them."""
    if layout.shape == "answer":
        return Answer(file, layout, name), ()
    if layout.shape == "tables":
        return Tables(file, layout, name), ()
    head = read_head(file, list(_wanted(layout)), name)
    _account_for_headers(head.names, head.line, layout, dataset, name)
    return Table(file, head, layout, name, _types(head.names, layout, dataset)), head.preamble


def _types(names: Sequence[str], layout: Layout, dataset: Dataset) -> dict[str, pa.DataType]:
    """How the wanted columns of a file with these headers are decoded: numbers at once, text by its distinct values."""
    numbers = {one.key for one in dataset.published if one.type in NUMBERS}
    clock = {one for names in (*_of_the_clock(layout), *_labels(layout)) for one in headers(names)}
    texts = {one for key, names in layout.columns.items() if key not in numbers for one in headers(names)} | clock
    wanted = {one for key, names in layout.columns.items() if key in numbers for one in headers(names)} - texts
    series = {plain(name) for name in names if _is_series(name, layout)} if layout.into[1] in numbers else set()
    types = dict.fromkeys(wanted | series, pa.float64()) | dict.fromkeys(texts, CODED)
    return types | {"_mark": CODED} if layout.marked else types


def _wanted(layout: Layout) -> Iterator[Sequence[str]]:
    """The columns that make a line the header, each with its names."""
    for key, names in layout.columns.items():
        if key not in layout.may_lack:
            yield headers(names)
    for one in _of_the_clock(layout):
        yield headers(one)
    if layout.shape == "hours":
        yield ("he1",)


def _of_the_clock(layout: Layout) -> Iterator[Headers]:
    clock = layout.clock
    for one in (clock.at, clock.date, clock.hour, clock.interval, clock.flag, clock.abbreviation):
        if one is not None and one != "=hour":
            yield one


def _account_for_headers(names: Sequence[str], line: int, layout: Layout, dataset: Dataset, name: str) -> None:
    known = {one for names in layout.columns.values() for one in headers(names)}
    known |= {one for names in _of_the_clock(layout) for one in headers(names)}
    known |= {one for names in _labels(layout) for one in headers(names)}
    known |= {plain(one) for one in dataset.ignored}
    for place, header in enumerate(names):
        is_mark = place == 0 and (layout.marked is not None or not header.strip())
        if not is_mark and not _is_series(header, layout) and plain(header) not in known:
            raise SourceChanged(
                f"{name}, line {line}: unknown column {header.strip()!r}; declare it under `layout.columns` in "
                f"{dataset.path.name}, or under `ignored`"
            )


def _is_series(header: str, layout: Layout) -> bool:
    """Whether a column becomes rows."""
    if layout.shape == "hours":
        return HOUR_HEADER.fullmatch(plain(header)) is not None
    return bool(layout.melt) and re.fullmatch(layout.melt, header.strip()) is not None


def _labels(layout: Layout) -> Iterator[Headers]:
    label = layout.clock.label
    if label is not None:
        yield from (label,) if isinstance(label, str) else label


def _columns(batch: pa.RecordBatch, layout: Layout, kinds: dict[str, FieldType]) -> Columns:
    columns: Columns = {}
    wanted = {key: headers(names) for key, names in layout.columns.items()}
    if layout.shape in ("hours", "tables"):
        wanted[layout.into[1]] = ("=value",)
    if layout.shape == "melt":
        wanted |= {key: (f"={key}",) for key in layout.into}
    for key, names in wanted.items():
        place = next((at for one in names if (at := batch.schema.get_field_index(one)) >= 0), -1)
        values = batch.column(place) if place >= 0 else pa.nulls(batch.num_rows, pa.string())
        kind = kinds.get(key, "string")
        if pa.types.is_dictionary(values.type) and kind != "string" and key not in layout.stamps:
            values = values.dictionary_decode()
        columns[key] = _number(values) if kind in NUMBERS else values
        if key in layout.negated and pa.types.is_floating(columns[key].type):
            # 0.0 - x, so that a zero does not become -0.0, which is another text in every comparison
            columns[key] = pc.subtract(pa.scalar(0.0), columns[key])
    for key, value in layout.constants.items():
        columns[key] = pa.repeat(pa.scalar(value), batch.num_rows)
    return columns


def _number(values: pa.Array) -> pa.Array:
    """Numbers, where all are some; else the text, for quarantine. Publishers pad with blanks and leave zeros out."""
    try:
        return values.cast(pa.float64())
    except pa.ArrowInvalid:
        trimmed = pc.utf8_trim_whitespace(values)
    try:
        return trimmed.cast(pa.float64())
    except pa.ArrowInvalid:
        return trimmed


def _said(layout: Layout, dataset: Dataset, name: str, preamble: Sequence[str], rows: int) -> Columns:
    """What the name or the preamble says once, as columns."""
    days = {one.key for one in dataset.published if one.type == "date"}
    columns: Columns = {}
    for key, pattern in layout.said.items():
        if key != "date":
            found = said(pattern, name, preamble)
            value = read_date(found) if key in days and found is not None else found
            columns[key] = pa.repeat(pa.scalar(value, pa.date32() if key in days else pa.string()), rows)
    return columns


def _date(layout: Layout, name: str, preamble: Sequence[str]) -> str | None:
    """The market day of a file whose rows do not have it. Raises `SourceChanged` where it is nowhere."""
    pattern = layout.said.get("date")
    if pattern is None:
        return None
    found = said(pattern, name, preamble)
    if found is None:
        raise SourceChanged(f"{name}: neither its name nor its first lines say of which day it is")
    return found
