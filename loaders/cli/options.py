"""Options that several commands have, and what they stand for."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from loaders.errors import DeclarationError

if TYPE_CHECKING:
    from loaders.catalogue import Dataset, Source
    from loaders.files import SourceFile
    from loaders.recognise import Recognised

Years = Annotated[list[int] | None, typer.Argument(help="Years to load, oldest first.", show_default=False)]
SourceName = Annotated[str, typer.Option("--source", help="Publisher, as named under loaders/sources.")]
DatasetNames = Annotated[
    list[str] | None, typer.Option("--dataset", help="Only this dataset; may be given more than once. [default: all]")
]
First = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")]
Last = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included.")]
WarehouseName = Annotated[
    str | None,
    typer.Option("--warehouse", help="duckdb, postgres or bigquery. [default: MILLRACE_WAREHOUSE, or duckdb]"),
]
Files = Annotated[
    str | None,
    typer.Option(help="A folder, a file, an archive, or a URL (s3://, gs://). [default: MILLRACE_<SOURCE>_FILES]"),
]
MemoryLimit = Annotated[
    str | None,
    typer.Option("--memory-limit", help="512MB, for example. [default: MILLRACE_MEMORY_LIMIT, or the container's]"),
]


def chosen(source: "Source", names: list[str] | None) -> "tuple[Dataset, ...]":
    """The datasets of these names, or all of the source's. Raises `DeclarationError` for a name that is none."""
    return tuple(source.dataset(name) for name in names) if names else tuple(source.datasets.values())


@contextmanager
def files_of(
    source: "Source", datasets: "Sequence[Dataset]", spans: list[tuple[date, date]], files: str | None, sample: bool
) -> "Iterator[Recognised | None]":
    """The files to read, sorted by dataset, generated ones for a sample of a source of files; None to ask for data."""
    if not sample or files or source.url:
        yield recognised(source, files)
        return
    from loaders.sample import sample_files

    with sample_files(source.name, spans, [dataset.name for dataset in datasets]) as folder:
        yield recognised(source, folder)


def recognised(source: "Source", files: str | None) -> "Recognised | None":
    """The files to read instead of asking the publisher, sorted by dataset; None where none are given."""
    from loaders.catalogue import read_catalogue
    from loaders.files import find_files
    from loaders.recognise import recognise

    given = files or os.environ.get(f"MILLRACE_{source.name.upper()}_FILES")
    if not given and not source.url:
        raise DeclarationError(f"{source.title} is loaded from files: say where they are with --files PATH")
    if not given:
        return None

    def others() -> "Iterator[Source]":
        """Those with which it has a reader in common, easily mixed up."""
        for one in read_catalogue().sources.values() if source.vocabulary else ():
            if one.vocabulary == source.vocabulary and one.name != source.name:
                yield one

    files_there = find_files(given)
    found = recognise(source, files_there, others)
    if not found.by_dataset and not found.unreadable:
        raise DeclarationError(
            f"none of {len(files_there):,} files in {given} is one of {source.title}, {files_there[0].name} for example"
            + next((f": it is {one.title}'s, say --source {one.name}" for one in _owners(files_there[0])), "")
        )
    return found


def _owners(file: "SourceFile") -> "Iterator[Source]":
    from loaders.catalogue import read_catalogue
    from loaders.recognise import recognise

    return (one for one in read_catalogue().sources.values() if recognise(one, [file]).by_dataset)


def spans(years: list[int] | None, first: datetime | None, last: datetime | None) -> list[tuple[date, date]]:
    """Days as [first, until): one span a year, or the one between --from and --to. Raises `DeclarationError`."""
    if years and (first or last):
        raise DeclarationError("give years, or --from and --to, not both")
    if years:
        from loaders.windows import year_span

        return [year_span(year) for year in years]
    if first is None or last is None:
        raise DeclarationError("say what to load: years (millrace load 2024), or --from and --to")
    if last < first:
        raise DeclarationError(f"--from {first:%Y-%m-%d} is after --to {last:%Y-%m-%d}")
    return [(first.date(), last.date() + timedelta(days=1))]


@contextmanager
def publisher_url(source: str, sample: bool) -> Iterator[str | None]:
    """Where to ask instead of the source's own address: MILLRACE_<SOURCE>_URL, or a sample publisher started here."""
    if not sample:
        yield os.environ.get(f"MILLRACE_{source.upper()}_URL")
        return
    from loaders.sample import sample_publishers

    with sample_publishers() as urls:
        yield urls[source]
