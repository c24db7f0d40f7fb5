"""One window from its publisher to verified parquet parts on disk, with the ledger's entry for it.

Fetching, parsing and the completeness check stand together inside the retry: a body that is cut, empty, repeated or
not what was asked for is fetched again, and what is not right in the end never gets near the warehouse.
"""

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pyarrow.parquet as pq

from loaders.catalogue import Dataset
from loaders.coverage import Coverage
from loaders.errors import LoaderError, SourceChanged, SourceUnavailable
from loaders.identity import RowIdentity
from loaders.ledger import Entry, said_of
from loaders.parts import Parts
from loaders.readers import Repeats, read_body
from loaders.shape import REJECT_SCHEMA, Shaper
from loaders.transport import Body, Publisher
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
    route = dataset.route.format_map(window.values)
    params = {name: value.format_map(window.values) for name, value in dataset.request.params.items()}
    entry = Entry(
        source=dataset.source_name,
        dataset=dataset.name,
        window_label=window.label,
        window_from=window.first,
        window_until=window.until,
        request=_request(window, route, params),
        started_at=datetime.now(UTC),
    )
    home = folder / f"{dataset.name}-{window.label.replace('/', '-')}"

    def attempt() -> Extracted:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        if window.files:
            bodies: Iterable[AbstractContextManager[Body]] = (nullcontext(Body.of(file)) for file in window.files)
        else:
            bodies = [publisher.get(route, params)]
        repeats = Repeats()
        extracted = _extract_bodies(dataset, window, bodies, home, part_rows, entry, repeats)
        _check_complete(dataset, extracted, previous, repeats)
        return extracted

    try:
        return attempt() if window.files else publisher.persistently(attempt)
    except LoaderError as error:
        shutil.rmtree(home, ignore_errors=True)
        said = f"{type(error).__name__}: {dataset.label} {window.label}: {error}"
        is_unavailable = isinstance(error, SourceUnavailable) and not window.files
        if is_unavailable:
            said += f" (asked {publisher.attempts} times; run the same command again later)"
        failed = replace(entry, status="failed", error=said, finished_at=datetime.now(UTC))
        return Extracted(window, failed, is_unavailable=is_unavailable)


def _request(window: Window, route: str, params: dict[str, str]) -> str:
    if window.files:
        return said_of(window.files)
    return route + (f"?{urlencode(params)}" if params else "")


def _extract_bodies(
    dataset: Dataset,
    window: Window,
    bodies: Iterable[AbstractContextManager[Body]],
    home: Path,
    part_rows: int,
    entry: Entry,
    repeats: Repeats,
) -> Extracted:
    shaper = Shaper(dataset, window)
    identity = RowIdentity(dataset, home)
    parts = Parts(home, "part", dataset.schema, part_rows)
    rejects = Parts(home, "rejects", REJECT_SCHEMA, part_rows)
    coverage = Coverage(dataset, window)
    read: list[Body] = []
    with parts.closing(), rejects.closing():
        for opened in bodies:
            with opened as body:
                read.append(body)
                shaper.file = body.url
                for batch in read_body(body, dataset, repeats):
                    shaped = shaper.shape(batch)
                    coverage.add(shaped)
                    parts.write(identity.hash(shaped))
                    rejects.write(shaper.take_rejects())
        if not parts.written:  # an empty window is loaded as an empty part, so that rows of an earlier load go
            parts.write_nothing()
    rows_loaded = sum(rows for _, rows in parts.written)
    sha256 = joint_sha256(read)
    return Extracted(
        window,
        replace(
            entry,
            window_from=coverage.first_day,
            window_until=coverage.until_day,
            status="loaded" if shaper.rows_read > shaper.rows_neighbouring else "empty",
            rows_read=shaper.rows_read,
            rows_loaded=rows_loaded,
            rows_quarantined=shaper.rows_quarantined,
            rows_neighbouring=shaper.rows_neighbouring,
            bytes_read=sum(body.size for body in read),
            sha256=sha256,
            finished_at=datetime.now(UTC),
        ),
        identity.finish(parts.written, sha256, max(body.release for body in read)),
        rejects.written,
        coverage.bounds,
    )


def joint_sha256(bodies: Sequence[Body]) -> str:
    """The body's own, or that of all their hashes where a window has several."""
    if len(bodies) == 1:
        return bodies[0].sha256
    return hashlib.sha256("".join(body.sha256 for body in bodies).encode()).hexdigest()


def _check_complete(dataset: Dataset, extracted: Extracted, previous: Entry | None, repeats: Repeats) -> None:
    """Raise unless the window may be written: it has rows, few rejects, no repeated rows, and did not shrink."""
    entry = extracted.entry
    if entry.rows_read != entry.rows_loaded + entry.rows_quarantined + entry.rows_neighbouring:
        raise AssertionError(f"rows lost between reader and parts: {entry}")  # a defect of ours, never of the data
    if entry.status == "empty" and not dataset.may_be_empty:
        raise SourceUnavailable(
            "the answer has no rows: not published yet, or lost at the publisher. If an empty window is normal "
            f"here, write `may_be_empty: true` in {dataset.path.name}"
        )
    if entry.rows_quarantined > dataset.max_reject_share * entry.rows_read:
        first = pq.read_table(extracted.rejects[0][0]).slice(0, 1).to_pylist()[0]
        raise SourceChanged(
            f"{entry.rows_quarantined:,} of {entry.rows_read:,} rows do not fit the declaration, more than "
            f"max_reject_share {dataset.max_reject_share:g}; the first: {first['reason']} in {first['raw_record']}"
        )
    if not dataset.may_repeat and (repeated := repeats.count()):
        raise SourceUnavailable(
            f"the answer repeats {repeated:,} of its {entry.rows_read:,} records: a page sent twice?"
        )
    if previous is not None and entry.rows_loaded < dataset.floor * previous.rows_loaded:
        raise SourceChanged(
            f"the answer shrank from {previous.rows_loaded:,} to {entry.rows_loaded:,} rows, below the floor of "
            f"{dataset.floor:g}; the old rows stay. If the publisher withdrew them, load with --accept-shrink"
        )
