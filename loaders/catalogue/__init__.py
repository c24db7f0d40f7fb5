"""What can be loaded: sources, their fields and their datasets, read from the YAML files under `sources/`.

A dataset is a file, named as the file. A field is defined once per source. Every mistake in a file is a
`DeclarationError` that names the file, the line and what to write.
"""

import importlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field as Constraint

from loaders.catalogue.dataset import (
    CODED,
    Asked,
    Computed,
    Dataset,
    Field,
    FieldType,
    FilePattern,
    RequestStyle,
    WindowKind,
    variable,
)
from loaders.catalogue.document import Declaration, Document, Name, unknown
from loaders.catalogue.download import Download, Downloads, Listing, Pages
from loaders.errors import DeclarationError

__all__ = [
    "CODED",
    "SOURCES",
    "Asked",
    "Catalogue",
    "Computed",
    "DataStatus",
    "Dataset",
    "Declaration",
    "Download",
    "Downloads",
    "Field",
    "FieldType",
    "FilePattern",
    "Listing",
    "Pages",
    "RequestStyle",
    "Source",
    "WindowKind",
    "read_catalogue",
    "read_source",
    "source_module",
]

SOURCES = Path(__file__).parents[1] / "sources"


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
        raise DeclarationError(unknown("dataset", name, self.datasets, where=f"source {self.name}"))


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
        raise DeclarationError(unknown("source", name, self.sources, where="the catalogue"))

    def datasets(self) -> Iterator[Dataset]:
        for source in self.sources.values():
            yield from source.datasets.values()

    def settings(self) -> dict[str, str]:
        """Every source's settings as variables of the environment, which is how dbt is told of them."""
        return {
            variable(source.name, name): os.environ.get(variable(source.name, name), str(value))
            for source in self.sources.values()
            for name, value in source.settings.items()
        }


@cache
def read_catalogue(root: Path = SOURCES) -> Catalogue:
    """Read every source below `root`: once in a process, for they are 140 files.

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
    declared = Document(folder / "source.yml")
    source = declared.build(Source, name=folder.name)
    own = folder / "fields.yml"
    fields_file = Document(own if source.vocabulary is None else folder.parent / f"{source.vocabulary}.yml")
    fields = {name: fields_file.build(Field, at=name, name=name) for name in fields_file.content}
    datasets = {}
    for path in sorted((folder / "datasets").glob("*.yml")):
        datasets[path.stem] = _read_dataset(Document(path), source, fields)
    return source.model_copy(update={"datasets": datasets})


def _read_dataset(document: Document, source: Source, fields: dict[str, Field]) -> Dataset:
    names = document.content.get("fields") or []
    for name in names:
        if name not in fields:
            raise document.error(unknown("field", name, fields, where="fields.yml"), at="fields", word=name)
    style = document.content.get("request")
    if style not in source.requests:
        raise document.error(unknown("request style", str(style), source.requests, where="source.yml"), at="request")
    dataset = document.build(
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
    if dataset.download and not (source.download and (source.download.listing or not dataset.download.listed)):
        needed = "listing" if source.download else "download"
        raise document.error(f"download: write `{needed}: ...` in source.yml, which says where to ask", at="download")
    return dataset
