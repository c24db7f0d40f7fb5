"""One window from its publisher to verified parquet parts on disk, with the ledger's entry for it.

Fetching, parsing and the completeness check stand together inside the retry: a body that is cut, empty, repeated or
not what was asked for is fetched again, and what is not right in the end never gets near the warehouse.
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import urlencode

import pyarrow as pa
import pyarrow.parquet as pq

from loaders.body import Body
from loaders.catalogue import Asked, Dataset
from loaders.coverage import Coverage
from loaders.errors import LoaderError, SourceChanged, SourceUnavailable, repeats_a_key
from loaders.hashes import Hashes, first_repeated, hashes
from loaders.identity import RowIdentity
from loaders.ledger import SAMPLE, Entry, said_of
from loaders.parts import Parts, batch_rows
from loaders.readers import Repeats, read_body
from loaders.shape import REJECT_SCHEMA, Shaper
from loaders.transport import Publisher
from loaders.windows import Bounds, Window


@dataclass(frozen=True)
class Extracted:
    """A window's outcome: what the ledger says of it and, when it is good, its parts on disk with their row counts."""

    window: Window
    entry: Entry
    parts: list[tuple[Path, int]] = field(default_factory=list)
    rejects: list[tuple[Path, int]] = field(default_factory=list)
    covers: Bounds | None = None  # first value of the window's column, and the first after it
    is_unavailable: bool = False  # it failed because the publisher did not answer
    failure: LoaderError | None = None  # why it is not good, with what to do

    def throw_away(self) -> None:
        """Delete what is on disk of it."""
        for path, _ in self.parts + self.rejects:
            shutil.rmtree(path.parent, ignore_errors=True)


def extract(
    dataset: Dataset, window: Window, publisher: Publisher, folder: Path, part_rows: int, previous: Entry | None
) -> Extracted:
    """Fetch one window into parquet parts of at most `part_rows` rows below `folder`.

    Never raises a `LoaderError`: a failure is an entry with status `failed` and its message. `previous` is the entry
    of the last good load of this window, against which a shrunken answer is refused.
    """
    requests = [] if window.files else dataset.asked(window.values)
    said = said_of(window.files) if window.files else " ".join(map(_address, requests))
    entry = Entry(
        source=dataset.source_name,
        dataset=dataset.name,
        window_label=window.label,
        window_from=window.first,
        window_until=window.until,
        request=(SAMPLE if publisher.is_sample else "") + said,
        started_at=datetime.now(UTC),
    )
    # Not named by the window: a file's name may be longer than a folder's, and two may differ in a character only.
    folder.mkdir(parents=True, exist_ok=True)
    home = Path(mkdtemp(prefix=f"{dataset.name}-", dir=folder))

    def attempt() -> Extracted:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        extracted = _Extraction(dataset, window, home, part_rows).run(requests, publisher, entry)
        _check_complete(dataset, extracted, previous)
        return extracted

    try:
        return attempt() if window.files else publisher.persistently(attempt)
    except LoaderError as error:
        shutil.rmtree(home, ignore_errors=True)
        said = f"{dataset.label} {window.label}: {error}"
        is_unavailable = isinstance(error, SourceUnavailable) and not window.files
        if is_unavailable:
            said += f" (asked {publisher.attempts} times; run the same command again later)"
        message = f"{type(error).__name__}: {said}"
        failed = replace(entry, status="failed", error=message, finished_at=datetime.now(UTC))
        return Extracted(window, failed, is_unavailable=is_unavailable, failure=type(error)(said))


def _address(asked: Asked) -> str:
    return asked.route + (f"?{urlencode(asked.params)}" if asked.params else "")


