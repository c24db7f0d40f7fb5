"""From the publisher's keys to the declared columns. Every key is accounted for, every value cast, every row judged.

A row whose values do not cast goes to quarantine with the reason; a key that nobody declared, or a row that was not
asked for, is `SourceChanged`.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from loaders.catalogue import CODED, Dataset, Field
from loaders.errors import SourceChanged
from loaders.windows import Window

REJECT_SCHEMA = pa.schema(
    [
        ("window_label", pa.string()),
        ("record_number", pa.int64()),
        ("reason", pa.string()),
        ("raw_record", pa.string()),
    ]
)

SET_ASIDE = b"set_aside"  # in the metadata of a batch, the reason for which a reader rejects all of its rows


@dataclass
class Shaper:
    """Shapes one window's batches and counts what becomes of its rows.

    `rows_read` = rows given out + `rows_quarantined` + `rows_neighbouring`, always.
    """

    dataset: Dataset
    window: Window
    rows_read: int = 0
    rows_quarantined: int = 0
    rows_neighbouring: int = 0  # also returned with the window that they belong to, and stored there
    asked: dict[str, str] = field(default_factory=dict)  # in what this request differs from the window's others
    file: str = ""  # which of the window's files is being read
    schema: pa.Schema | None = None  # what to give out instead of the dataset's: the same columns, text as CODED
    _rejects: list[dict[str, Any]] = field(default_factory=list)

    @property
    def _schema(self) -> pa.Schema:
        return self.dataset.schema if self.schema is None else self.schema

    @property
    def rows_own(self) -> int:
        """Rows read so far that belong to this window, good or bad."""
        return self.rows_read - self.rows_neighbouring

    def take_rejects(self) -> pa.RecordBatch:
        """The rows quarantined since the last call, as REJECT_SCHEMA."""
        rejects, self._rejects = self._rejects, []
        return pa.RecordBatch.from_pylist(rejects, schema=REJECT_SCHEMA)

    def shape(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with the dataset's schema, without the rows that were quarantined or belong to a neighbour.

        Raises `SourceChanged` for an undeclared key or a row outside the window.
        """
        self._account_for_keys(batch)
        first_record = self.rows_read
        self.rows_read += batch.num_rows
        if reason := (batch.schema.metadata or {}).get(SET_ASIDE):
            self._quarantine(batch, dict.fromkeys(range(batch.num_rows), reason.decode()), first_record)
            return pa.RecordBatch.from_pylist([], schema=self._schema)
        reasons: dict[int, str] = {}
        columns = [self._column(batch, declared, reasons) for declared in self.dataset.fields]
        shaped = pa.RecordBatch.from_arrays(columns, schema=self._schema)
        window = () if self.dataset.window is None else (self.dataset.window,)
        for name in dict.fromkeys(self.dataset.required + window):
            if shaped.column(name).null_count:
                for row in _positions(pc.is_null(shaped.column(name))):
                    reasons.setdefault(row, f"{name} is missing, and without it the row has no identity")
        if reasons:
            self._quarantine(batch, reasons, first_record)
            keep = pa.array([row not in reasons for row in range(batch.num_rows)])
            shaped, batch = shaped.filter(keep), batch.filter(keep)
        return self._inside_the_window(shaped, batch)

    def _account_for_keys(self, batch: pa.RecordBatch) -> None:
        declared = {f.key for f in self.dataset.published} | set(self.dataset.ignored)
        if undeclared := [key for key in batch.schema.names if key not in declared]:
            number = pc.index(pc.is_valid(batch.column(undeclared[0])), True).as_py()
            raise SourceChanged(
                f"undeclared key {', '.join(map(repr, undeclared))} in {_raw(batch, max(number, 0))}; declare it in "
                f"fields.yml and list it under `fields` (or under `ignored`) in {self.dataset.path.name}"
            )

    def _column(self, batch: pa.RecordBatch, declared: Field, reasons: dict[int, str]) -> pa.Array:
        kind = self._schema.field(declared.name).type
        if declared.computed is not None:
            return pa.repeat(pa.scalar(self._known(declared), kind), batch.num_rows)
        position = batch.schema.get_field_index(declared.key)
        if position < 0:
            return pa.nulls(batch.num_rows, kind)
        published = batch.column(position)
        try:
            return _cast(published, kind)
        except pa.ArrowNotImplementedError as error:  # as a struct in a file of parquet
            raise SourceChanged(
                f"{declared.key} is of the type {published.type}, of which no {declared.type} can be made; correct the "
                f"field in fields.yml, or leave it out of `fields` in {self.dataset.path.name}"
            ) from error
        except pa.ArrowInvalid:
            bad = _uncastable(published, kind)
            for row in bad:
                reasons.setdefault(row, f"{declared.name}: {published[row].as_py()!r} is not a {declared.type}")
            mask = pa.array([row in bad for row in range(batch.num_rows)])
            return pc.if_else(mask, pa.scalar(None, published.type), published).cast(kind)

    def _known(self, declared: Field) -> object:
        """What is known of a computed column before the last row has come; the rest is filled in then."""
        if declared.computed == "window_year" and self.window.first is not None:
            return self.window.first.year
        if declared.computed == "asked":
            return self.asked[declared.name]
        if declared.computed == "within":
            return dict(self.window.within)[declared.name]
        return self.file if declared.computed == "file" else None

    def _quarantine(self, batch: pa.RecordBatch, reasons: dict[int, str], first_record: int) -> None:
        self.rows_quarantined += len(reasons)
        self._rejects += [
            {
                "window_label": self.window.label,
                "record_number": first_record + row + 1,
                "reason": reason,
                "raw_record": _raw(batch, row),
            }
            for row, reason in sorted(reasons.items())
        ]

    def _inside_the_window(self, shaped: pa.RecordBatch, batch: pa.RecordBatch) -> pa.RecordBatch:
        column = self.dataset.dated_by or self.dataset.window
        if column is None or self.window.bounds is None or shaped.num_rows == 0:
            return shaped
        values = shaped.column(column)
        bounds = (self.window.first, self.window.until) if self.dataset.dated_by else self.window.bounds
        first, until = (pa.scalar(bound, values.type) for bound in bounds)
        inside = pc.fill_null(pc.and_(pc.greater_equal(values, first), pc.less(values, until)), False)
        if pc.all(inside).as_py():
            return shaped
        outside = pc.invert(inside)
        stray = pc.and_(outside, pc.invert(self._touching(shaped)))
        if pc.any(stray).as_py():
            row = pc.index(stray, True).as_py()
            raise SourceChanged(
                f"row outside the window: {column} is {values[row].as_py()} in {_raw(batch, row)}. A "
                f"publisher that does not know a parameter ignores it: correct `request` in {self.dataset.path.name}"
            )
        self.rows_neighbouring += pc.sum(outside).as_py()
        return shaped.filter(inside)

    def _touching(self, shaped: pa.RecordBatch) -> pa.Array:
        """Rows that overlap the window, where the dataset says that a neighbour's rows come along."""
        if self.dataset.overlap is None:
            return pa.array([False] * shaped.num_rows)
        start, end = (shaped.column(name) for name in self.dataset.overlap)
        touches = pc.and_(
            pc.less_equal(start, _instant(self.window.end_at)), pc.greater_equal(end, _instant(self.window.start_at))
        )
        return pc.fill_null(touches, False)


