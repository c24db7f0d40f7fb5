"""A dataset: a table with its fields, its windows, and what is known of how it is published."""

import os
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pyarrow as pa
from pydantic import Field as Constraint
from pydantic import model_validator

from loaders.catalogue.document import Declaration, Name
from loaders.catalogue.download import Download

FieldType = Literal["string", "integer", "double", "decimal", "boolean", "date", "timestamp", "json"]
WindowKind = Literal["settlement_day", "utc_day", "year", "snapshot", "file"]
WINDOW_TYPES: dict[WindowKind, tuple[FieldType, ...]] = {
    "settlement_day": ("date",),
    "utc_day": ("timestamp",),
    "year": ("integer",),
    "file": ("date", "timestamp"),
}
# What the loader knows and the publisher does not say. `within` is what the window is limited to besides its time,
# `asked` in what a request differs from the others of its window.
Computed = Literal[
    "window_year", "within", "asked", "row_hash", "occurrence", "file", "release", "body_sha256", "loaded_at"
]

ARROW_TYPES: dict[FieldType, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "json": pa.string(),  # the text as published: what is inside is dbt's to take apart
}

CODED = pa.dictionary(pa.int32(), pa.string())  # text as its distinct values, and which of them a row has


class Field(Declaration):
    """One column: the publisher's key (or what the loader computes), the type, the unit if any, and the meaning."""

    name: Name
    key: str = ""
    computed: Computed | None = None
    type: FieldType
    precision: int = Constraint(default=18, ge=1, le=38)  # of a decimal: all digits, and those after the point
    scale: int = Constraint(default=2, ge=0, le=38)
    about: str
    unit: str | None = None

    @model_validator(mode="after")
    def _from_one_place(self) -> Self:
        if bool(self.key) == bool(self.computed):
            raise ValueError("write `key: ...` for what the publisher sends, or `computed: ...`, and not both")
        return self

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.decimal128(self.precision, self.scale) if self.type == "decimal" else ARROW_TYPES[self.type]


@dataclass(frozen=True)
class Asked:
    """One request, with nothing left in braces: route, parameters, and the values that no other of its window has."""

    route: str
    params: dict[str, str]
    values: dict[str, str]


class RequestStyle(Declaration):
    """How a window is asked for: the kind of window, and query parameters with the window's values in braces.

    A window that takes several requests lists in `each` the values in which they differ: sides, or parts of a day
    where a publisher allows no more at once. They stand in braces too, and a field with `computed: asked` keeps one.
    """

    window: WindowKind
    params: dict[str, str] = {}
    each: tuple[dict[Name, str], ...] = ({},)


class Publication(Declaration):
    """How many rows the publisher issues together: for each value of the columns `per`, or, without them, a window."""

    per: tuple[Name, ...] = ()
    rows: int = Constraint(gt=0)


class FilePattern(Declaration):
    """How a dataset's files are told from others: by their names if need be, and by what stands at their beginning.

    `names` are patterns of which one has to match, whatever the case; `header`, or one of several, has to stand in the
    first kilobytes.
    """

    names: tuple[str, ...] = ()
    header: str | tuple[str, ...] = ""

    @property
    def headers(self) -> tuple[str, ...]:
        return (self.header,) if isinstance(self.header, str) else self.header

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.names and not self.header:
            raise ValueError("write `names: [...]`, `header: ...` or both: without, every file would match")
        return self


