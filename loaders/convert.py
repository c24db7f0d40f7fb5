"""Files that a user has into a lake of parquet: one file per source, dataset, resolution and year.

The batches are those of the warehouse's path. Memory does not grow with the number of files: rows go to disk as they
come, and so do the hashes by which overlapping files and repeated keys are found.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from loaders.ahead import ahead
from loaders.body import Body
from loaders.catalogue import Dataset, Source
from loaders.errors import LoaderError, SourceChanged, repeats_a_key
from loaders.files import SourceFile
from loaders.hashes import Hashes, Latest, first_repeated, hashes
from loaders.memory import give_back, settle
from loaders.readers import Repeats, read_body
from loaders.recognise import Recognised
from loaders.shape import Shaper, coded
from loaders.windows import Window
from loaders.workshop import workshop
from loaders.yearfile import Verified, YearFile

LATE = ("body_sha256", "release", "loaded_at", "row_hash", "occurrence")  # known after the last row; not in the lake

INFLATED_AHEAD = 16  # chunks (256 kB): with the block (4 MB) that is decoded, another one
DECODED_AHEAD = 4  # batches (2 MB), while one is written

Told = Callable[[SourceFile, int], None]


@dataclass
class Converted:
    """What became of the files: parquet files written, rows, and the messages of what failed."""

    written: list[Verified] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)  # older files that stay, because an input failed
    files_read: int = 0
    rows_outside: int = 0  # of other years
    rows_quarantined: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 if every file is in, 2 if some are not, 1 if nothing was written."""
        if not self.errors:
            return 0 if self.written else 1
        return 2 if self.written or self.kept else 1


def convert(
    source: Source, datasets: Sequence[Dataset], found: Recognised, years: Sequence[int], out: Path, told: Told
) -> Converted:
    """Write the years of these datasets below `out`, as `<source>/<dataset>_<minutes>min_<year>.parquet`.

    Where files speak for the same places and times (the dataset's `replaces`), the one that changed last stands. A
    file that fails is left out and named; then a parquet file of its dataset that is there already is kept, and only a
    new one is written. One that nobody can read may be of any. `told` hears of every file that was read, and its rows.
    """
    outcome = Converted()
    outcome.errors += [f"{type(problem).__name__}: {problem}" for _, problem in found.unreadable]
    home = out / source.name
    settle()
    with workshop(home, "converting") as unfinished:
        for dataset in datasets:
            files = found.by_dataset.get(dataset.name, [])
            if files and dataset.request.window == "file":
                zone, some_unread = ZoneInfo(source.time_zone), bool(found.unreadable)
                _Dataset(dataset, zone, years, home, unfinished, outcome, told, some_unread).convert(files)
    return outcome


@dataclass(frozen=True)
class _Rows:
    """Rows of the input with that number, as the lake has them."""

    number: int
    batch: pa.RecordBatch


@dataclass(frozen=True)
class _End:
    """The end of an input, or what it failed of."""

    number: int
    file: SourceFile
    sha256: str
    shaper: Shaper
    problem: LoaderError | None


_Piece = tuple[int, bytes | Exception]  # of the input with that number: a chunk, or why there are no more


def _inflated(files: Sequence[SourceFile]) -> Iterator[_Piece]:
    """One file after the other, so that the next is inflated while one is decoded; of each there is a piece."""
    for number, file in enumerate(files):
        yield number, b""
        try:
            for chunk in file.read():
                yield number, chunk
        except (LoaderError, OSError) as error:
            yield number, error


def _chunks(pieces: Iterator[_Piece]) -> Iterator[bytes]:
    """What one input is made of. Raises what reading it raised."""
    for _, piece in pieces:
        if isinstance(piece, Exception):
            raise piece
        yield piece


