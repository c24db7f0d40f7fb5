"""Faults on demand: what to break, when, how often, and how each one changes an answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice

from tests.sandbox.answer import Answer, json_answer

# Instead of the answer: a status (429 with Retry-After; any other through "status") or a 200 that is none.
REPLACING = {"429", "500", "503", "404", "status", "html", "empty_body", "empty_list", "error_object"}
# In the records: every byte arrives, and is wrong.
TAMPERING = {"malformed", "undeclared_key", "duplicate_page", "ignore_parameters"}
# The same, of files with a header only: a renamed column, a row that is one field short.
FILE_TAMPERING = {"wrong_header", "bad_row"}
# On the wire: the records are right and do not arrive as they should.
BREAKING = {"reset", "truncate", "truncate_gzip", "wrong_length", "slow_drip"}
KINDS = REPLACING | TAMPERING | FILE_TAMPERING | BREAKING

FIRST_BYTES = 1_000  # where a body breaks unless told: after a few records, well before the end of any day
PAGE = 100  # records that a duplicated page repeats
RENAMED = 4  # the place of the column that wrong_header renames: the price of DVF
GOOD_ROWS = 500  # before the bad one; where there are fewer, the last is bad
DRIP_BYTES = 512
HTML = "<!DOCTYPE html><html><head><title>Service Unavailable</title></head><body>Try again later</body></html>"


@dataclass
class Fault:
    """One planned fault. None means any dataset, any day, every time.

    after_bytes: where the body breaks (default 1,000; half of the last piece where the body is shorter); for slow_drip
    the size of a drip. status: of "status" and "html". retry_after: seconds or an HTTP date. delay: seconds a drip.
    """

    kind: str
    dataset: str | None = None
    on: date | None = None
    times: int | None = None
    after_bytes: int | None = None
    status: int | None = None
    retry_after: int | str | None = None
    delay: float = 0.01

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault {self.kind!r}; there are {', '.join(sorted(KINDS))}")

    def concerns(self, dataset: str | None, days: tuple[date, date] | None) -> bool:
        """Say whether this fault strikes a request for a dataset over days."""
        if self.dataset is not None and self.dataset != dataset:
            return False
        return self.on is None or (days is not None and days[0] <= self.on <= days[1])

    @property
    def cut_at(self) -> int:
        """Where the body breaks, in bytes."""
        return FIRST_BYTES if self.after_bytes is None else self.after_bytes


class FaultPlan:
    """The faults that are planned, asked by every request of every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Plan a fault; the earlier ones strike first."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()

    def strike(self, dataset: str | None, days: tuple[date, date] | None) -> Fault | None:
        """Take the first fault that concerns a request and count it down."""
        with self._lock:
            for fault in self._faults:
                if fault.times != 0 and fault.concerns(dataset, days):
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None


def replaced(fault: Fault) -> Answer | None:
    """Give the answer that stands in for the real one, None where the real one is only changed."""
    if fault.kind not in REPLACING:
        return None
    if fault.kind == "html":
        return Answer(status=fault.status or 200, prefix=HTML, content_type="text/html; charset=utf-8")
    if fault.kind == "empty_body":
        return Answer()
    if fault.kind == "empty_list":
        return Answer(prefix="[]")
    if fault.kind == "error_object":
        return json_answer(200, {"errors": ["An unexpected error occurred. Please try again later."]})
    status = fault.status or (int(fault.kind) if fault.kind.isdecimal() else 500)
    answer = json_answer(status, {"statusCode": status, "message": "Please try again later."})
    if fault.retry_after is not None or status == 429:
        answer.headers["Retry-After"] = str(fault.retry_after if fault.retry_after is not None else 0)
    return answer


def tamper(fault: Fault, answer: Answer) -> None:
    """Change the records of an answer."""
    if fault.kind == "undeclared_key":
        ending = ",surprise\n" if answer.gzip_file else ',"undeclaredKey":"surprise"}'
        answer.records = _undeclared(answer.records, ending)
    elif fault.kind == "duplicate_page":
        answer.records = _twice(answer.records)
    elif fault.kind == "wrong_header" and answer.gzip_file:
        columns = answer.prefix.split(",")
        answer.prefix = ",".join([*columns[:RENAMED], f"{columns[RENAMED]}_renamed", *columns[RENAMED + 1 :]])
    elif fault.kind == "bad_row" and answer.gzip_file:
        answer.records = _short(answer.records)
    else:
        return
    answer.recorded = None  # what was recorded is not what is sent any more


def _undeclared(records: Iterator[str], ending: str) -> Iterator[str]:
    """Give the last record one more key: whoever judges by the first ones misses it."""
    held = next(records, None)
    for record in records:
        assert held is not None
        yield held
        held = record
    if held is not None:
        yield held[:-1] + ending


def _short(lines: Iterator[str]) -> Iterator[str]:
    """Leave a field out in the middle of one line."""
    yield from islice(lines, GOOD_ROWS - 1)
    held = list(islice(lines, 2))  # the last good one, and the bad one if there is any
    if held:
        fields = held[-1].split(",")
        del fields[len(fields) // 2]
        yield from [*held[:-1], ",".join(fields)]
    yield from lines


def _twice(records: Iterator[str]) -> Iterator[str]:
    """Serve the first page a second time at the end."""
    page: list[str] = []
    for record in records:
        if len(page) < PAGE:
            page.append(record)
        yield record
    yield from page


def broken(fault: Fault, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Change the bytes of a body."""
    if fault.kind == "malformed":
        return _split(pieces, fault.cut_at, b'#!{"broken":', keep_rest=True)
    if fault.kind in ("reset", "truncate", "truncate_gzip", "wrong_length"):
        return _split(pieces, fault.cut_at, b"", keep_rest=False)
    if fault.kind == "slow_drip":
        return _drip(pieces, fault.after_bytes or DRIP_BYTES, fault.delay)
    return pieces


def _split(pieces: Iterator[bytes], at: int, insert: bytes, *, keep_rest: bool) -> Iterator[bytes]:
    """Break a body after `at` bytes, or in the middle of its last piece if it is not that long."""
    held = b""
    sent = 0
    for piece in pieces:
        if held:
            yield held
            sent += len(held)
        held = piece
        if sent + len(held) > at:
            break
    at = at - sent if sent + len(held) > at else len(held) // 2
    yield held[:at] + insert
    if keep_rest:
        yield held[at:]
        yield from pieces


def _drip(pieces: Iterator[bytes], size: int, delay: float) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), size):
            time.sleep(delay)
            yield piece[start : start + size]
