"""How a publisher's files are asked for: addresses, terms, keys, pages and listings, as a source declares them."""

from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import Field as Constraint
from pydantic import model_validator

from loaders.catalogue.document import Declaration, Name


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
            raise ValueError("write `file: ...` and `route: ...`, or `listed: {...}`")
        at = datetime(2024, 1, 1, tzinfo=UTC)
        for values in self.each:
            known = {"day": at, "start": at, "end": at, "file": "", **values}
            for text in (self.file, self.archive, self.route, *self.params.values()):
                try:
                    text.format_map(known)
                except (KeyError, ValueError, IndexError) as error:
                    raise ValueError(f"{text!r} cannot be filled in: {error!r}") from error
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
            raise ValueError("write `url: ...` and `terms: ...`, or `refused: ...` with the reason")
        return self