@dataclass
class _Dataset:
    """One dataset: its files one after the other into the files of its years."""

    dataset: Dataset
    zone: ZoneInfo
    years: Sequence[int]
    home: Path
    unfinished: Path
    outcome: Converted
    told: Told
    some_unread: bool  # of the files, which may be files of this dataset

    def __post_init__(self) -> None:
        self._coded = coded(self.dataset.schema)
        kept = [one.name for one in self.dataset.fields if one.computed not in LATE]
        self.schema = pa.schema([self._coded.field(name) for name in kept])
        self._dated_by = "delivery_date" if "delivery_date" in self.schema.names else str(self.dataset.window)
        self._targets: dict[int, YearFile] = {}
        self._scopes = Hashes(self.unfinished / f"{self.dataset.name}.scopes")
        self._owners = Hashes(self.unfinished / f"{self.dataset.name}.owners")  # the file of each scope
        self._failed: set[int] = set()
        self._about: list[dict[str, object]] = []
        self._keys = Hashes(self.unfinished / f"{self.dataset.name}.keys")  # of the file that is read

    def convert(self, files: Sequence[SourceFile]) -> None:
        scopes: list[pa.Array] = []
        with closing(ahead(self._decoded(files), DECODED_AHEAD)) as decoded:
            for one in decoded:
                if isinstance(one, _Rows):
                    scopes.append(pc.unique(hashes(one.batch, self.dataset.replaces)))
                    keys = hashes(one.batch, self.dataset.grain)
                    self._keys.add(keys)
                    self._write(one.batch, one.number, keys)
                else:
                    self._take(one, scopes)
                    self._keys.clear()
                    scopes = []
        give_back()
        latest = Latest(self._scopes, self._owners)  # of files that speak for the same
        for year, target in sorted(self._targets.items()):
            self._finish(year, target, latest)

    def _decoded(self, files: Sequence[SourceFile]) -> Iterator["_Rows | _End"]:
        """Every file's rows, then its end."""
        with closing(ahead(_inflated(files), INFLATED_AHEAD)) as inflated:
            for number, pieces in groupby(inflated, key=itemgetter(0)):
                file, problem = files[number], None
                shaper = self._shaper(file)
                body = replace(Body.of(file), chunks=_chunks(pieces))
                try:
                    for batch in read_body(body, self.dataset, Repeats()):
                        yield _Rows(number, shaper.shape(batch).select(self.schema.names))
                        shaper.take_rejects()
                except LoaderError as error:
                    problem = error
                yield _End(number, file, body.sha256, shaper, problem)

    def _shaper(self, file: SourceFile) -> Shaper:
        return Shaper(self.dataset, Window("file", self.zone, files=(file,)), file=file.name, schema=self._coded)

    def _take(self, end: "_End", scopes: list[pa.Array]) -> None:
        """Count a file that is read to its end, or note why it failed."""
        self._about.append({})
        try:
            self._count(end)
        except LoaderError as error:
            self._failed.add(end.number)
            self.outcome.errors.append(f"{type(error).__name__}: {self.dataset.label} {end.file.name}: {error}")
            return
        distinct = pc.unique(pa.chunked_array(scopes, pa.int64()))
        self._scopes.add(distinct)
        self._owners.add(pa.repeat(pa.scalar(end.number, pa.int64()), len(distinct)))
        self._about[end.number] = {"file": end.file.name, "sha256": end.sha256, "rows": end.shaper.rows_read}

    def _count(self, end: "_End") -> None:
        if end.problem is not None:
            raise end.problem
        shaper = end.shaper
        self.outcome.files_read += 1
        self.outcome.rows_quarantined += shaper.rows_quarantined
        self.told(end.file, shaper.rows_read)
        if shaper.rows_quarantined > self.dataset.max_reject_share * shaper.rows_read:
            raise SourceChanged(f"{shaper.rows_quarantined:,} of {shaper.rows_read:,} rows do not fit the declaration")
        if not shaper.rows_read:
            raise SourceChanged("the file has no rows")
        self._check_keys(end.file)

    def _check_keys(self, file: SourceFile) -> None:
        """Raise `SourceChanged` for a file that repeats a key: which of its rows is meant, nobody knows."""
        again = map(self._shaper(file).shape, read_body(Body.of(file), self.dataset, Repeats()))
        if key := first_repeated(again, self.dataset.grain, self._keys.repeated()):
            raise SourceChanged(repeats_a_key(key))

    def _write(self, shaped: pa.RecordBatch, number: int, keys: pa.Array) -> None:
        year_of = pc.year(shaped.column(self._dated_by))
        found = pc.unique(year_of).to_pylist()
        for year in found:
            of_year = pc.equal(year_of, year)
            if year not in self.years:
                self.outcome.rows_outside += pc.sum(of_year).as_py()
            elif len(found) == 1:
                self._target(year).write(shaped, number, keys)
            else:
                self._target(year).write(shaped.filter(of_year), number, keys.filter(of_year))

    def _target(self, year: int) -> YearFile:
        if year not in self._targets:
            self._targets[year] = self._new(self._path(year), self.unfinished)
        return self._targets[year]

    def _new(self, target: Path, unfinished: Path) -> YearFile:
        return YearFile(target, self.schema, self.dataset.grain, self._dated_by, unfinished)

    def _path(self, year: int) -> Path:
        minutes = (self.dataset.layout.get("clock") or {}).get("minutes", 60)
        return self.home / f"{self.dataset.name}_{minutes}min_{year}.parquet"

    def _finish(self, year: int, target: YearFile, latest: Latest) -> None:
        about = [one for one in self._about if one]
        target.close(about)
        if latest or self._failed & {number for number, _ in target.origins}:
            target = self._without_the_outdated(target, latest, about)
        path = self._path(year)
        if not target.rows:
            target.throw_away()
            return
        try:
            verified = target.verify()
            if verified.first.year != year or verified.last.year != year:  # type: ignore[attr-defined]  # the lake is sorted by instants
                raise AssertionError(f"{path}: rows from {verified.first} to {verified.last}")
        except LoaderError as error:
            self.outcome.errors.append(f"{type(error).__name__}: {self.dataset.label} {year}: {error}")
            target.throw_away()
            return
        if (self._failed or self.some_unread) and path.exists():
            self.outcome.kept.append(path)
            target.throw_away()
            return
        target.publish()
        self.outcome.written.append(verified)

    def _without_the_outdated(self, target: YearFile, latest: Latest, about: object) -> YearFile:
        """The file again without rows of failed inputs, and without those that a later input replaces."""
        unfinished = self.unfinished / "again"
        unfinished.mkdir(exist_ok=True)
        again = self._new(target.target, unfinished)
        for number, batch in target.batches():
            if number not in self._failed:
                kept = batch.filter(latest.owns(hashes(batch, self.dataset.replaces), number))
                again.write(kept, number, hashes(kept, self.dataset.grain))
        again.close(about)
        target.throw_away()
        return again
