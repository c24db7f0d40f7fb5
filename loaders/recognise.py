"""Which dataset a file belongs to, by what is in it, and the windows that the files of a dataset make."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fnmatch import fnmatch
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from loaders.catalogue import Dataset, FilePattern, Source, source_module
from loaders.delimited import unpacked
from loaders.errors import LoaderError, SourceChanged, SourceUnavailable
from loaders.files import SourceFile
from loaders.windows import Window

HEAD_BYTES = 16 << 10  # the longest preamble that a market writes is under 1 KB
PARQUET = b"PAR1"


@dataclass
class Recognised:
    """A source's files by dataset, those that belong to none, and those that cannot be read with the reason."""

    by_dataset: dict[str, list[SourceFile]] = field(default_factory=dict)
    unknown: list[SourceFile] = field(default_factory=list)
    unreadable: list[tuple[SourceFile, LoaderError]] = field(default_factory=list)

    def of(self, dataset: Dataset) -> list[SourceFile]:
        """The files that the dataset reads: its own, or those of the dataset that it is made of."""
        return self.by_dataset.get(dataset.files_of or dataset.name, [])


def recognise(
    source: Source, files: Sequence[SourceFile], others: Callable[[], Iterable[Source]] = tuple
) -> Recognised:
    """Sort files by the dataset that declares them; the first that matches has it, in the order of their names.

    A file that belongs to one of the `others` is in the wrong place, and as good as one that cannot be read. They are
    asked for only when a file is none of this source's: reading them takes longer than a short command has.
    """
    sorted_files = Recognised()
    for file in files:
        try:
            beginning = head(file)
        except LoaderError as error:
            is_named = file.name in str(error)  # what unpacks a stream does not know whose it is
            sorted_files.unreadable.append((file, error if is_named else type(error)(f"{file.name}: {error}")))
            continue
        if (dataset := _whose(source, file, beginning)) is not None:
            sorted_files.by_dataset.setdefault(dataset.name, []).append(file)
        elif (dataset := next(filter(None, (_whose(one, file, beginning) for one in others())), None)) is not None:
            said = f"{file.name} is a file of {dataset.label}: load it with --source {dataset.source_name}"
            sorted_files.unreadable.append((file, SourceChanged(said)))
        elif (problem := _damaged(source, file, beginning)) is not None:
            sorted_files.unreadable.append((file, problem))
        else:
            sorted_files.unknown.append(file)
    return sorted_files


def _whose(source: Source, file: SourceFile, beginning: str) -> Dataset | None:
    return next((dataset for dataset in source.datasets.values() if _matches(dataset, file, beginning)), None)


def _damaged(source: Source, file: SourceFile, beginning: str) -> LoaderError | None:
    """Why a file that is called as a dataset's files are is none: it would be missed. None of one called otherwise."""
    is_empty = not beginning.strip()
    if not is_empty and "\0" not in beginning:
        return None
    patterns = ((dataset, dataset.files) for dataset in source.datasets.values())
    dataset = next((dataset for dataset, pattern in patterns if pattern and _is_called(pattern, file)), None)
    if dataset is None:
        return None
    what = "is empty" if is_empty else "is no text in UTF-8, nor packed in a way that is read (zip, tar, gzip)"
    return SourceUnavailable(f"{file.name} is called as a file of {dataset.label}, but {what}; get it again")


def head(file: SourceFile) -> str:
    """The file's first kilobytes as text, unpacked; of parquet the names of its columns, a comma between them.

    Raises `SourceUnavailable` if it cannot be read.
    """
    found = b""
    for chunk in unpacked(file.read(HEAD_BYTES)):
        found += chunk
        if len(found) >= HEAD_BYTES:
            break
    if found[: len(PARQUET)] == PARQUET:
        try:
            with file.open() as opened:
                return ",".join(pq.read_schema(opened).names)
        except (pa.ArrowException, UnicodeDecodeError) as error:  # the latter from the name of a column
            raise SourceUnavailable(f"{file.name} is not parquet that can be read ({error}); get it again") from error
    return found[:HEAD_BYTES].decode("utf-8-sig", "replace")


def _matches(dataset: Dataset, file: SourceFile, beginning: str) -> bool:
    pattern = dataset.files
    if pattern is None or not any(header in beginning for header in pattern.headers):
        return False
    return not pattern.names or _is_called(pattern, file)


def _is_called(pattern: FilePattern, file: SourceFile) -> bool:
    """Whether a name of the pattern is the file's own, whatever folders it lies in, or its archive's with its own."""
    parts = file.name.lower().split("/")
    known_as = ["/".join(parts[place:]) for place in range(len(parts))]
    return any(fnmatch(one, name.lower()) for one in known_as for name in pattern.names)


def file_windows(
    source: Source, dataset: Dataset, recognised: Recognised, first: date, until: date, now: datetime
) -> Iterator[Window]:
    """The windows that the dataset's files make: one each, or what the source's planner says.

    A planner is a module with `plan(dataset, files, zone, first, until, now) -> Iterator[Window]`.
    """
    zone = ZoneInfo(source.time_zone)
    files = recognised.of(dataset)
    if source.planner is None:
        yield from (Window("file", zone, files=(file,)) for file in files)
    else:
        yield from source_module(source.name, source.planner).plan(dataset, files, zone, first, until, now)
