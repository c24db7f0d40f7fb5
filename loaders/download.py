"""Files from a publisher into a folder, for a load with --files: each one whole, or not there.

A file is written into a hidden folder beside the others, checked, and then takes its name: what has a name is whole,
and a reader of the folder never sees the rest.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import IO

from loaders.catalogue import Dataset, Downloads, Pages, Source
from loaders.delimited import as_file
from loaders.errors import AccessRefused, DeclarationError, LoaderError, NotThere, SourceChanged, SourceUnavailable
from loaders.files import ARCHIVES, find_files
from loaders.published import Published, listed, published
from loaders.recognise import head, recognise
from loaders.transport import Publisher
from loaders.workshop import workshop

FAILURES_BEFORE_GIVING_UP = 5  # files in a row without an answer: the publisher is down, and asking on is rude
PLAIN_NAME = r"\w[\w.+-]*"  # no path, nothing hidden: a listing's names come from outside
SHOWN = 120  # characters of what came instead of a file

Told = Callable[[Published, int], None]


@dataclass
class Downloaded:
    """What became of the files: counts, bytes, and a message for each one that is not in the folder."""

    fetched: int = 0
    there: int = 0
    size: int = 0
    missing: list[str] = field(default_factory=list)  # the publisher does not have them
    errors: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 if every file is in the folder, 2 if some are not, 1 if none is."""
        if not self.missing and not self.errors:
            return 0
        return 2 if self.fetched or self.there else 1


def downloadable(source: Source, datasets: Sequence[Dataset], chosen: bool, accepted: bool) -> list[Dataset]:
    """Those of the datasets whose files may be fetched. `chosen`: each was named, so that all of them have to be.

    Raises `DeclarationError` with the reason where the publisher's terms are against it, or are not accepted yet, and
    where no address is known.
    """
    if source.download is None:
        raise DeclarationError(f"{source.title} has no files to download: `millrace load` asks for its data itself")
    if source.download.refused:
        raise DeclarationError(
            f"{source.title} is not downloaded: {source.download.refused}. Load files that you have: "
            f"millrace load --source {source.name} --files PATH"
        )
    without = [dataset.name for dataset in datasets if dataset.download is None]
    if without and (chosen or len(without) == len(datasets)):
        raise DeclarationError(f"{source.name}: no address is known for {', '.join(without)}; load files that you have")
    if not accepted:
        raise DeclarationError(
            f"{source.title}'s files are yours to fetch under its terms: {source.download.terms}. "
            "Read them, and say --accept-terms if you accept them"
        )
    return [dataset for dataset in datasets if dataset.download is not None]


def publisher_of(source: Source, dataset: Dataset, url: str | None = None) -> Publisher:
    """Who has the dataset's files, with the user's key where one is needed; `url` stands in for the declared address.

    Raises `AccessRefused` without that key.
    """
    assert source.download is not None and dataset.download is not None
    headers = {}
    if (key := source.download.key) is not None:
        value = os.environ.get(key.variable, "").strip()
        if not value:
            raise AccessRefused(
                f"{source.title} wants a key of your own: get one by {source.documentation}, and give it as the "
                f"variable {key.variable} of the environment"
            )
        if re.fullmatch(r"[ -~]+", value) is None:  # what is refused further down is shown there
            raise AccessRefused(f"{key.variable} holds more than one line, or what is no character of a key")
        headers[key.header] = value
    publisher = Publisher.of(source, url or dataset.download.url or source.download.url)
    publisher.headers = headers
    return publisher


