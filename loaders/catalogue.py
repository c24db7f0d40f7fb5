"""What can be loaded: sources, their fields and their datasets, read from the YAML files under `sources/`.

A dataset is a file, named as the file. A field is defined once per source. Every mistake in a file is a
`DeclarationError` that names the file, the line and what to write.
"""

import importlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic import Field as Constraint

from loaders.errors import DeclarationError

SOURCES = Path(__file__).parent / "sources"

Name = Annotated[str, Constraint(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
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

YAML_LOADER: Any = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # every command reads all declarations: 0.03 s for 0.15
_SET_BY_THE_READER = {"name", "source_name", "path", "datasets"}


class Declaration(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=Declaration)


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


class Download(Declaration):
    """Where the publisher keeps a dataset's files: one for each hour, day or month and each of the values in `each`.

    In braces stand, with a form of `strftime`, `{day:%Y%m%d}` (its beginning by the market's clock), `{start:...}` and
    `{end:...}` (its beginning and the next one's, in UTC), what `each` has, and in `route` and `params` `{file}`.
    A month that is over is one `archive` in place of its days, where there is one. `now` is a file that always holds
    the newest state, kept under the day on which it was asked for. With `listed`, parameters of the source's `listing`,
    the publisher says itself which files there are.
    """

    every: Literal["hour", "day", "month", "now"] = "day"
    file: str = ""
    archive: str = ""
    url: str = ""  # left out, the source's
    route: str = ""
    params: dict[str, str] = {}
    each: tuple[dict[Name, str], ...] = ({},)
    listed: dict[str, str] = {}

    @model_validator(mode="after")
    def _has_a_name_and_a_place(self) -> Self:
        if not self.listed and not (self.file and self.route):
            raise ValueError("download: write `file: ...` and `route: ...`, or `listed: {...}`")
        at = datetime(2024, 1, 1, tzinfo=UTC)
        for values in self.each:
            known = {"day": at, "start": at, "end": at, "file": "", **values}
            for text in (self.file, self.archive, self.route, *self.params.values()):
                try:
                    text.format_map(known)
                except (KeyError, ValueError, IndexError) as error:
                    raise ValueError(f"download: {text!r} cannot be filled in: {error!r}") from error
        return self


class Key(Declaration):
    """What a publisher knows a user by: a header, whose value stands in a variable of the environment."""

    header: str
    variable: str


class Pages(Declaration):
    """An answer of at most so many rows: the parameters that say how many, and from which row (from 1) on."""

    rows: int = Constraint(gt=0)
    size: str
    first: str


class Listing(Declaration):
    """Where a publisher lists its files, in JSON: the path to the records, and in each to its name and identifier.

    `kept` is an expression for the names that are wanted, and the group of `day` in one the day on which it was
    published, YYYYMMDD. A file is at `file_route` with `params`, in which `{id}` stands for its identifier.
    """

    route: str
    records: str
    name: str
    id: str
    kept: str
    day: str
    file_route: str
    params: dict[str, str]


class Downloads(Declaration):
    """How a source's files may be asked for, on which terms, or why not at all (`refused`)."""

    refused: str = ""
    terms: str = ""
    url: str = ""
    params: dict[str, str] = {}  # of every request
    key: Key | None = None
    cookie_from: str = ""  # a page that has to be seen first
    pages: Pages | None = None
    listing: Listing | None = None

    @model_validator(mode="after")
    def _allowed_or_not(self) -> Self:
        if bool(self.refused) == bool(self.terms and self.url):
            raise ValueError("download: write `url: ...` and `terms: ...`, or `refused: ...` with the reason")
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
        return os.environ.get(_variable(self.source_name, name), str(self.settings[name]))

    @property
    def is_nested(self) -> bool:
        return any(field.type == "json" for field in self.fields)

    def changed_after(self, age: timedelta) -> timedelta:
        """How long after its end a window of this age may have changed last: what was loaded before is loaded again."""
        revised = [days for days in self.revised_after if timedelta(days=days) <= age]
        return timedelta(days=max([self.lookback, *revised]))


class DataStatus(Declaration):
    """Where the publisher says how many rows it has of a dataset: `{code}`, `{first}` and `{last}` stand in braces.

    The answer is JSON: under `envelope` a list of records with the keys `date`, `period` and `count`.
    """

    route: str
    params: dict[str, str]
    envelope: str
    date: str
    period: str
    count: str
    days: int = Constraint(gt=0)  # the most that one request may span


class Source(Declaration):
    """One publisher: where it is, its terms, its clock, how fast it may be asked, and its datasets."""

    name: Name
    title: str
    publisher: str
    about: str
    documentation: str
    licence: str
    url: str = ""  # a source of files has none
    time_zone: str
    domain: Name
    requests_per_second: float = Constraint(default=1, gt=0)
    vocabulary: Name | None = None  # a file of fields beside the sources, which several of them share
    layout: dict[str, Any] = {}  # what the layouts of all its datasets have in common
    planner: Name | None = None  # a module in the source's folder, where a window is not simply a file
    ignored: tuple[str, ...] = ()
    settings: dict[Name, str | int] = {}  # what its planner, its readers and its dbt models may be told
    requests: dict[Name, RequestStyle]
    data_status: DataStatus | None = None
    download: Downloads | None = None  # of a source of files, if its user may have them fetched
    datasets: dict[Name, Dataset] = {}

    def dataset(self, name: str) -> Dataset:
        """The dataset of that name. Raises `DeclarationError` with the nearest names when there is none."""
        if name in self.datasets:
            return self.datasets[name]
        raise DeclarationError(_unknown("dataset", name, self.datasets, where=f"source {self.name}"))


def _variable(source: str, setting: str) -> str:
    return f"MILLRACE_{source}_{setting}".upper()


def source_module(source: str, module: str) -> Any:
    """A module in a source's folder. Raises `DeclarationError` if there is none."""
    name = f"loaders.sources.{source}.{module}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise DeclarationError(
            f"source {source} names a module {module!r}: write {SOURCES / source / module}.py"
        ) from error


@dataclass(frozen=True)
class Catalogue:
    """All sources by name."""

    sources: Mapping[str, Source]

    def source(self, name: str) -> Source:
        """The source of that name. Raises `DeclarationError` with the nearest names when there is none."""
        if name in self.sources:
            return self.sources[name]
        raise DeclarationError(_unknown("source", name, self.sources, where="the catalogue"))

    def datasets(self) -> Iterator[Dataset]:
        for source in self.sources.values():
            yield from source.datasets.values()

    def settings(self) -> dict[str, str]:
        """Every source's settings as variables of the environment, which is how dbt is told of them."""
        return {
            _variable(source.name, name): os.environ.get(_variable(source.name, name), str(value))
            for source in self.sources.values()
            for name, value in source.settings.items()
        }


@cache
def read_catalogue(root: Path = SOURCES) -> Catalogue:
    """Read every source below `root`: once in a process, for they are 150 files.

    Raises `DeclarationError` on the first mistake found, when the source that has it is asked for.
    """
    return Catalogue(_Sources(root))


class _Sources(Mapping[str, Source]):
    """The sources below a folder, each read when it is first asked for: most commands need one of them."""

    def __init__(self, root: Path) -> None:
        self._folders = {path.parent.name: path.parent for path in sorted(root.glob("*/source.yml"))}
        self._read: dict[str, Source] = {}

    def __getitem__(self, name: str) -> Source:
        if name not in self._read:
            self._read[name] = read_source(self._folders[name])
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._folders

    def __iter__(self) -> Iterator[str]:
        return iter(self._folders)

    def __len__(self) -> int:
        return len(self._folders)


def read_source(folder: Path) -> Source:
    """Read one source: `source.yml`, `fields.yml` and a file per dataset.

    Raises `DeclarationError`.
    """
    declared = _Document(folder / "source.yml")
    source = declared.build(Source, name=folder.name)
    own = folder / "fields.yml"
    fields_file = _Document(own if source.vocabulary is None else folder.parent / f"{source.vocabulary}.yml")
    fields = {name: fields_file.build(Field, at=name, name=name) for name in fields_file.content}
    datasets = {}
    for path in sorted((folder / "datasets").glob("*.yml")):
        datasets[path.stem] = _read_dataset(_Document(path), source, fields)
    return source.model_copy(update={"datasets": datasets})


def _read_dataset(document: "_Document", source: Source, fields: dict[str, Field]) -> Dataset:
    names = document.content.get("fields") or []
    for name in names:
        if name not in fields:
            raise document.error(_unknown("field", name, fields, where="fields.yml"), at="fields", word=name)
    style = document.content.get("request")
    if style not in source.requests:
        raise document.error(_unknown("request style", str(style), source.requests, where="source.yml"), at="request")
    return document.build(
        Dataset,
        name=document.path.stem,
        source_name=source.name,
        path=document.path,
        request=source.requests[str(style)],
        fields=[fields[name] for name in names],
        ignored=[*source.ignored, *(document.content.get("ignored") or [])],
        settings=source.settings,
        vocabulary=source.vocabulary,
        layout=source.layout | (document.content.get("layout") or {}),
    )


def _unknown(kind: str, name: str, known: Any, where: str) -> str:
    import difflib  # only ever needed to word a mistake

    near = difflib.get_close_matches(name, list(known), n=3) or sorted(known)[:8]
    return f"no {kind} {name!r} in {where}; did you mean {' or '.join(near)}?"


class _Document:
    """A YAML file that can say on which line a key or a word stands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            text = path.read_text(encoding="utf-8")
            content = yaml.load(text, Loader=YAML_LOADER)  # noqa: S506 - it is the safe one, in C where it can be
        except FileNotFoundError as error:
            raise DeclarationError(
                f"{path}: the file is missing; every source has source.yml and fields.yml, or names a `vocabulary`"
            ) from error
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise DeclarationError(f"{path}:{line}: not YAML: {error.problem}") from error
        if not isinstance(content, dict):
            raise DeclarationError(f"{path}:1: write a mapping of settings, one per line")
        self.content: dict[str, Any] = content

    @cached_property
    def _root(self) -> yaml.Node | None:
        """The document with its lines, which only a mistake asks for."""
        return yaml.compose(self.path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)

    def build(self, model: type[Model], at: str | None = None, **known: Any) -> Model:
        """The model from this document (or from the mapping under the key `at`), with `known` values over it."""
        content = self.content if at is None else self.content[at]
        if not isinstance(content, dict):
            raise self.error(f"{at}: write a mapping such as {{key: ..., type: ..., about: ...}}", at=at)
        try:
            return model(**{**content, **known})
        except ValidationError as error:
            # A misspelt setting is both unknown and missing: its own name is the better advice.
            first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
            place = [str(part) for part in first["loc"]]
            said = _advice(first, place, model)
            raise self.error(said, at=at or (place[0] if place else None), word=place[-1] if place else None) from error

    def error(self, said: str, at: str | None = None, word: str | None = None) -> DeclarationError:
        return DeclarationError(f"{self.path}:{self._line(at, word)}: {said}")

    def _line(self, at: str | None, word: str | None) -> int:
        """The line of `word` under the key `at`, of the key itself, or the first."""
        line = 1
        if isinstance(self._root, yaml.MappingNode):
            for key, value in self._root.value:
                if key.value == at:
                    line = key.start_mark.line + 1
                    for node in _scalars(value):
                        if node.value == word:
                            return int(node.start_mark.line) + 1
        return int(line)


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for part in node.value:
            yield from _scalars(part)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(key)
            yield from _scalars(value)


def _advice(first: Any, place: list[str], model: type[BaseModel]) -> str:
    """What to write, from pydantic's first error."""
    name = ".".join(place)
    if first["type"] == "missing":
        about = model.model_fields[place[0]] if place and place[0] in model.model_fields else None
        wanted = f" ({about.annotation})" if about is not None else ""
        return f"{name} is missing; add `{name}: ...`{wanted}"
    if first["type"] == "extra_forbidden":
        return _unknown("setting", name, set(model.model_fields) - _SET_BY_THE_READER, where="this kind of file")
    return f"{name}: {first['msg']}".removeprefix(": ").replace("Value error, ", "")