def coded(schema: pa.Schema) -> pa.Schema:
    """The schema with its columns of text as CODED: they are compared, hashed and written as numbers."""
    return pa.schema([one.with_type(CODED) if pa.types.is_string(one.type) else one for one in schema])


def _instant(at: datetime | None) -> pa.Scalar:
    return pa.scalar(at, pa.timestamp("us", tz="UTC"))


def _cast(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """The values as `kind`. Raises `ArrowInvalid` if one does not cast, or is not to be kept as one.

    That is no number, since one NaN spoils every sum, and text with a NUL, which Postgres refuses with all beside it.
    """
    cast = values.cast(kind)
    if pa.types.is_floating(kind) and not pc.all(pc.is_finite(cast), min_count=0).as_py():
        raise pa.ArrowInvalid("not a finite number")
    if _has_nul(values):
        raise pa.ArrowInvalid("text with a NUL")
    return cast


def _has_nul(values: pa.Array) -> bool:
    if pa.types.is_dictionary(values.type):  # a slice of a column has the dictionary of the whole
        return _has_nul(values.dictionary) and _has_nul(values.dictionary_decode())
    if not pa.types.is_string(values.type) or values.buffers()[2] is None:
        return False
    # Looking through the buffer, which holds more than a slice's own text, takes a hundredth of matching each value.
    return b"\0" in values.buffers()[2].to_pybytes() and pc.any(pc.match_substring(values, "\0")).as_py() is True


def _uncastable(values: pa.Array, kind: pa.DataType, offset: int = 0) -> set[int]:
    """Positions that do not cast, by halving: a few bad values among many cost a few casts."""
    try:
        _cast(values, kind)
        return set()
    except pa.ArrowInvalid:
        if len(values) == 1:
            return {offset}
        half = len(values) // 2
        return _uncastable(values[:half], kind, offset) | _uncastable(values[half:], kind, offset + half)


def _positions(mask: pa.Array) -> list[int]:
    return [row for row, hit in enumerate(mask.to_pylist()) if hit]


def _raw(batch: pa.RecordBatch, row: int) -> str:
    """A row as published, as JSON; keys that it does not have are left out."""
    [record] = batch.slice(row, 1).to_pylist()
    return json.dumps(
        {key: value for key, value in record.items() if value is not None}, ensure_ascii=False, default=str
    )
