"""Files of sales as years: each file is a year's, whatever it is called, and a year has one file."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from loaders.catalogue import Dataset
from loaders.errors import DeclarationError
from loaders.files import SourceFile
from loaders.recognise import head
from loaders.windows import Window

# The first date of the file, in either dialect.
DAY = re.compile(r"(?<![\d-])(?:(?P<geo>\d{4})-\d\d-\d\d|\d\d/\d\d/(?P<raw>\d{4}))(?!\d)")


def plan(
    dataset: Dataset, files: Sequence[SourceFile], zone: ZoneInfo, first: date, until: date, now: datetime
) -> Iterator[Window]:
    """A window for each year of the span that has a file.

    Raises `DeclarationError` if a year has two: which of them is right is not for a program to say.
    """
    years: dict[int, SourceFile] = {}
    for file in files:
        found = DAY.search(head(file))
        year = int(found["geo"] or found["raw"]) if found else first.year  # one without rows fails by name
        if year in years:
            raise DeclarationError(
                f"{years[year].name} and {file.name} both hold sales of {year}; leave one of them, the later release"
            )
        years[year] = file
    for year, file in sorted(years.items()):
        if first.year <= year < until.year + (until > date(until.year, 1, 1)):
            yield Window("year", zone, date(year, 1, 1), files=(file,))