class Dataset(Declaration):
    """One table: where it comes from, which columns it has, what makes a row unique and how it is written."""

    name: Name
    title: str
    about: str
    route: str = ""  # a dataset of files has none
    request: RequestStyle
    files: FilePattern | None = None
    files_of: Name | None = None  # the dataset whose files this one reads too
    download: Download | None = None  # where the publisher keeps them
    fields: tuple[Field, ...]
    grain: tuple[Name, ...]
    # The column whose value puts a row into a window. A snapshot has none: it is replaced as a whole.
    window: Name | None = None
    dated_by: Name | None = None  # a date that has to lie in the window, where the window's own column is computed
    # Both write the same way: the window is replaced in one transaction. A vintage's window is its publication time,
    # so a later publication never replaces an earlier one.
    mode: Literal["replace_window", "append_vintage"] = "replace_window"
    format: Literal["json", "csv", "parquet"] = "json"
    records: Literal["objects", "values"] = "objects"  # a bare value is read as an object with the key `value`
    reader: Name | None = None  # a module in the source's folder, where the format is unlike all others
    together: bool = False  # its reader is given all files of a window at once
    compression: Literal["none", "gzip"] = "none"  # of the file itself, not of its transfer
    delimiter: str = Constraint(default=",", min_length=1, max_length=1)
    # What a file speaks for: it replaces the rows that are equal to one of its own in all of these.
    replaces: tuple[Name, ...] = ()
    # Columns that differ between releases of the same row; `row_hash` leaves them out.
    not_in_row_hash: tuple[Name, ...] = ()
    vocabulary: Name | None = None  # the source's: its tables are joined with those of others, and one may be absent
    layout: dict[str, Any] = {}  # the form of a market's file, as `markets/layout.py` has it
    envelope: Name | None = None  # the key that holds the records, where the body is not a bare array
    overlap: tuple[Name, Name] | None = None  # start and end of a row that a neighbouring window may return too
    optional: tuple[Name, ...] = ()  # columns of the grain that may be null
    ignored: tuple[str, ...] = ()  # the publisher's keys that are known and not kept
    lookback: int = Constraint(default=0, ge=0, le=60)  # days after its end for which a window is loaded again
    # Days after its end by which the publisher has replaced a window as a whole: it is loaded again once after each.
    revised_after: tuple[Annotated[int, Constraint(gt=0, le=1000)], ...] = ()
    may_lack: tuple[Name, ...] = ()  # columns that not every file has
    settings: dict[Name, str | int] = {}  # the source's
    floor: float = Constraint(default=0.8, ge=0, le=1)  # a reload with a smaller share of the rows is refused
    max_reject_share: float = Constraint(default=0.01, ge=0, le=1)
    may_be_empty: bool = False
    may_repeat: bool = False  # identical rows are the publisher's own and all kept
    rows_per_day: int | None = None
    rows: int | None = None  # of a whole window, where it is not a day
    publication: Publication | None = None
    data_status: str | None = None  # the code by which the publisher counts its own rows per settlement period
    published_after: int = Constraint(default=0, ge=0, le=60)  # days after its end before which a window has no rows
    partition: Literal["day", "month"] = "month"  # where a warehouse has partitions, by the window's column
    cluster: tuple[Name, ...] = Constraint(default=(), max_length=4)  # and sorts within one; left out, by the grain
    source_name: Name
    path: Path  # of the declaration, for messages

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.route and self.files is None and self.files_of is None:
            raise ValueError("route is missing; add `route: ...`, or `files: ...` for a dataset of files")
        columns = {field.name for field in self.fields}
        named = {
            "grain": self.grain,
            "optional": self.optional,
            "overlap": self.overlap or (),
            "not_in_row_hash": self.not_in_row_hash,
            "replaces": self.replaces,
            "cluster": self.cluster,
            "publication": self.publication.per if self.publication else (),
            "may_lack": self.may_lack,
        }
        for setting, names in named.items():
            if missing := [name for name in names if name not in columns]:
                raise ValueError(f"{setting}: {missing[0]!r} is not among the dataset's fields; add it to `fields`")
        keys = [field.key for field in self.published]
        if duplicates := {key for key in keys if keys.count(key) > 1}:
            raise ValueError(f"fields: two fields read the key {duplicates.pop()!r}; keep one of them")
        kept = [field.name for field in self.fields if field.computed == "asked"]
        if unasked := [name for name in kept if any(name not in values for values in self.request.each)]:
            raise ValueError(f"fields: {unasked[0]!r} is not among the values of `each` in the request style")
        if (self.request.window == "snapshot") != (self.window is None):
            raise ValueError("window: name the column that puts a row into its window (a snapshot has none)")
        if self.window is not None:
            kind = {f.name: f.type for f in self.fields}.get(self.window)
            wanted = WINDOW_TYPES[self.request.window]
            if kind not in wanted:
                found = kind or "not among the fields"
                needed = " or ".join(wanted)
                raise ValueError(f"window: {self.window!r} is {found}; a {self.request.window} needs a {needed}")
        if self.request.window == "file":
            self._check_files()
        return self

    def _check_files(self) -> None:
        if self.files is None:
            raise ValueError("files: say how to recognise them, `files: {names: [...], header: ...}`")
        if self.computed("body_sha256") is None:
            raise ValueError("fields: add the one with `computed: body_sha256`, by which a file's rows are counted")
        nullable = [name for name in self.replaces if name not in (*self.required, self.window)]
        if not self.replaces or nullable:
            raise ValueError("replaces: name columns of the grain that are never null, such as [delivery_date, node]")

    @property
    def table(self) -> str:
        """Name of the raw table."""
        return f"{self.source_name}__{self.name}"

    @property
    def rejects_table(self) -> str:
        return f"{self.table}__rejects"

    @property
    def pipeline(self) -> str:
        """Name of the dlt pipeline that loads it, which is that of dlt's schema too."""
        return f"millrace_{self.source_name}_{self.name}"

    @property
    def label(self) -> str:
        """How messages name the dataset."""
        return f"{self.source_name}.{self.name}"

    @property
    def required(self) -> tuple[str, ...]:
        """Columns without which a row is refused: the grain's, as far as the publisher sends them."""
        sent = {field.name for field in self.published}
        return tuple(name for name in self.grain if name in sent and name not in self.optional)

    @cached_property
    def schema(self) -> pa.Schema:
        """Columns of the raw table, in the declared order."""
        return pa.schema([(field.name, field.arrow_type) for field in self.fields])

    @cached_property
    def published(self) -> tuple[Field, ...]:
        """The columns that come from the publisher, in the declared order."""
        return tuple(field for field in self.fields if field.key)

    def asked(self, values: dict[str, str]) -> list[Asked]:
        """The requests of the window that has these values, in the declared order."""
        requests = []
        for differing in self.request.each:
            known = values | differing
            params = {name: value.format_map(known) for name, value in self.request.params.items()}
            requests.append(Asked(self.route.format_map(known), params, differing))
        return requests

    def computed(self, what: Computed) -> Field | None:
        """The column that holds it, if there is one."""
        return next((field for field in self.fields if field.computed == what), None)

    def setting(self, name: str) -> str:
        """A setting of the source, which the environment overrides as MILLRACE_<SOURCE>_<SETTING>."""
        return os.environ.get(variable(self.source_name, name), str(self.settings[name]))

    @property
    def is_nested(self) -> bool:
        return any(field.type == "json" for field in self.fields)

    def changed_after(self, age: timedelta) -> timedelta:
        """How long after its end a window of this age may have changed last: what was loaded before is loaded again."""
        revised = [days for days in self.revised_after if timedelta(days=days) <= age]
        return timedelta(days=max([self.lookback, *revised]))


def variable(source: str, setting: str) -> str:
    return f"MILLRACE_{source}_{setting}".upper()
