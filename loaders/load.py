"""The loop: plan the windows, load each exactly once, count what is there, and say how it went.

Windows are extracted one by one and committed in groups: a commit costs about 0.2 s whatever it holds, so small
windows share one. A window that fails is recorded and the others go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from loaders.budget import budget
from loaders.catalogue import Dataset, Source
from loaders.commit import Committer
from loaders.destination import Session
from loaders.errors import DeclarationError, WarehouseUnavailable
from loaders.extract import Extracted, extract
from loaders.ledger import Entry, Standing, Status, read_entries, standings
from loaders.memory import give_back, settle
from loaders.recognise import Recognised, file_windows
from loaders.transport import Publisher
from loaders.windows import Window, plan_windows

COMMIT_WINDOWS = 186  # half a year of a small one, which is a minute and a half of requests at two a second
SHORTEST_MONTH = 28  # days: fewer are no month to judge by
FAILURES_BEFORE_GIVING_UP = 5  # windows in a row without an answer: the publisher is down, and asking on is rude


@dataclass(frozen=True)
class Request:
    """What the user asked for: days from `first` up to but without `until`, of these datasets of a source."""

    source: Source
    datasets: tuple[Dataset, ...]
    first: date
    until: date
    force: bool = False  # load again what is done
    accept_shrink: bool = False  # let a window lose rows
    files: Recognised | None = None  # load these instead of asking the publisher
    is_sample: bool = False  # of generated publishers


@dataclass(frozen=True)
class Job:
    """One dataset's share of a request: the windows to load out of all in the span, and where each stands."""

    dataset: Dataset
    windows: tuple[Window, ...]
    span: tuple[Window, ...]
    standings: dict[str, Standing]

    @property
    def hashes(self) -> set[str]:
        """SHA-256 of everything that is loaded."""
        return {standing.good.sha256 for standing in self.standings.values() if standing.good}

    @property
    def in_span(self) -> int:
        return len(self.span)

    @property
    def rows_expected(self) -> int:
        a_window = self.dataset.rows if self.dataset.rows is not None else self.dataset.rows_per_day
        return (a_window or 0) * len(self.windows)


@dataclass
class Outcome:
    """What became of the windows, and the messages of those that failed. Windows, rows and bytes are counts."""

    windows_loaded: int = 0
    windows_failed: int = 0
    windows_left: int = 0  # not tried, because the publisher or the warehouse stopped answering
    windows_done_before: int = 0
    windows_outside: int = 0  # files without a row of the span that was asked for
    months_empty: int = 0  # whole months without a row, of datasets whose days may have none
    rows_loaded: int = 0
    rows_quarantined: int = 0
    bytes_read: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 if every window is done and no month is empty, 2 if some are not, 1 if none is."""
        if not (self.windows_failed or self.windows_left or self.months_empty):
            return 0
        return 2 if self.windows_loaded or self.windows_done_before else 1


class Reporter(Protocol):
    """Is told of a load's progress as it happens."""

    def started(self, job: Job) -> None: ...

    def extracted(self, job: Job, window: Extracted) -> None: ...

    def finished(self, job: Job) -> None: ...


def make_plan(request: Request, session: Session, now: datetime | None = None) -> list[Job]:
    """The windows that have ended by `now` and are not done, or were loaded too early to be final.

    Of files, those that are not loaded, or have changed since.
    Raises `WarehouseUnavailable` if the ledger cannot be read, `DeclarationError` if generated and real rows would mix.
    """
    now = now or datetime.now(UTC)
    zone = ZoneInfo(request.source.time_zone)
    entries = read_entries(session, request.source.name)
    jobs = []
    for dataset in request.datasets:
        known = standings(entries.get(dataset.name, []))
        _check_origin(dataset, known, request.is_sample, session)
        if request.files is None:
            found = plan_windows(dataset, zone, request.first, request.until, now)
        else:
            found = file_windows(request.source, dataset, request.files, request.first, request.until, now)
        span = tuple(found)
        wanted = [
            window for window in span if request.force or not _is_done(window, known.get(window.label), dataset, now)
        ]
        jobs.append(Job(dataset, tuple(wanted), span, known))
    return jobs


def _check_origin(dataset: Dataset, known: dict[str, Standing], is_sample: bool, session: Session) -> None:
    """Generated and published rows never share a table: a window done with the one would pass for the other."""
    for standing in known.values():
        if standing.good and standing.good.is_sample != is_sample:
            there, asked = ("published", "generated") if is_sample else ("generated", "published")
            raise DeclarationError(
                f"{dataset.label} in {session.warehouse} has {there} rows, of {standing.good.window_label} for one: "
                f"load {asked} ones into another file or database, or drop this one first"
            )


def _is_done(window: Window, standing: Standing | None, dataset: Dataset, now: datetime) -> bool:
    if standing is None:
        return False
    if window.files:
        return standing.has_read(window.files)
    return standing.is_done(dataset, now)


def run_plan(
    jobs: Sequence[Job], request: Request, session: Session, publisher: Publisher, reporter: Reporter
) -> Outcome:
    """Load the jobs' windows. A failure is in the outcome and in the ledger; only a defect of the loader raises."""
    settle()
    outcome = Outcome(windows_done_before=sum(job.in_span - len(job.windows) for job in jobs))
    for _, problem in request.files.unreadable if request.files else ():
        outcome.windows_failed += 1
        outcome.errors.append(f"{type(problem).__name__}: {problem}")
    for job in jobs:
        run = _Run(job, request, session, publisher, reporter, outcome)
        if job.windows:
            reporter.started(job)
            try:
                run.load()
            except WarehouseUnavailable as error:
                outcome.errors.append(f"{type(error).__name__}: {error}")
            reporter.finished(job)
        run.look_for_empty_months()
    unreadable = len(request.files.unreadable) if request.files else 0
    tried = outcome.windows_loaded + outcome.windows_failed - unreadable + outcome.windows_outside
    outcome.windows_left = sum(job.in_span for job in jobs) - tried - outcome.windows_done_before
    return outcome