class Download:
    """The files of a source into one folder."""

    def __init__(self, source: Source, folder: Path, again: bool = False, told: Told | None = None) -> None:
        self.outcome = Downloaded()
        self._source, self._folder, self._again, self._told = source, folder, again, told

    def run(self, dataset: Dataset, first: date, until: date, now: datetime, publisher: Publisher) -> None:
        """Fetch the dataset's files of the days from `first` up to but without `until` that are not there yet.

        A failure is in the outcome, and the others go on. Raises `AccessRefused`, which none of them would escape.
        """
        try:
            wanted = self._wanted(dataset, first, until, now, publisher)
            if wanted and self._downloads.cookie_from:
                publisher.persistently(lambda: publisher.visit(self._downloads.cookie_from))
        except (SourceUnavailable, SourceChanged) as error:
            self.outcome.errors.append(f"{type(error).__name__}: {dataset.label}: {error}")
            return
        failures = 0
        with workshop(self._folder, "downloading") as unfinished:
            for number, file in enumerate(wanted):
                failures = failures + 1 if self._try(file, unfinished, publisher) else 0
                if failures == FAILURES_BEFORE_GIVING_UP and (left := len(wanted) - number - 1):
                    self.outcome.errors.append(
                        f"{dataset.label}: {failures} files in a row had no answer, so {left:,} were left; "
                        "run the same command again later"
                    )
                    return

    @property
    def _downloads(self) -> Downloads:
        assert self._source.download is not None  # `downloadable` has looked
        return self._source.download

    def _wanted(
        self, dataset: Dataset, first: date, until: date, now: datetime, publisher: Publisher
    ) -> list[Published]:
        """The files that are not in the folder, or not whole."""
        assert dataset.download is not None
        if dataset.download.listed:
            files, gone = listed(self._source, dataset, first, until, now, publisher)
            if gone:
                self.outcome.missing.append(
                    f"{dataset.label}: nothing is listed any more of {len(gone):,} days, {gone[0]} to {gone[-1]}: the "
                    "publisher takes its files away after a while"
                )
        else:
            files = list(published(self._source, dataset, first, until, now))
            if not files:
                self.outcome.missing.append(f"{dataset.label}: nothing that was asked for is over yet")
        wanted = []
        for file in files:
            if re.fullmatch(PLAIN_NAME, file.name) is None:
                raise SourceChanged(f"{file.name!r} is no name that a file may have here")
            if self._again or not self._is_there(file):
                wanted.append(file)
        self.outcome.there += len(files) - len(wanted)
        return wanted

    def _is_there(self, file: Published) -> bool:
        path = self._folder / file.name
        if not path.exists():
            return False
        try:
            self._check(path, file)
        except LoaderError:
            return False
        return True

    def _try(self, file: Published, unfinished: Path, publisher: Publisher) -> bool:
        """Fetch a file, or say why not. Returns whether the publisher gave no answer to it."""
        about = f"{file.dataset.label} {file.of}"
        try:
            size = publisher.persistently(lambda: self._fetch(file, unfinished, publisher))
        except NotThere as error:
            self.outcome.missing.append(f"{about}: not published yet, or not kept any more: {error}")
        except SourceChanged as error:
            self.outcome.errors.append(f"SourceChanged: {about}: {error}")
        except SourceUnavailable as error:
            self.outcome.errors.append(
                f"SourceUnavailable: {about}: {error} (asked {publisher.attempts} times; run the same "
                "command again later)"
            )
            return True
        else:
            self.outcome.fetched += 1
            self.outcome.size += size
            if self._told:
                self._told(file, size)
        return False

    def _fetch(self, file: Published, unfinished: Path, publisher: Publisher) -> int:
        """One attempt. Returns the file's size in bytes, once it has its name."""
        partial = unfinished / file.name
        with partial.open("wb") as out:
            if self._downloads.pages is None:
                with publisher.get(file.route, file.params) as body:
                    for chunk in body.read():
                        out.write(chunk)
            else:
                _write_pages(out, file, self._downloads.pages, publisher)
            out.flush()
            os.fsync(out.fileno())
        self._check(partial, file)
        size = partial.stat().st_size
        partial.replace(self._folder / file.name)
        return size

    def _check(self, path: Path, file: Published) -> None:
        """Raise `SourceUnavailable` unless the file is one of the dataset; what is in an archive is read to its end."""
        found = recognise(self._source, find_files(str(path)))
        # Datasets with one address are forms of one file: whichever it has.
        forms = [name for name, one in self._source.datasets.items() if one.download == file.dataset.download]
        mine = [member for name in forms for member in found.by_dataset.get(name, [])]
        reason = f"what came is no file of {file.dataset.label}"
        if mine and not found.unknown and not found.unreadable and len(found.by_dataset) == 1:
            try:
                for member in mine if path.name.lower().endswith(ARCHIVES) else ():
                    for _ in member.read():
                        pass
            except SourceUnavailable as error:
                reason = str(error)
            else:
                return
        for _, problem in found.unreadable:
            reason = str(problem)
        with path.open("rb") as came:
            beginning = came.read(SHOWN).decode("utf-8", "replace")
        for other in found.unknown:
            if other.member is not None:  # a refusal, packed
                beginning = head(other)[:SHOWN]
        raise SourceUnavailable(f"{reason}; it begins with {beginning!r}")


def _write_pages(out: IO[bytes], file: Published, pages: Pages, publisher: Publisher) -> None:
    """Pages of text one after the other as one file, with the first one's header.

    Raises `SourceUnavailable` for a page under another header.
    """
    header, first, rows = b"", 1, pages.rows
    while rows == pages.rows:
        rows = 0
        params = file.params | {pages.size: str(pages.rows), pages.first: str(first)}
        with publisher.get(file.route, params) as body:
            lines = iter(as_file(body.read()))
            begins = next(lines, b"").rstrip(b"\r\n")
            if first == 1:
                header = begins
                out.write(header + b"\r\n")
            elif begins not in (header, b""):
                raise SourceUnavailable(f"the page from row {first:,} begins with another header: {begins[:SHOWN]!r}")
            for line in lines:
                if line.strip():
                    out.write(line.rstrip(b"\r\n") + b"\r\n")
                    rows += 1
        first += rows