class _Extraction:
    """One attempt at a window: its files, or the answers to its requests one after another, into one set of parts."""

    def __init__(self, dataset: Dataset, window: Window, home: Path, part_rows: int) -> None:
        self._dataset, self._window = dataset, window
        self._shaper = Shaper(dataset, window)
        self._identity = RowIdentity(dataset, home)
        self._parts = Parts(home, "part", dataset.schema, part_rows)
        self._rejects = Parts(home, "rejects", REJECT_SCHEMA, part_rows)
        self._coverage = Coverage(dataset, window)
        # Of a market's file, whose rows are told apart by their keys only. Others count records that are the same text.
        self._keys = Hashes(home / "keys") if dataset.layout else None
        self._bodies: list[Body] = []

    def run(self, requests: list[Asked], publisher: Publisher, entry: Entry) -> Extracted:
        """Raises `SourceUnavailable` and `SourceChanged`."""
        with self._parts.closing(), self._rejects.closing():
            if self._window.files:
                files = self._window.files
                bodies = [Body.of(*files)] if self._dataset.together else map(Body.of, files)
                self._read(map(nullcontext, bodies), which="")
            for asked in requests:
                self._shaper.asked = asked.values
                which = f" for {', '.join(asked.values.values())}" if asked.values else ""
                self._read([publisher.get(asked.route, asked.params)], which)
                self._check_distinct(asked)
            sha256 = joint_sha256(self._bodies)
            for batch in self._identity.finish(sha256, max(body.release for body in self._bodies)):
                self._parts.write(batch)
            if not self._parts.written:  # an empty window is loaded as an empty part: rows of an earlier load go
                self._parts.write_nothing()
        shaper, parts = self._shaper, self._parts.written
        if self._keys is not None:
            key = first_repeated(_batches(parts, self._dataset.grain), self._dataset.grain, self._keys.repeated())
            if key:
                raise SourceChanged(repeats_a_key(key))
        return Extracted(
            self._window,
            replace(
                entry,
                window_from=self._coverage.first_day,
                window_until=self._coverage.until_day,
                status="loaded" if shaper.rows_own else "empty",
                rows_read=shaper.rows_read,
                rows_loaded=sum(rows for _, rows in parts),
                rows_quarantined=shaper.rows_quarantined,
                rows_neighbouring=shaper.rows_neighbouring,
                bytes_read=sum(body.size for body in self._bodies),
                sha256=sha256,
                finished_at=datetime.now(UTC),
            ),
            parts,
            self._rejects.written,
            self._coverage.bounds,
        )

    def _read(self, answer: Iterable[AbstractContextManager[Body]], which: str) -> None:
        """One answer into the parts. Raises `SourceUnavailable` if it has no rows or repeats them."""
        shaper, repeats = self._shaper, Repeats()
        before, own_before = shaper.rows_read, shaper.rows_own
        for opened in answer:
            with opened as body:
                self._bodies.append(body)
                shaper.file = body.url
                for batch in read_body(body, self._dataset, repeats):
                    shaped = shaper.shape(batch)
                    self._coverage.add(shaped)
                    if self._keys is not None:
                        self._keys.add(hashes(shaped, self._dataset.grain))
                    for ready in self._identity.add(shaped):
                        self._parts.write(ready)
                    self._rejects.write(shaper.take_rejects())
        if shaper.rows_own == own_before and not self._dataset.may_be_empty:
            raise SourceUnavailable(
                f"the answer has no rows{which}: not published yet, or lost at the publisher. If an empty window is "
                f"normal here, write `may_be_empty: true` in {self._dataset.path.name}"
            )
        # Rows that lack what tells them apart repeat each other: that they lack it is the better reason to refuse them.
        is_sound = shaper.rows_quarantined <= self._dataset.max_reject_share * shaper.rows_read
        if is_sound and not self._dataset.may_repeat and (repeated := repeats.count()):
            raise SourceUnavailable(
                f"the answer repeats {repeated:,} of its {shaper.rows_read - before:,} records{which}: "
                "a page sent twice?"
            )

    def _check_distinct(self, asked: Asked) -> None:
        """Raise `SourceChanged` if this answer is that of an earlier request of the window."""
        *earlier, last = self._bodies
        if self._shaper.rows_read and any(body.sha256 == last.sha256 for body in earlier):
            raise SourceChanged(
                f"the answer for {', '.join(asked.values.values())} is that of an earlier request: the publisher no "
                f"longer distinguishes {', '.join(asked.values)}; correct `request` in {self._dataset.path.name}"
            )


def _batches(parts: Iterable[tuple[Path, int]], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for path, _ in parts:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            yield from file.iter_batches(batch_rows(len(columns)), columns=list(columns), use_threads=False)


def joint_sha256(bodies: Sequence[Body]) -> str:
    """The body's own, or that of all their hashes where a window has several."""
    if len(bodies) == 1:
        return bodies[0].sha256
    return hashlib.sha256("".join(body.sha256 for body in bodies).encode()).hexdigest()


def _check_complete(dataset: Dataset, extracted: Extracted, previous: Entry | None) -> None:
    """Raise unless the window may be written: few rejects, and it did not shrink."""
    entry = extracted.entry
    if entry.rows_read != entry.rows_loaded + entry.rows_quarantined + entry.rows_neighbouring:
        raise AssertionError(f"rows lost between reader and parts: {entry}")  # a defect of ours, never of the data
    if entry.rows_quarantined > dataset.max_reject_share * entry.rows_read:
        first = pq.read_table(extracted.rejects[0][0]).slice(0, 1).to_pylist()[0]
        raise SourceChanged(
            f"{entry.rows_quarantined:,} of {entry.rows_read:,} rows do not fit the declaration, more than "
            f"max_reject_share {dataset.max_reject_share:g}; the first: {first['reason']} in {first['raw_record']}"
        )
    if previous is not None and entry.rows_loaded < dataset.floor * previous.rows_loaded:
        raise SourceChanged(
            f"the answer shrank from {previous.rows_loaded:,} to {entry.rows_loaded:,} rows, below the floor of "
            f"{dataset.floor:g}; the old rows stay. If the publisher withdrew them, load with --accept-shrink"
        )
