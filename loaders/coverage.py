"""The span of time that a window's rows cover: known beforehand of a day or a year, and seen in the rows of a file."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from loaders.catalogue import Dataset
from loaders.windows import Bounds, Window

DAY = "delivery_date"  # by which the lake, too, puts rows into years: the market's evening is UTC's next day


@dataclass
class Coverage:
    """Adds up the batches of one window. `bounds` are the first value of its column and the first value after it."""

    dataset: Dataset
    window: Window
    _lowest: date | datetime | None = field(default=None, init=False)
    _highest: date | datetime | None = field(default=None, init=False)
    _days: tuple[date, date] | None = field(default=None, init=False)  # first and last of the market, where rows say so

    def add(self, shaped: pa.RecordBatch) -> None:
        if self.window.kind != "file" or not shaped.num_rows:
            return
        ends = pc.min_max(shaped.column(self.dataset.window)).as_py()
        self._lowest = ends["min"] if self._lowest is None else min(self._lowest, ends["min"])
        self._highest = ends["max"] if self._highest is None else max(self._highest, ends["max"])

        if DAY in shaped.schema.names and shaped.column(DAY).null_count < shaped.num_rows:
            days = pc.min_max(shaped.column(DAY)).as_py()
            first, last = self._days or (days["min"], days["max"])
            self._days = min(first, days["min"]), max(last, days["max"])

    @property
    def bounds(self) -> Bounds | None:
        if self.window.kind != "file" or self._lowest is None or self._highest is None:
            return self.window.bounds
        if isinstance(self._highest, datetime):
            return self._lowest, self._highest + timedelta(microseconds=1)
        return self._lowest, self._highest + timedelta(days=1)

    @property
    def first_day(self) -> date | None:
        """Its first day: of the market where rows say so, else in UTC for instants."""
        if self._days is not None:
            return self._days[0]
        return _day(self._lowest) if self.window.kind == "file" else self.window.first

    @property
    def until_day(self) -> date | None:
        """The day after its last."""
        if self.window.kind != "file":
            return self.window.until
        last = _day(self._highest) if self._days is None else self._days[1]
        return None if last is None else last + timedelta(days=1)


def _day(value: date | datetime | None) -> date | None:
    return value.date() if isinstance(value, datetime) else value