@dataclass
class _Run:
    """One job: its windows through extraction, in groups into the warehouse."""

    job: Job
    request: Request
    session: Session
    publisher: Publisher
    reporter: Reporter
    outcome: Outcome
    statuses: dict[str, Status] = field(default_factory=dict)  # by window, of this run

    def look_for_empty_months(self) -> None:
        """An empty day may be normal, a month of them is a publisher that answers nothing: an error on every run."""
        statuses = {label: standing.last.status for label, standing in self.job.standings.items()} | self.statuses
        months: dict[str, list[Status | None]] = {}
        for window in self.job.span:
            if window.is_day:
                months.setdefault(window.label[:7], []).append(statuses.get(window.label))
        for month, found in months.items():
            if len(found) >= SHORTEST_MONTH and set(found) == {"empty"}:
                self.outcome.months_empty += 1
                self.outcome.errors.append(
                    f"SourceUnavailable: {self.job.dataset.label} {month}: none of its {len(found)} days has a row. "
                    f"Check `request` in {self.job.dataset.path.name}, or ask the publisher whether it has any; then "
                    "load the month again with --force"
                )

    def load(self) -> None:
        committer = Committer(self.session, self.job.dataset)
        self._hashes = self.job.hashes
        group: list[Extracted] = []
        failures = 0
        for window in self.job.windows:
            extracted = extract(
                self.job.dataset,
                window,
                self.publisher,
                self.session.folder / "parts",
                self.session.warehouse.part_rows(len(self.job.dataset.fields)),
                None if self.request.accept_shrink else self._good(window),
            )
            self.reporter.extracted(self.job, extracted)
            if self._is_left(extracted):
                extracted.throw_away()
                continue
            if _collides(extracted, group):
                self._commit(committer, group)
                group = []
            group.append(extracted)
            failures = failures + 1 if extracted.is_unavailable else 0
            if failures == FAILURES_BEFORE_GIVING_UP:
                break
            rows = sum(one.entry.rows_loaded for one in group)
            if len(group) == COMMIT_WINDOWS or rows >= budget().of(self.session.warehouse.commit_rows):
                self._commit(committer, group)
                group = []
        if group:
            self._commit(committer, group)
        if failures == FAILURES_BEFORE_GIVING_UP:
            self.outcome.errors.append(
                f"{self.job.dataset.label}: {failures} windows in a row had no answer, so the rest was left; "
                "run the same command again later"
            )

    def _is_left(self, extracted: Extracted) -> bool:
        """True of a file that has no row of the span, or the very bytes of one that is loaded."""
        if extracted.window.kind != "file" or not extracted.entry.is_good:
            return False
        if not self.request.force and extracted.entry.sha256 in self._hashes:
            self.outcome.windows_done_before += 1
            return True
        first, until = extracted.entry.window_from, extracted.entry.window_until
        if first is not None and until is not None and (first >= self.request.until or until <= self.request.first):
            self.outcome.windows_outside += 1
            return True
        self._hashes.add(extracted.entry.sha256)
        return False

    def _good(self, window: Window) -> Entry | None:
        standing = self.job.standings.get(window.label)
        return standing.good if standing else None

    def _commit(self, committer: Committer, group: list[Extracted]) -> None:
        give_back()
        failed: list[Extracted] = []
        try:
            try:
                committer.commit(group)
            except WarehouseUnavailable as error:
                failed = [_failed(extracted, error) for extracted in group]
            self._count(failed or group)
            if failed:  # not inside of `except`, or a second refusal would give the first as its reason
                committer.commit(failed)  # if the warehouse is gone for good, this raises and the job ends
        finally:
            for extracted in group:
                extracted.throw_away()

    def _count(self, group: Sequence[Extracted]) -> None:
        for entry in (extracted.entry for extracted in group):
            self.statuses[entry.window_label] = entry.status
            if entry.is_good:
                self.outcome.windows_loaded += 1
                self.outcome.rows_loaded += entry.rows_loaded
                self.outcome.rows_quarantined += entry.rows_quarantined
                self.outcome.bytes_read += entry.bytes_read
            else:
                self.outcome.windows_failed += 1
                self.outcome.errors.append(entry.error or "")


def _collides(extracted: Extracted, group: Sequence[Extracted]) -> bool:
    """True if it must not share a commit: a year may be a partition, and a file may replace rows of another."""
    if extracted.window.kind == "year":
        return bool(group)
    if extracted.window.kind != "file" or extracted.covers is None:
        return False
    first, until = extracted.covers
    spans = [one.covers for one in group if one.entry.is_good and one.covers is not None]
    return any(first < span[1] and span[0] < until for span in spans)  # type: ignore[operator]  # all are of one kind


def _failed(extracted: Extracted, error: WarehouseUnavailable) -> Extracted:
    """The outcome of a window that was fetched and could not be written."""
    if not extracted.entry.is_good:
        return extracted
    said = f"{type(error).__name__}: {error}"
    entry = replace(extracted.entry, status="failed", rows_loaded=0, error=said)
    return Extracted(extracted.window, entry, failure=error)
