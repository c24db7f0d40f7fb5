"""The form of a market's file, as a dataset's `layout` declares it: shape, headers, clock, signs and evidence."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic import Field as Constraint

from loaders.catalogue import Dataset
from loaders.errors import DeclarationError

Headers = str | tuple[str, ...]  # one header, or every one that the publisher has used for the column
Pattern = Annotated[str, Constraint(min_length=1)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _patterns_compile(self) -> Self:
        for name, value in self:
            patterns = value.values() if name == "said" else [value] if name in ("melt", "footer", "form") else []
            for pattern in patterns:
                if isinstance(pattern, str):
                    try:
                        re.compile(pattern)
                    except re.error as error:
                        raise ValueError(f"{name}: {pattern!r} is no regular expression: {error}") from error
        return self


class Clock(Part):
    """How a row's label becomes an instant.

    A label is a stamp (`at`), or a date with an hour ending (`date`, `hour`, with `interval` counting inside of the
    hour); a date that stands in the preamble or the name only is taken from there. What tells the repeated hour of
    autumn is, in this order: the label itself (`02X`, 25), a `flag` column, an `abbreviation` column (EST, EDT), or
    `order`: the second time that a row's label and these columns come.
    """

    at: Headers | None = None
    form: str = "%m/%d/%Y %H:%M:%S"  # of `at`; `iso` for ISO 8601
    date: Headers | None = None
    hour: Headers | None = None
    interval: Headers | None = None
    is_utc: bool = False
    edge: Literal["begins", "ends"] = "begins"  # of the stamp; an hour is always named by its end
    flag: Headers | None = None
    abbreviation: Headers | None = None
    order: tuple[str, ...] = ()  # keys
    minutes: int = Constraint(default=60, ge=1, le=1440)
    spring: Literal["refused", "shifted"] = "refused"  # a label that the spring day does not have
    label: Headers | None = None  # what to keep as the publisher's own label, where the stamp is in UTC

    @model_validator(mode="after")
    def _from_one_label(self) -> Self:
        if (self.at is None) == (self.hour is None):
            raise ValueError("clock: write `at` for a stamp, or `hour` (and `date`) for an hour ending")
        return self


class Evidence(Part):
    """What the file says of itself that has to hold. Prices in USD/MWh."""

    identity: float | None = None  # largest difference between lmp and the sum of its components
    rows_of_a_price: int = 4  # lmp and its components, where each is a row: with fewer the identity proves nothing
    one_energy: float | None = None  # largest spread of lmp - congestion - loss over the locations of an instant
    whole: Literal["days", "no"] = "no"  # the file holds whole market days, for each of its locations
    whole_when: str = ""  # expression; only if the preamble says so


class Layout(Part):
    """The form of a file.

    shape: `rows` a row each; `hours` a column for each hour; `melt` a column for each series; `tables` several tables
    one after the other, each with hours; `answer` a JSON web service.
    """

    shape: Literal["rows", "hours", "melt", "tables", "answer"] = "rows"
    zone: str
    columns: dict[str, Headers] = {}  # key -> header
    constants: dict[str, str | int | bool] = {}  # key -> value of all rows
    said: dict[str, Pattern] = {}  # key -> expression whose group is found in the name or the preamble; null if not
    stamps: dict[str, str] = {}  # key -> form of a column in UTC that is an instant too
    negated: tuple[str, ...] = ()  # keys that the publisher gives with the other sign
    melt: str = ""  # expression for the headers that become rows
    into: tuple[str, str] = ("series", "value")  # keys of their name and of their value
    marked: tuple[str, str] | None = None  # marks of header and data rows, in the first column
    footer: str = ""  # expression of the last row; its group, if it has one, counts the data rows
    records: str = ""  # path to the array of an answer
    may_lack: tuple[str, ...] = ()  # keys of columns that not every file has: null there
    clock: Clock
    evidence: Evidence = Evidence()


def layout_of(dataset: Dataset) -> Layout:
    """The dataset's layout. Raises `DeclarationError` naming its file."""
    return _parse(dataset.path, dataset.name, _frozen(dataset.layout))


@lru_cache(maxsize=256)
def _parse(path: Any, name: str, content: "_Frozen") -> Layout:
    try:
        return Layout.model_validate(content.value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DeclarationError(f"{path}: layout {where}: {first['msg']}".replace("Value error, ", "")) from error


class _Frozen:
    """A mapping as a key of a cache."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        self.value = value
        self._text = repr(value)

    def __hash__(self) -> int:
        return hash(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Frozen) and other._text == self._text


def _frozen(value: Mapping[str, Any]) -> _Frozen:
    return _Frozen(value)


def headers(wanted: Headers | None) -> tuple[str, ...]:
    """All names of a column, without the differences of spelling that a publisher allows itself."""
    names = () if wanted is None else (wanted,) if isinstance(wanted, str) else wanted
    return tuple(plain(name) for name in names)


@lru_cache(maxsize=4096)
def plain(header: str) -> str:
    """A header without quotes, case, blanks and underscores: `DELIVERY_DATE`, `Delivery Date ` and `DeliveryDate`."""
    return re.sub(r'[\s_"]+', "", header).lower()
