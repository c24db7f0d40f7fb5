"""A text file as people see it: its preamble, its header, and its lines for a message."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from loaders.errors import SourceChanged
from loaders.markets.layout import plain

MOST_PREAMBLE_LINES = 40  # the longest known preamble has 5
LONGEST_LINE_BYTES = 1 << 20
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Head:
    """What stands before the data: the lines above the header, the header's names, and where the data begin."""

    preamble: tuple[str, ...]
    names: tuple[str, ...]
    line: int  # of the header, from 1


def read_head(file: BinaryIO, wanted: Sequence[Sequence[str]], name: str) -> Head:
    """Find the header: the first line that has every wanted column, each under one of its names.

    Raises `SourceChanged` if none of the first lines is one.
    """
    preamble: list[str] = []
    for number in range(1, MOST_PREAMBLE_LINES + 1):
        raw = file.readline(LONGEST_LINE_BYTES)
        if not raw:
            break
        line = decode(raw.removeprefix(BOM) if number == 1 else raw, name, number)
        names = split(line, name, number)
        there = {plain(one) for one in names}
        if all(there.intersection(aliases) for aliases in wanted):
            return Head(tuple(preamble), tuple(names), number)
        preamble.append(line.strip())
    if not preamble:
        raise SourceChanged(f"{name}, line 1: the file is empty; one without rows would have its header")
    shown = next((line for line in preamble if line), "")
    missing = [aliases[0] for aliases in wanted if aliases[0] not in {plain(one) for one in shown.split(",")}]
    raise SourceChanged(
        f"{name}: no line of the first {len(preamble)} is the header; the first is {shown[:200]!r}, "
        f"without {', '.join(missing[:6])}"
    )


def split(line: str, name: str, number: int) -> list[str]:
    """The cells of one line. Raises `SourceChanged` with its number for what is no line of cells."""
    try:
        return next(csv.reader([line.rstrip("\r\n")]), [])
    except csv.Error as error:  # a carriage return alone, or more than a cell can hold
        raise SourceChanged(f"{name}, line {number}: no delimited text ({error}): {line[:200]!r}") from error


def decode(raw: bytes, name: str, number: int) -> str:
    """A line's text. Raises `SourceChanged` with the line's number unless it is UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceChanged(
            f"{name}, line {number}: byte {raw[error.start]:#04x} is not UTF-8, in "
            f"{raw[max(error.start - 30, 0) : error.start + 30]!r}; two encodings in one file?"
        ) from error


def text_lines(file: BinaryIO, name: str) -> Iterator[tuple[int, str]]:
    """Number and text of every line."""
    for number, raw in enumerate(file, start=1):
        yield number, decode(raw.removeprefix(BOM) if number == 1 else raw, name, number).strip("\r\n")


def said(pattern: str, name: str, preamble: Sequence[str]) -> str | None:
    """The group of an expression in the file's own name or in its preamble, whichever has it first."""
    for text in (name.rsplit("/", 1)[-1], *preamble):
        if found := re.search(pattern, text, re.IGNORECASE):
            return found[1]
    return None
